import { decodeNumber, encodeNumber, isMinimalNumber } from './script-number.js';
import { ScriptFailure } from './script-failure.js';

const MAX_ELEMENTS = 1000;

/** The main and the alternate stack of a script, with the limits on what they hold. */
export class TapscriptStack {
  private readonly main: Buffer[];
  private readonly aside: Buffer[] = [];

  constructor(
    initial: readonly Buffer[],
    private readonly requireMinimal: boolean,
  ) {
    this.main = [...initial];
    this.requireRoom();
  }

  get depth(): number {
    return this.main.length;
  }

  requireRoom(): void {
    if (this.main.length + this.aside.length > MAX_ELEMENTS) throw new ScriptFailure('STACK_SIZE');
  }

  require(elements: number): void {
    if (this.main.length < elements) throw new ScriptFailure('INVALID_STACK_OPERATION');
  }

  push(...elements: readonly Buffer[]): void {
    this.main.push(...elements);
  }

  pushNumber(value: number): void {
    this.main.push(encodeNumber(value));
  }

  pushBoolean(value: boolean): void {
    this.pushNumber(value ? 1 : 0);
  }

  pop(): Buffer {
    const element = this.main.pop();
    if (element === undefined) throw new ScriptFailure('INVALID_STACK_OPERATION');
    return element;
  }

  /** Takes a number of at most `maxBytes` off the top. */
  popNumber(maxBytes = 4): number {
    return this.asNumber(this.pop(), maxBytes);
  }

  /** The element `down` places below the top. */
  peek(down = 0): Buffer {
    const element = this.main.at(-1 - down);
    if (element === undefined) throw new ScriptFailure('INVALID_STACK_OPERATION');
    return element;
  }

  peekNumber(maxBytes: number): number {
    return this.asNumber(this.peek(), maxBytes);
  }

  /** Takes `count` elements out, the deepest of them `down` places below the top, and returns them in order. */
  take(down: number, count = 1): Buffer[] {
    this.require(down + 1);
    return this.main.splice(this.main.length - 1 - down, count);
  }

  /** Copies `count` elements, the deepest of them `down` places below the top, to the top. */
  copy(down: number, count = 1): void {
    this.require(down + 1);
    const start = this.main.length - 1 - down;
    this.main.push(...this.main.slice(start, start + count));
  }

  setAside(): void {
    this.aside.push(this.pop());
  }

  bringBack(): void {
    const element = this.aside.pop();
    if (element === undefined) throw new ScriptFailure('INVALID_ALTSTACK_OPERATION');
    this.main.push(element);
  }

  private asNumber(element: Buffer, maxBytes: number): number {
    if (element.length > maxBytes || (this.requireMinimal && !isMinimalNumber(element))) {
      throw new ScriptFailure('UNKNOWN_ERROR');
    }
    return decodeNumber(element);
  }
}
