import { inspect } from 'node:util';

const hidden = new WeakMap<Secret, string>();

/**
 * A value that must never reach a log, an error, JSON or a debugger's print-out. Only `reveal()` gives it, so every use is greppable.
 * The text lives outside the object: no serialiser that walks properties can find it.
 */
export class Secret {
  constructor(value: string) {
    hidden.set(this, value);
  }

  reveal(): string {
    return hidden.get(this) ?? '';
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.toPrimitive](): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
