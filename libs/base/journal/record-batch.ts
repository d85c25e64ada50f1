import { packRecords } from './packed-records.js';

/**
 * Records on their way into the journal, used again and again: fill `bytes` (or `view`, or any typed array over `bytes.buffer`) from its
 * beginning, set the other fields, append. Records that begin with the common head of
 * `packed-records.ts` take half the space on the disk; of others the journal looks at nothing but the length.
 */
export class RecordBatch {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes filled, a multiple of eight. */
  length = 0;
  firstSequence = 0;
  lastSequence = 0;
  /** µs since 1970. */
  time = 0;
  readonly #words: Int32Array;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(Math.ceil(capacity / 8) * 8);
    this.view = new DataView(this.bytes.buffer);
    this.#words = new Int32Array(this.bytes.buffer);
  }

  /** Packs the records to `target`, from word `at` on; 0 when they are not of a kind that can be packed, or the words written. */
  packTo(target: Int32Array, at: number): number {
    return packRecords(this.#words, this.length >> 2, this, target, at);
  }

  /** Copies the filled part to `target`, from word `at` on. Word by word: `set` would need a view, which is garbage, and is no faster into shared memory. */
  copyTo(target: Int32Array, at: number): void {
    const words = this.#words;
    const count = this.length >> 2;
    for (let word = 0; word < count; word += 1) target[at + word] = words[word] as number;
  }
}
