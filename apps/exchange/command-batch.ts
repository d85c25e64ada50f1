import { RecordBatch } from '@base/journal';
import { type LinkRefusal } from '@core/contracts';

const HIGH = 0x1_0000_0000;
const SHORTEST_COMMAND = 24;

/** Who sent commands and is told what became of them. */
export interface CommandSender {
  /** Its commands `number` to `number + count - 1` are the venue's from `sequence` on, but not durable yet. */
  sequenced(number: number, sequence: number, count: number): void;
  refused(number: number, reason: LinkRefusal): void;
}

/** Commands on their way into the journal and the engine, numbered and dated, and who sent each. Made once, used for ever. */
export class CommandBatch {
  readonly records: RecordBatch;
  readonly #words: Int32Array;
  readonly #starts: Int32Array;
  readonly #numbers: Float64Array;
  readonly #senders: (CommandSender | undefined)[];
  #count = 0;

  constructor(capacity: number) {
    this.records = new RecordBatch(capacity);
    this.#words = new Int32Array(this.records.bytes.buffer);
    const most = Math.ceil(capacity / SHORTEST_COMMAND);
    this.#starts = new Int32Array(most + 1);
    this.#numbers = new Float64Array(most);
    this.#senders = new Array<CommandSender | undefined>(most).fill(undefined);
  }

  get count(): number {
    return this.#count;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  hasRoomFor(bytes: number): boolean {
    return this.records.length + bytes <= this.records.bytes.length;
  }

  /** Begins anew: the first command becomes `sequence`, and all carry `time`. */
  begin(sequence: number, time: number): void {
    this.#senders.fill(undefined, 0, this.#count);
    this.#count = 0;
    Object.assign(this.records, { length: 0, firstSequence: sequence, lastSequence: sequence - 1, time });
  }

  /** Copies the sound command at `at` of `view`; its session, sequence and time are the venue's to say. */
  add(view: DataView, at: number, length: number, session: number, sender?: CommandSender, number = 0): void {
    const words = this.#words;
    const { records } = this;
    const w = records.length >> 2;
    words[w] = view.getInt32(at, true);
    words[w + 1] = session;
    for (let offset = SHORTEST_COMMAND; offset < length; offset += 4) {
      words[w + (offset >> 2)] = view.getInt32(at + offset, true);
    }
    this.#starts[this.#count] = w;
    this.#numbers[this.#count] = number;
    this.#senders[this.#count] = sender;
    this.#count += 1;
    records.length += length;
    records.lastSequence += 1;
    this.#stamp(w, records.lastSequence);
  }

  /** Leaves only commands whose code is in `kept`; the others are refused, and the rest numbered anew. */
  keepOnly(kept: ReadonlySet<number>, reason: LinkRefusal): void {
    const { records } = this;
    const count = this.#count;
    const end = records.length >> 2;
    let to = 0;
    let left = 0;
    for (let k = 0; k < count; k += 1) {
      const from = this.#starts[k] as number;
      const next = k + 1 < count ? (this.#starts[k + 1] as number) : end;
      const sender = this.#senders[k];
      const number = this.#numbers[k] as number;
      if (!kept.has(((this.#words[from] as number) >> 16) & 0xff)) {
        sender?.refused(number, reason);
        continue;
      }
      this.#words.copyWithin(to, from, next);
      this.#starts[left] = to;
      this.#numbers[left] = number;
      this.#senders[left] = sender;
      this.#stamp(to, records.firstSequence + left);
      to += next - from;
      left += 1;
    }
    this.#senders.fill(undefined, left, count);
    this.#count = left;
    records.length = to << 2;
    records.lastSequence = records.firstSequence + left - 1;
  }

  /** Tells every sender which of its commands became which of the venue's, in runs. */
  tellSenders(): void {
    const { firstSequence } = this.records;
    for (let k = 0; k < this.#count;) {
      const sender = this.#senders[k];
      const number = this.#numbers[k] as number;
      let end = k + 1;
      while (end < this.#count && this.#senders[end] === sender && this.#numbers[end] === number + end - k) end += 1;
      sender?.sequenced(number, firstSequence + k, end - k);
      k = end;
    }
  }

  refuseAll(reason: LinkRefusal): void {
    for (let k = 0; k < this.#count; k += 1) this.#senders[k]?.refused(this.#numbers[k] as number, reason);
  }

  #stamp(w: number, sequence: number): void {
    const words = this.#words;
    const { time } = this.records;
    words[w + 2] = sequence;
    words[w + 3] = Math.floor(sequence / HIGH);
    words[w + 4] = time;
    words[w + 5] = Math.floor(time / HIGH);
  }
}
