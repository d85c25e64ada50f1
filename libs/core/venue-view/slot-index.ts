import { randomBytes } from 'node:crypto';

const EMPTY = -1;
const FIRST_CAPACITY = 256;
/** Clients choose some of the ids: with a seed of the process's own nobody can choose those that lie in each other's way. */
const SEED = randomBytes(4).readInt32LE();

/** Whether the record in a slot has this id, of this account where ids are an account's own. */
export type IsAt = (slot: number, id: bigint, account: number) => boolean;

/**
 * Finds the slots of records by an id that stands in them: open addressing over two arrays outside the heap, so that a hundred thousand entries
 * that come and go cost the garbage collector nothing.
 */
export class SlotIndex {
  #slots = new Int32Array(FIRST_CAPACITY).fill(EMPTY);
  #hashes = new Int32Array(FIRST_CAPACITY);
  #count = 0;
  readonly #isAt: IsAt;

  constructor(isAt: IsAt) {
    this.#isAt = isAt;
  }

  find(id: bigint, account = 0): number | undefined {
    const at = this.#placeOf(hashOf(id, account), id, account);
    const slot = this.#slots[at] as number;
    return slot === EMPTY ? undefined : slot;
  }

  /** The record of this id stands in this slot from now on, wherever it stood before. */
  set(slot: number, id: bigint, account = 0): void {
    const hash = hashOf(id, account);
    const at = this.#placeOf(hash, id, account);
    if (this.#slots[at] === EMPTY) this.#count += 1;
    this.#slots[at] = slot;
    this.#hashes[at] = hash;
    if (this.#count * 2 > this.#slots.length) this.#grow();
  }

  /** Forgets the id, unless it stands in another slot by now. */
  remove(slot: number, id: bigint, account = 0): void {
    const at = this.#placeOf(hashOf(id, account), id, account);
    if (this.#slots[at] !== slot) return;
    this.#count -= 1;
    this.#close(at);
  }

  /** Where the id is, or where it would be put. */
  #placeOf(hash: number, id: bigint, account: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hash & mask;
    for (;;) {
      const slot = slots[at] as number;
      if (slot === EMPTY || (this.#hashes[at] === hash && this.#isAt(slot, id, account))) return at;
      at = (at + 1) & mask;
    }
  }

  /** Empties a place, and moves up what would not be found behind an empty one. */
  #close(gap: number): void {
    const slots = this.#slots;
    const hashes = this.#hashes;
    const mask = slots.length - 1;
    let hole = gap;
    for (let at = (hole + 1) & mask; slots[at] !== EMPTY; at = (at + 1) & mask) {
      const home = (hashes[at] as number) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at] as number;
      hashes[hole] = hashes[at] as number;
      hole = at;
    }
    slots[hole] = EMPTY;
  }

  #grow(): void {
    const before = this.#slots;
    const hashes = this.#hashes;
    const mask = before.length * 2 - 1;
    this.#slots = new Int32Array(before.length * 2).fill(EMPTY);
    this.#hashes = new Int32Array(before.length * 2);
    for (const [from, slot] of before.entries()) {
      if (slot === EMPTY) continue;
      const hash = hashes[from] as number;
      let at = hash & mask;
      while (this.#slots[at] !== EMPTY) at = (at + 1) & mask;
      this.#slots[at] = slot;
      this.#hashes[at] = hash;
    }
  }
}

/** Both halves of the id and the account, mixed as MurmurHash3 ends. */
function hashOf(id: bigint, account: number): number {
  const low = Number(BigInt.asIntN(32, id));
  const high = Number(BigInt.asIntN(32, id >> 32n));
  let hash = Math.imul(low ^ SEED, 0xcc9e2d51 | 0) ^ Math.imul(high ^ account, 0x1b873593);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b | 0);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35 | 0);
  return hash ^ (hash >>> 16);
}
