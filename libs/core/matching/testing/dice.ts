/** Where a random history takes its decisions from. */
export interface Dice {
  /** An integer from 0 to `sides - 1`. */
  below(sides: number): number;
}

/** Dice that have been thrown already, so that a failing history can be thrown again and cut down; after the last come zeros. */
export class ThrownDice implements Dice {
  #next = 0;
  constructor(private readonly throws: readonly number[]) {}

  below(sides: number): number {
    const thrown = this.throws[this.#next] ?? 0;
    this.#next += 1;
    return thrown % sides;
  }
}

/** An endless seeded source (sfc32), the same on every machine. */
export class SeededDice implements Dice {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = Uint32Array.of(seed, seed ^ 0x9e3779b9, 0x243f6a88, 1);
    for (let round = 0; round < 16; round += 1) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const s = this.#state;
    const result = (s[0]! + s[1]! + s[3]!) >>> 0;
    s[3] = s[3]! + 1;
    s[0] = s[1]! ^ (s[1]! >>> 9);
    s[1] = s[2]! + (s[2]! << 3);
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + result;
    return result;
  }

  below(sides: number): number {
    return this.next() % sides;
  }

  /** `count` throws, to be read by `ThrownDice`. */
  throws(count: number): number[] {
    return Array.from({ length: count }, () => this.next());
  }
}
