/** Counts what is too frequent for a metric to be told of each: it is told once for all that one turn of the event loop brings. */
export class Tally {
  #count = 0;
  readonly #tell: (count: number) => void;

  constructor(tell: (count: number) => void) {
    this.#tell = tell;
  }

  add(): void {
    this.#count += 1;
    if (this.#count === 1) setImmediate(this.#end);
  }

  readonly #end = (): void => {
    const count = this.#count;
    this.#count = 0;
    this.#tell(count);
  };
}
