/** What becomes of a client's message: `warn` is the first that is ignored. */
export type Verdict = 'take' | 'warn' | 'ignore' | 'flood';

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/**
 * A connection's messages in a minute. Those beyond the limit are ignored until the minute has passed; who goes on nevertheless, at a rate that no slip
 * explains, is cut off: reading what is ignored costs too.
 */
export class Throttle {
  #minuteBegan = -Infinity;
  #inMinute = 0;
  #secondBegan = -Infinity;
  #ignoredInSecond = 0;

  /** @param ignoredPerSecond more than this many ignored messages in a second are a flood */
  constructor(
    private readonly messagesPerMinute: number,
    private readonly ignoredPerSecond: number,
  ) {}

  /** @param now milliseconds of a clock that never steps back */
  judge(now: number): Verdict {
    if (now - this.#minuteBegan >= MINUTE_MS) {
      this.#minuteBegan = now;
      this.#inMinute = 0;
    }
    this.#inMinute += 1;
    if (this.#inMinute <= this.messagesPerMinute) return 'take';
    if (now - this.#secondBegan >= SECOND_MS) {
      this.#secondBegan = now;
      this.#ignoredInSecond = 0;
    }
    this.#ignoredInSecond += 1;
    if (this.#ignoredInSecond > this.ignoredPerSecond) return 'flood';
    return this.#inMinute === this.messagesPerMinute + 1 ? 'warn' : 'ignore';
  }
}
