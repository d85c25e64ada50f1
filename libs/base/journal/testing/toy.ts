import { type Frame, Journal, type JournalOptions, RecordBatch, type Recovery, type Snapshot } from '../index.js';

export const HOME = 'home';
/** Length in words, sequence, three words that only the sequence and a salt determine, and one that is never zero. */
export const RECORD_BYTES = 24;
/** The same three words and one behind the head that the journal packs. Told from the other kind by its first word. */
const HEADED_BYTES = 40;
const HEADED = { sequence: 2, contents: 6 };

/** A record's contents: another salt, another record under the same sequence. */
export function wordsOf(sequence: number, salt: number): [number, number, number] {
  const a = Math.imul(sequence ^ salt, 0x9e3779b1) | 0;
  const b = Math.imul(a ^ (a >>> 15), 0x85ebca6b) | 0;
  return [a, b, Math.imul(b ^ salt, 0xc2b2ae35) | 0];
}

const fold = (state: number, words: readonly number[]): number =>
  words.reduce((digest, word) => (Math.imul(digest, 31) + word) | 0, state);

/** The smallest state machine whose state tells what it was told, and in which order. */
export class ToyMachine {
  sequence = 0;
  digest = 0;
  /** Digest after each sequence that this machine has seen. */
  readonly seen = new Map<number, number>();

  apply(sequence: number, words: readonly number[]): void {
    if (sequence !== this.sequence + 1) throw new Error(`record ${sequence} follows record ${this.sequence}`);
    this.sequence = sequence;
    this.digest = fold(this.digest, words);
    this.seen.set(sequence, this.digest);
  }

  /** Records the machine has already are skipped, as callers of `recover` must. */
  replay({ bytes, start, end }: Frame): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (end - start) >> 2);
    for (let at = 0; at < words.length;) {
      const isHeaded = words[at] === HEADED_BYTES;
      const sequence = words[at + (isHeaded ? HEADED.sequence : 1)] as number;
      const contents = at + (isHeaded ? HEADED.contents : 2);
      if (sequence > this.sequence) this.apply(sequence, [...words.subarray(contents, contents + 3)]);
      at += (isHeaded ? HEADED_BYTES : RECORD_BYTES) >> 2;
    }
  }

  restore({ sequence, state }: Snapshot): void {
    this.sequence = sequence;
    this.digest = new DataView(state.buffer, state.byteOffset).getInt32(0, true);
  }

  /** The state in pieces of odd lengths. */
  save(): Uint8Array[] {
    const first = new Uint8Array(11);
    new DataView(first.buffer).setInt32(0, this.digest, true);
    return [first, new Uint8Array(50).fill(this.digest), new Uint8Array(this.sequence % 7)];
  }
}

export type ToyOptions = Partial<JournalOptions> &
  Pick<JournalOptions, 'disk'> & { takes?: (snapshot: Snapshot) => boolean; packedEvery?: number };

/** A journal with the toy on top, as the exchange will have it: recovered, then told records in batches. */
export class ToyVenue {
  readonly machine = new ToyMachine();
  readonly lines: string[] = [];
  readonly recovery: Recovery;
  readonly journal: Journal;
  acknowledged = 0;
  fatal: Error | undefined;
  readonly #batch = new RecordBatch(1024);
  readonly #words = new Int32Array(this.#batch.bytes.buffer);
  /** Every so many batches are packed; 0 for none. */
  readonly #packedEvery: number;

  constructor({ takes = () => true, packedEvery = 0, ...options }: ToyOptions) {
    this.#packedEvery = packedEvery;
    this.journal = Journal.open({
      folder: HOME,
      mode: 'inline',
      housekeepingMs: 0,
      segmentBytes: 2048,
      ringBytes: 2048,
      reserveBytes: 256,
      process: { self: 'this', isAlive: () => false },
      onDurable: (sequence) => (this.acknowledged = sequence),
      onFatal: (fault) => (this.fatal = fault),
      say: (line) => this.lines.push(line),
      ...options,
    });
    this.recovery = this.journal.recover({
      onSnapshot: (snapshot) => {
        if (!takes(snapshot)) return false;
        this.machine.restore(snapshot);
        return true;
      },
      onRecords: (frame) => this.machine.replay(frame),
    });
    this.acknowledged = this.recovery.nextSequence - 1;
  }

  /** Appends `count` records together, and applies them when they were taken. */
  tell(count: number, { salt = 0, isReserved = false } = {}): ReturnType<Journal['append']> {
    const batch = this.#batch;
    const first = this.machine.sequence + 1;
    const records = Array.from({ length: count }, (_, index) => wordsOf(first + index, salt));
    const time = first * 1000;
    const isPacked = this.#packedEvery > 0 && first % this.#packedEvery === 0;
    const bytes = isPacked ? HEADED_BYTES : RECORD_BYTES;
    records.forEach((words, index) => {
      const head = isPacked ? [bytes, 0, first + index, 0, time, 0] : [bytes >> 2, first + index];
      this.#words.set([...head, ...words, -1], index * (bytes >> 2));
    });
    Object.assign(batch, { length: count * bytes, firstSequence: first, lastSequence: first + count - 1, time });
    const answer = isReserved ? this.journal.appendReserved(batch) : this.journal.append(batch);
    if (answer === 'taken') records.forEach((words, index) => this.machine.apply(first + index, words));
    return answer;
  }

  /** The same, durable before it returns. */
  record(count: number, options?: { salt?: number; isReserved?: boolean }): void {
    const answer = this.tell(count, options);
    if (answer !== 'taken') throw new Error(`the journal is ${answer}`);
    this.journal.commit();
  }

  snapshot(done: (error: Error | null) => void = () => undefined): void {
    const { sequence, digest } = this.machine;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, digest, true);
    const snapshot = this.journal.beginSnapshot({ sequence, version: 1, time: sequence, digest: bytes });
    for (const piece of this.machine.save()) snapshot.write(piece);
    snapshot.commit(done);
  }
}
