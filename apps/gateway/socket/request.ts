/**
 * Reads what a client sends (exchange-api.md §3.1): one flat JSON object. Numbers may stand as numbers or as text; what matters of a number is its digits, so
 * amounts are taken from the frame's own text and never from a double.
 */
export interface ClientRequest {
  readonly action: string;
  readonly channel: string;
  /** A text member; undefined when it is missing, empty, or no text. */
  text(name: string): string | undefined;
  /** The digits of a number or of a text with one; undefined when missing, null when it is neither or cannot be told apart. */
  decimal(name: string): string | null | undefined;
  integer(name: string): number | undefined;
  flag(name: string): boolean;
}

const MOST_MEMBERS = 40;
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

type Members = Readonly<Record<string, unknown>>;

/** @returns undefined when it is not one flat JSON object with an action */
export function readRequest(frame: string): ClientRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const members = parsed as Members;
  const { action } = members;
  return typeof action === 'string' && isFlat(members) ? new FlatRequest(frame, members, action) : undefined;
}

function isFlat(members: Members): boolean {
  let left = MOST_MEMBERS;
  // All are the object's own: what JSON makes inherits nothing that is enumerable.
  for (const name in members) {
    const value = members[name];
    if ((left -= 1) < 0 || (typeof value === 'object' && value !== null)) return false;
  }
  return true;
}

class FlatRequest implements ClientRequest {
  readonly channel: string;

  constructor(
    private readonly frame: string,
    private readonly members: Members,
    readonly action: string,
  ) {
    const { channel } = members;
    this.channel = typeof channel === 'string' ? channel : '';
  }

  text(name: string): string | undefined {
    const value = this.members[name];
    if (typeof value === 'string') return value === '' ? undefined : value;
    return typeof value === 'number' ? String(value) : undefined;
  }

  decimal(name: string): string | null | undefined {
    const value = this.members[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value === 'string') return DECIMAL.test(value) ? value : null;
    if (typeof value !== 'number') return null;
    const found = digitsIn(this.frame, name);
    return found !== undefined && DECIMAL.test(found) && Number(found) === value ? found : null;
  }

  integer(name: string): number | undefined {
    const value = this.members[name];
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
  }

  flag(name: string): boolean {
    return this.members[name] === true;
  }
}

/**
 * What stands in the frame as the member's number, the last one if it is there twice. The object is flat, so a name in quotes and a colon can only
 * be that member: inside a text its quotes would be escaped.
 */
function digitsIn(frame: string, name: string): string | undefined {
  const quoted = `"${name}"`;
  for (let at = frame.lastIndexOf(quoted); at >= 0; at = at === 0 ? -1 : frame.lastIndexOf(quoted, at - 1)) {
    const colon = behindSpace(frame, at + quoted.length);
    if (frame.charCodeAt(colon) !== COLON) continue;
    const start = behindSpace(frame, colon + 1);
    let end = start;
    while (isOfNumber(frame.charCodeAt(end))) end += 1;
    if (end > start) return frame.slice(start, end);
  }
  return undefined;
}

const [COLON, SPACE, NINE, ZERO, PLUS, COMMA, POINT, BIG_E, SMALL_E] = [58, 32, 57, 48, 43, 44, 46, 69, 101] as const;

/** The space that JSON knows is all there can be between a name and its value. */
function behindSpace(frame: string, from: number): number {
  let at = from;
  while (frame.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

/** Digits, sign, point, exponent: all of it, since whether it is a decimal number is asked of the whole. */
const isOfNumber = (code: number): boolean =>
  (code >= ZERO && code <= NINE) || (code >= PLUS && code <= POINT && code !== COMMA) || code === SMALL_E || code === BIG_E; // prettier-ignore
