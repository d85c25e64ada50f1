/** Records in a piece of memory: enough for a busy second, and little enough for a quiet venue. */
const RECORDS = 1_024;

/** One piece: `RECORDS` records, as amounts of 64 bits, as words of 32 and as bytes. */
interface Piece {
  readonly amounts: BigInt64Array;
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
}

/** What records of one kind consist of. */
export interface Layout {
  readonly amounts: number;
  readonly words: number;
  readonly bytes: number;
}

/**
 * Records of a fixed layout outside the heap, each in a slot. Slots are used from 0 on, so memory is taken in pieces as they are, and kept. Whoever
 * keeps a hundred thousand objects instead has the garbage collector copy every one of them, and look at all of them again and again.
 */
export class Records {
  readonly #layout: Layout;
  readonly #pieces: Piece[] = [];

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** The piece of a slot, whose part of it begins at `slotIn(slot)` times what the layout says. */
  pieceOf(slot: number): Piece {
    const at = Math.floor(slot / RECORDS);
    return this.#pieces[at] ?? this.#add(at);
  }

  #add(at: number): Piece {
    const { amounts, words, bytes } = this.#layout;
    const piece = {
      amounts: new BigInt64Array(amounts * RECORDS),
      words: new Int32Array(words * RECORDS),
      bytes: new Uint8Array(bytes * RECORDS),
    };
    this.#pieces[at] = piece;
    return piece;
  }
}

/** The number of a slot within its piece. */
export const slotIn = (slot: number): number => slot % RECORDS;
