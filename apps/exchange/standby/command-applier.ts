import { failpoint } from '@base/failpoints';
import { type Journal, RecordBatch } from '@base/journal';
import { engineCommands } from '@core/contracts';
import { apply, commandBuffer, eventBuffer } from '@core/matching';
import { type EventRing } from '../event-ring.js';
import { type Footing } from '../footing.js';

const HIGH = 0x1_0000_0000;
const TICK = engineCommands.messages.tick.code;
const RETRY_MS = 2;

export interface ApplierSettings {
  readonly footing: Footing;
  readonly batchBytes: number;
  /** A batch has been applied. */
  readonly onApplied: () => void;
  /** Commands can be taken again. */
  readonly onRoom: () => void;
  /** The state is the one after the command that was asked for. */
  readonly onReached: (sequence: number) => void;
  readonly onBroken: (error: Error) => void;
  readonly say: (line: string) => void;
}

/**
 * Puts the primary's commands into the follower's own journal and engine, as they are: sequences and times are the primary's. What one turn of
 * the event loop brings is one batch.
 */
export class CommandApplier {
  readonly #settings: ApplierSettings;
  readonly #journal: Journal;
  readonly #ring: EventRing;
  readonly #batch: RecordBatch;
  readonly #words: Int32Array;
  #sessionsUsed: number;
  #lastTime: number;
  #next: number;
  #stopAt = Infinity;
  #isTurnDue = false;
  #isBlocked = false;
  #isFull = false;
  #isClosed = false;
  #retry: NodeJS.Timeout | undefined;

  /** The footing has been recovered. */
  constructor(settings: ApplierSettings) {
    const { footing } = settings;
    this.#settings = settings;
    this.#journal = footing.journal;
    this.#ring = footing.ring;
    this.#batch = new RecordBatch(settings.batchBytes);
    this.#words = new Int32Array(this.#batch.bytes.buffer);
    this.#sessionsUsed = footing.recovered.sessionsUsed;
    this.#lastTime = footing.recovered.lastTime;
    this.#next = footing.journal.nextSequence;
    this.#begin();
  }

  /** The last command that has been taken. */
  get last(): number {
    return this.#next - 1;
  }

  /** Session numbers that the primary may have given out. */
  get sessionsUsed(): number {
    return this.#sessionsUsed;
  }

  /** Of the last command, µs since 1970. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Takes a sound command, which must be the next one; false when there is no room. @throws Error on a gap or a repetition */
  take(view: DataView, at: number, length: number): boolean {
    if (this.#isBlocked || this.#isClosed) return false;
    const sequence = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * HIGH;
    if (sequence !== this.#next) throw new Error(`command ${sequence} came where ${this.#next} was due`);
    const batch = this.#batch;
    if (batch.length + length > batch.bytes.length && !this.#flush()) return false;
    this.#copy(view, at, length);
    if (view.getUint8(at + 2) === TICK) this.#sessionsUsed = Math.max(this.#sessionsUsed, view.getUint32(at + 4, true));
    this.#lastTime = view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * HIGH;
    batch.length += length;
    batch.lastSequence = sequence;
    batch.time = this.#lastTime;
    this.#next += 1;
    if (sequence === this.#stopAt) this.#flush();
    else this.#openTurn();
    return true;
  }

  /** Ends a batch with this command, and says so when it has been applied. */
  reach(sequence: number): void {
    this.#stopAt = sequence;
    if (sequence === this.last) this.#flush();
  }

  /** Takes nothing more; what has been taken is applied and durable when it returns. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    while (!this.#flush()) this.#journal.settle();
    this.#journal.settle();
  }

  #begin(): void {
    Object.assign(this.#batch, {
      length: 0,
      firstSequence: this.#next,
      lastSequence: this.#next - 1,
      time: this.#lastTime,
    });
  }

  #copy(view: DataView, at: number, length: number): void {
    const words = this.#words;
    const to = this.#batch.length >> 2;
    for (let offset = 0; offset < length; offset += 4) words[to + (offset >> 2)] = view.getInt32(at + offset, true);
  }

  #openTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    setImmediate(() => {
      this.#isTurnDue = false;
      if (!this.#isClosed) this.#flush();
    });
  }

  /** Journal first, then the engine. False when the journal cannot take the batch now: it is tried again. */
  #flush(): boolean {
    const batch = this.#batch;
    try {
      if (batch.length > 0) {
        if (!this.#append()) return this.#block();
        this.#apply();
        this.#journal.commit();
      }
    } catch (error) {
      this.#isBlocked = true;
      this.#settings.onBroken(error instanceof Error ? error : new Error(String(error)));
      return true;
    }
    if (this.last === this.#stopAt) {
      this.#stopAt = Infinity;
      this.#settings.onReached(this.last);
    }
    return true;
  }

  #append(): boolean {
    let answer = this.#journal.append(this.#batch);
    if (answer === 'busy') {
      this.#journal.commit();
      answer = this.#journal.append(this.#batch);
    }
    if (answer === 'full' && !this.#isFull)
      this.#settings.say('the disk is full: the standby falls behind until there is space');
    this.#isFull = answer === 'full';
    return answer === 'taken';
  }

  #apply(): void {
    const { bytes, length, lastSequence } = this.#batch;
    commandBuffer.set(bytes.subarray(0, length));
    failpoint('exchange.follower-applies');
    apply(0, length, (count) => this.#ring.append(eventBuffer, count));
    this.#ring.endBatch(lastSequence);
    this.#begin();
    this.#settings.onApplied();
  }

  #block(): false {
    this.#isBlocked = true;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#journal.poll();
      if (this.#isClosed || !this.#flush()) return;
      this.#isBlocked = false;
      this.#settings.onRoom();
    }, RETRY_MS);
    return false;
  }
}
