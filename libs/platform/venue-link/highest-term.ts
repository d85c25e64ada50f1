const NO_SEAL = new Uint8Array(32);

/**
 * The highest term under which a primary has been met. One for all links of a process, and kept for as long as it lives: whoever has once
 * spoken to a promoted standby has nothing to do with the primary before it any more, and tells it so in the hello.
 */
export class HighestTerm {
  #term = 0;
  #seal: Uint8Array = NO_SEAL;

  get term(): number {
    return this.#term;
  }

  /** For a hello: the term with the proof that it was begun. */
  get sealed(): { term: number; seal: Uint8Array } {
    return { term: this.#term, seal: this.#seal };
  }

  /** A primary says that this is its term; false when a higher one is known. */
  accept({ term, seal }: { readonly term: number; readonly seal: Uint8Array }): boolean {
    if (term < this.#term) return false;
    this.#term = term;
    this.#seal = seal;
    return true;
  }
}
