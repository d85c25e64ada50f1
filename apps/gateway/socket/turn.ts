/**
 * The end of a turn of the event loop. What one turn brings (a read of the venue's stream, orders of many clients) is sent when all of it is known:
 * each connection gets one write, and what only the last state of matters (a ticker, balances) is encoded once.
 */
export class Turn {
  readonly #before = new Set<() => void>();
  #ready: { flush(): void }[] = [];
  #isScheduled = false;

  /** Runs at the end of this turn, before anything is sent; once, however often it is asked for. */
  before(step: () => void): void {
    this.#before.add(step);
    this.#schedule();
  }

  /** Sent at the end of this turn. Whoever asks twice is asked twice. */
  touch(outbox: { flush(): void }): void {
    this.#ready.push(outbox);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    for (const step of this.#before) step();
    if (this.#before.size > 0) this.#before.clear();
    this.#isScheduled = false;
    const ready = this.#ready;
    this.#ready = [];
    for (const outbox of ready) outbox.flush();
  }
}
