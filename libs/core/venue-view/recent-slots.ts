const NONE = -1;
const FIRST_CAPACITY = 64;

/**
 * Which slots hold the last so many records of all accounts together, and those of each account, newest first. The slot of the oldest is given out
 * again. Outside the heap but for one number for each account: a long memory is nothing that the garbage collector has to look at.
 */
export class RecentSlots {
  readonly #most: number;
  readonly #onForgotten: (slot: number) => void;
  /** By slot. */
  #accounts = new Float64Array(FIRST_CAPACITY);
  #newer = new Int32Array(FIRST_CAPACITY);
  #older = new Int32Array(FIRST_CAPACITY);
  readonly #newest = new Map<number, number>();
  #used = 0;
  #next = 0;

  /** @param onForgotten told of a slot whose record is remembered no more, while it is still there */
  constructor(most: number, onForgotten: (slot: number) => void = () => undefined) {
    this.#most = most;
    this.#onForgotten = onForgotten;
  }

  /** The slot for the account's newest record. */
  take(account: number): number {
    const slot = this.#next;
    if (slot < this.#used) this.#forget(slot);
    else this.#use(slot);
    const before = this.#newest.get(account) ?? NONE;
    this.#accounts[slot] = account;
    this.#older[slot] = before;
    this.#newer[slot] = NONE;
    if (before !== NONE) this.#newer[before] = slot;
    this.#newest.set(account, slot);
    this.#next = (slot + 1) % this.#most;
    return slot;
  }

  /** Newest first. */
  *of(account: number): Generator<number> {
    for (let slot = this.#newest.get(account) ?? NONE; slot !== NONE; slot = this.#older[slot] as number) yield slot;
  }

  /** The oldest of all is the oldest of its account. */
  #forget(slot: number): void {
    this.#onForgotten(slot);
    const newer = this.#newer[slot] as number;
    if (newer === NONE) this.#newest.delete(this.#accounts[slot] as number);
    else this.#older[newer] = NONE;
  }

  #use(slot: number): void {
    this.#used = slot + 1;
    if (slot < this.#newer.length) return;
    this.#accounts = grown(this.#accounts, Float64Array);
    this.#newer = grown(this.#newer, Int32Array);
    this.#older = grown(this.#older, Int32Array);
  }
}

function grown<Numbers extends Int32Array | Float64Array>(
  numbers: Numbers,
  Twice: new (length: number) => Numbers,
): Numbers {
  const twice = new Twice(numbers.length * 2);
  twice.set(numbers);
  return twice;
}
