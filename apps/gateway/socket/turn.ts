/**
 * The end of a turn of the event loop. What one turn brings (a read of the venue's stream, orders of many clients) is sent when all of it is known:
 * each connection gets one write, and what only the last state of matters (a ticker, balances) is encoded once.
 */
export class Turn {
  readonly #before = new Set<() => void>();
  #ready = new Set<{ flush(): void }>();
  #isScheduled = false;

  /** Runs at the end of this turn, before anything is sent; once, however often it is asked for. */
  before(step: () => void): void {
    this.#before.add(step);
    this.#schedule();
  }

  /** Sent at the end of this turn. */
  touch(outbox: { flush(): void }): void {
    this.#ready.add(outbox);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#end());
  }

  #end(): void {
    for (const step of this.#before) step();
    this.#before.clear();
    this.#isScheduled = false;
    const ready = this.#ready;
    this.#ready = new Set();
    for (const outbox of ready) outbox.flush();
  }
}
