/** Lets one task through at a time, in order of arrival, so that a call sees the chain either before or after another. */
export class Turnstile {
  private last: Promise<unknown> = Promise.resolve();

  pass<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.last.then(task);
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
