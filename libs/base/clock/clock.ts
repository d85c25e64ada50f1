/** The time that rules go by. Rules never ask the machine: in the sandbox, operators move it ("advance 7 days"). */
export interface Clock {
  now(): Date;
}

/** Under which Nest injects the process's clock. */
export const CLOCK = Symbol('clock');

export const systemClock: Clock = { now: () => new Date() };

/** A clock for specs, moved by hand. */
export class ManualClock implements Clock {
  #ms: number;

  constructor(start: Date = new Date('2026-01-01T00:00:00Z')) {
    this.#ms = start.getTime();
  }

  now(): Date {
    return new Date(this.#ms);
  }

  advance(ms: number): void {
    this.#ms += ms;
  }
}
