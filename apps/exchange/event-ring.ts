/** Batches whose ends are remembered: with one command in each, the events of so many commands. */
const DEFAULT_BATCHES = 1 << 18;
const HIGH = 0x1_0000_0000;

/**
 * The latest events, in the bytes that leave on the links. A position counts bytes since this process began and never repeats; where a batch
 * of commands ended is remembered, so that a durable sequence, and a subscription, can be turned into a position.
 *
 * What is old is written over. Whoever reads is told first, and nobody is waited for.
 */
export class EventRing {
  readonly capacity: number;
  readonly #bytes: Uint8Array;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #batches: number;
  /** By batch modulo `#batches`: its last command, and the position behind its last event. */
  readonly #lastSequences: Float64Array;
  readonly #ends: Float64Array;
  #firstBatch = 0;
  #nextBatch = 0;
  /** Of the oldest batch that is whole: where it begins, and the command before it. */
  #oldest = 0;
  #before = 0;
  /** Whether the batch being written has written over its own beginning. */
  #isCut = false;
  #end = 0;
  #releasedBatch = 0;
  #released = 0;
  #releasedSequence = 0;

  /** @param capacity bytes, a multiple of eight */
  constructor(capacity: number, batches = DEFAULT_BATCHES) {
    this.capacity = capacity;
    this.#bytes = new Uint8Array(capacity);
    this.#halves = new Uint16Array(this.#bytes.buffer);
    this.#words = new Uint32Array(this.#bytes.buffer);
    this.#batches = batches;
    this.#lastSequences = new Float64Array(batches);
    this.#ends = new Float64Array(batches);
  }

  /** Behind the last event. */
  get end(): number {
    return this.#end;
  }

  /** Events from here on are still there, whole batches. */
  get oldest(): number {
    return this.#oldest;
  }

  get oldestSequence(): number {
    return this.#before + 1;
  }

  /** Events before this position may leave. */
  get released(): number {
    return this.#released;
  }

  get releasedSequence(): number {
    return this.#releasedSequence;
  }

  /** The stream begins behind this command: the snapshot's. */
  startAfter(sequence: number): void {
    this.#before = sequence;
  }

  /** Takes the first `length` bytes of `source`, whole events. */
  append(source: Uint8Array, length: number): void {
    const end = this.#end + length;
    while (this.#oldest < end - this.capacity) this.#forgetBatch(end - this.capacity);
    const at = this.#end % this.capacity;
    const first = Math.min(length, this.capacity - at);
    this.#bytes.set(source.subarray(0, first), at);
    if (first < length) this.#bytes.set(source.subarray(first, length), 0);
    this.#end = end;
  }

  /** All events of the commands up to `lastSequence` have been appended. */
  endBatch(lastSequence: number): void {
    if (this.#nextBatch - this.#firstBatch === this.#batches) this.#forgetBatch(this.#end);
    const slot = this.#nextBatch % this.#batches;
    this.#lastSequences[slot] = lastSequence;
    this.#ends[slot] = this.#end;
    this.#nextBatch += 1;
    if (this.#isCut) this.#forgetBatch(this.#end);
    this.#isCut = false;
  }

  /** Commands up to `sequence` may be told of; batches that end later may not. */
  release(sequence: number): void {
    if (this.#before > this.#releasedSequence && this.#before <= sequence) {
      this.#releasedSequence = this.#before;
      this.#released = this.#oldest;
    }
    while (this.#releasedBatch < this.#nextBatch) {
      const slot = this.#releasedBatch % this.#batches;
      const last = this.#lastSequences[slot] as number;
      if (last > sequence) return;
      this.#releasedSequence = last;
      this.#released = this.#ends[slot] as number;
      this.#releasedBatch += 1;
    }
  }

  /** Where the events of command `sequence` begin; undefined when that is not here any more. It must be released, or be the next. */
  locate(sequence: number): number | undefined {
    if (sequence <= this.#before) return undefined;
    let low = this.#firstBatch;
    let high = this.#nextBatch;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#lastSequences[middle % this.#batches] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    let at = low === this.#firstBatch ? this.#oldest : (this.#ends[(low - 1) % this.#batches] as number);
    while (at < this.#end && this.#sequenceAt(at) < sequence) at += this.#lengthAt(at);
    return at;
  }

  /** How many bytes from `position` on are whole messages, no more than `limit` and not beyond what is released. */
  wholeMessages(position: number, limit: number): number {
    const left = this.#released - position;
    if (left <= limit) return Math.max(0, left);
    let length = 0;
    for (;;) {
      const next = this.#lengthAt(position + length);
      if (length + next > limit) return length;
      length += next;
    }
  }

  /** Copies `length` bytes from `position` on to byte `at` of `target`. */
  copy(position: number, length: number, target: Uint8Array, at: number): void {
    const from = position % this.capacity;
    const first = Math.min(length, this.capacity - from);
    target.set(this.#bytes.subarray(from, from + first), at);
    if (first < length) target.set(this.#bytes.subarray(0, length - first), at + first);
  }

  #lengthAt(position: number): number {
    return this.#halves[(position % this.capacity) >> 1] as number;
  }

  #sequenceAt(position: number): number {
    const low = this.#words[((position + 8) % this.capacity) >> 2] as number;
    return low + (this.#words[((position + 12) % this.capacity) >> 2] as number) * HIGH;
  }

  /** `upTo`: what the oldest position becomes when the only batch left is the one being written, because it is larger than the ring. */
  #forgetBatch(upTo: number): void {
    if (this.#firstBatch === this.#nextBatch) {
      this.#isCut = true;
      this.#oldest = upTo;
      return;
    }
    const slot = this.#firstBatch % this.#batches;
    this.#before = this.#lastSequences[slot] as number;
    this.#oldest = this.#ends[slot] as number;
    this.#firstBatch += 1;
    this.#releasedBatch = Math.max(this.#releasedBatch, this.#firstBatch);
  }
}
