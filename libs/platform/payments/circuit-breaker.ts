import { OutsideUnavailable } from './outside-error.js';

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open before one request may try. */
  readonly restMs: number;
}

/**
 * Stops asking somebody who does not answer: after some failures in a row every call fails at once, until after a rest a single one is let through and
 * decides. A caller that waits for a time-out holds a job slot and a connection; one that is told at once does not.
 */
export class CircuitBreaker {
  #failures = 0;
  #openUntilMs = 0;
  #probing = false;

  constructor(
    private readonly options: BreakerOptions,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get isOpen(): boolean {
    return this.#failures >= this.options.failures && (this.#probing || this.nowMs() < this.#openUntilMs);
  }

  /** @throws OutsideUnavailable without having called, while open; otherwise whatever `call` throws, of which OutsideUnavailable counts */
  async run<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.isOpen) throw new OutsideUnavailable('not asked: it has not been answering');
    const isProbe = this.#failures >= this.options.failures;
    if (isProbe) this.#probing = true;
    try {
      const result = await call();
      this.#failures = 0;
      return result;
    } catch (error) {
      if (error instanceof OutsideUnavailable) {
        this.#failures += 1;
        this.#openUntilMs = this.nowMs() + this.options.restMs;
      } else this.#failures = 0;
      throw error;
    } finally {
      if (isProbe) this.#probing = false;
    }
  }
}
