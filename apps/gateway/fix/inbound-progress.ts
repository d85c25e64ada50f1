/**
 * Which of the client's numbers have been answered for good. Messages are answered out of order, since each waits for the venue; what is
 * kept is the first number that is not, and ranges above it that are. After a crash the client is asked for the rest again.
 */
export class InboundProgress {
  #next: number;
  /** Apart from each other, in order, all above `next`. */
  #ranges: { from: number; through: number }[] = [];

  /** @param answered first and last numbers of ranges, one after the other */
  constructor(next: number, answered: readonly number[]) {
    this.#next = next;
    for (let at = 0; at + 1 < answered.length; at += 2) this.answer(answered[at] ?? 0, answered[at + 1] ?? 0);
  }

  /** Everything below has been answered. */
  get next(): number {
    return this.#next;
  }

  /** Ranges above `next`, as the constructor takes them. */
  get answered(): number[] {
    return this.#ranges.flatMap(({ from, through }) => [from, through]);
  }

  isAnswered(seq: number): boolean {
    return seq < this.#next || this.#ranges.some(({ from, through }) => from <= seq && seq <= through);
  }

  answer(from: number, through: number): void {
    let joined = { from, through };
    const apart: { from: number; through: number }[] = [];
    for (const range of this.#ranges) {
      if (range.through + 1 < joined.from || joined.through + 1 < range.from) apart.push(range);
      else joined = { from: Math.min(range.from, joined.from), through: Math.max(range.through, joined.through) };
    }
    if (joined.from <= this.#next) this.#next = Math.max(this.#next, joined.through + 1);
    else apart.push(joined);
    this.#ranges = apart.filter((range) => range.through >= this.#next).sort((a, b) => a.from - b.from);
  }
}
