const EVERY_MS = 100;

/** Counts what is too frequent for a metric to be told of each: it is told ten times a second at most. */
export class Tally {
  #count = 0;
  readonly #tell: (count: number) => void;

  constructor(tell: (count: number) => void) {
    this.#tell = tell;
  }

  add(): void {
    this.#count += 1;
    if (this.#count === 1) setTimeout(this.#end, EVERY_MS).unref();
  }

  readonly #end = (): void => {
    const count = this.#count;
    this.#count = 0;
    this.#tell(count);
  };
}
