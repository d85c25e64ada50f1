/** A part of the prices is split when it becomes this long: moving its numbers by one then costs as much as finding the part. */
const LONGEST_PART = 256;

/**
 * The prices of one side of a book, best first, in short sorted parts: entering or removing one finds its part by halving and moves the
 * numbers of that part alone.
 */
export class PriceLadder {
  readonly #parts: number[][] = [];
  readonly #sign: 1 | -1;

  constructor(side: 'buy' | 'sell') {
    this.#sign = side === 'buy' ? -1 : 1;
  }

  /** Enters a price that is not there. */
  enter(price: number): void {
    const rank = price * this.#sign;
    const at = Math.min(this.#partFor(rank), Math.max(0, this.#parts.length - 1));
    const part = this.#parts[at];
    if (part === undefined) this.#parts.push([rank]);
    else {
      part.splice(firstNotBefore(part, rank), 0, rank);
      if (part.length > LONGEST_PART) this.#parts.splice(at + 1, 0, part.splice(part.length >> 1));
    }
  }

  /** Removes a price that is there. */
  remove(price: number): void {
    const rank = price * this.#sign;
    const at = this.#partFor(rank);
    const part = this.#parts[at];
    if (part === undefined) return;
    part.splice(firstNotBefore(part, rank), 1);
    if (part.length === 0) this.#parts.splice(at, 1);
  }

  /** Best first. */
  *[Symbol.iterator](): Generator<number> {
    for (const part of this.#parts) for (const rank of part) yield rank * this.#sign;
  }

  /** The first part that does not end before `rank`; behind the last one if all do. */
  #partFor(rank: number): number {
    let low = 0;
    let high = this.#parts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#parts[middle]?.at(-1) ?? rank) < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function firstNotBefore(ranks: readonly number[], rank: number): number {
  let low = 0;
  let high = ranks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranks[middle] ?? rank) < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}
