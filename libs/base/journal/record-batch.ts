/** Copied with one call each; what is left over goes word by word. A view per append would be garbage. */
const BLOCK_BYTES = 2048;

/**
 * Records on their way into the journal, used again and again: fill `bytes` (or `view`, or any typed array over `bytes.buffer`) from its
 * beginning, set the other fields, append. The journal looks at nothing but the length.
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
  readonly #blocks: readonly Uint8Array[];

  constructor(capacity: number) {
    const size = Math.ceil(capacity / 8) * 8;
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.#words = new Int32Array(this.bytes.buffer);
    this.#blocks = Array.from({ length: Math.floor(size / BLOCK_BYTES) }, (_, index) =>
      this.bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES),
    );
  }

  /** Copies the filled part to byte `at`, a multiple of four, of memory seen as `bytes` and as `words`. */
  copyTo(bytes: Uint8Array, words: Int32Array, at: number): void {
    let done = 0;
    for (let block = 0; done + BLOCK_BYTES <= this.length; block += 1, done += BLOCK_BYTES) {
      bytes.set(this.#blocks[block] as Uint8Array, at + done);
    }
    for (let from = done >> 2, to = (at + done) >> 2; from < this.length >> 2; from += 1, to += 1) {
      words[to] = this.#words[from] as number;
    }
  }
}
