const armed = new Map<string, () => void>();
let anyArmed = false;

/** A named place where a spec may end the work. Nothing happens here unless it is armed: one boolean is looked at. */
export function failpoint(name: string): void {
  if (anyArmed) armed.get(name)?.();
}

/**
 * Has `action` run whenever the named place is reached; what it throws is thrown there. Answers how to disarm it.
 * @throws Error in production, and when the place is armed already
 */
export function armFailpoint(name: string, action: () => void): () => void {
  if (process.env['NODE_ENV'] === 'production') throw new Error('failpoints are refused in production');
  if (armed.has(name)) throw new Error(`failpoint ${name} is armed already`);
  armed.set(name, action);
  anyArmed = true;
  return () => {
    if (armed.get(name) === action) armed.delete(name);
    anyArmed = armed.size > 0;
  };
}
