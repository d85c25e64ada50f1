import { join } from 'node:path';
import { CommitPolicy } from './commit-policy.js';
import { takeTurn } from './commit-turn.js';
import { type CommitThread, startCommitThread, wakeThread } from './commit-thread.js';
import { hasCode } from './disk.js';
import { MarkFile } from './durable-mark.js';
import { EpochLock } from './epoch-lock.js';
import { JournalFault } from './faults.js';
import {
  FRAME,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  LONGEST_FRAME_BYTES,
  PACKED_FRAME_MAGIC,
  putU64,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from './format.js';
import { JournalCursor } from './journal-cursor.js';
import { type AppendAnswer, type JournalOptions, type Settings, withDefaults } from './journal-options.js';
import { MarkKeeper } from './mark-keeper.js';
import { type RecordBatch } from './record-batch.js';
import { recoverJournal, type JournalEnd, type Recovery, type RecoveryHandlers } from './recover.js';
import { CONTROL, OWNER, Ring, STATUS } from './ring.js';
import { SegmentWriter } from './segment-writer.js';
import { ARCHIVE, endWithLastFrame, listLive } from './segments.js';
import { SnapshotDesk, type SnapshotInProgress } from './snapshot-desk.js';
import { type SnapshotMeta, snapshotName, SNAPSHOTS, SnapshotStore } from './snapshots.js';
import { SpaceAhead } from './space-ahead.js';

/** How long `settle` sleeps at most before it looks again. */
const SETTLE_MS = 100;

/**
 * The durable record of what a process was told to do: append batches, be told when they are durable, read them back after a crash. It knows
 * records by first and last sequence number alone. README.md shows the calls in order.
 */
export class Journal {
  readonly #settings: Settings;
  readonly #lock: EpochLock;
  readonly #ring: Ring;
  readonly #writer: SegmentWriter;
  readonly #policy: CommitPolicy;
  readonly #snapshots: SnapshotStore;
  #desk: SnapshotDesk | undefined;
  #space: SpaceAhead | undefined;
  #marks: MarkKeeper | undefined;
  #thread: CommitThread | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isFailed = false;
  #isClosed = false;
  #nextSequence = 1;
  #durable = 0;
  /** Where the next frame goes. */
  #ordinal = 0;
  #offset = 0;

  private constructor(settings: Settings, lock: EpochLock) {
    this.#settings = settings;
    this.#lock = lock;
    this.#ring = Ring.create(settings.ringBytes);
    this.#writer = new SegmentWriter(settings.disk, settings.folder, this.#ring);
    this.#policy = new CommitPolicy(this.#ring, settings.mode);
    this.#snapshots = new SnapshotStore(settings.disk, settings.folder);
  }

  /** Takes the folder for this process, under a new epoch; makes it when it is not there. @throws JournalFault `locked` */
  static open(options: JournalOptions): Journal {
    const settings = withDefaults(options);
    for (const name of [ARCHIVE, SNAPSHOTS]) settings.disk.makeFolder(join(settings.folder, name));
    const lastEpoch = MarkFile.read(settings.disk, settings.folder)?.epoch ?? 0;
    const epoch = Math.max(settings.epochAtLeast, lastEpoch + 1);
    return new Journal(settings, EpochLock.claim(settings.disk, settings.folder, settings.process, epoch));
  }

  get epoch(): number {
    return this.#lock.epoch;
  }

  /** The sequence that the next batch must begin with. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  get durableSequence(): number {
    return this.#durable;
  }

  /** Bytes appended and not yet durable. */
  get pendingBytes(): number {
    return this.#ring.used;
  }

  /**
   * Hands over the newest sound snapshot and all records after it, cuts a torn tail and makes the journal ready for appending. Once, first.
   * @throws JournalFault when what was acknowledged is not all there; the folder is then as it was, and released
   */
  recover(handlers: RecoveryHandlers): Recovery {
    if (this.#space !== undefined) throw new Error('this journal has been recovered already');
    try {
      const { disk, folder, outsideMark, acceptMissingMark, say } = this.#settings;
      const { recovery, end, mark } = recoverJournal(
        { disk, folder, snapshots: this.#snapshots, outsideMark, acceptMissingMark, epoch: this.epoch, say },
        handlers,
      );
      this.#begin(recovery, end);
      this.#marks = new MarkKeeper({ disk, folder, epoch: this.epoch }, mark, this.#nextSequence, this.#fail);
      return recovery;
    } catch (error) {
      this.#giveUpFolder();
      throw error;
    }
  }

  /** Takes a batch if there is room for it in memory and on disk, the reserve left alone. It is written after the next `commit`. */
  append(batch: RecordBatch): AppendAnswer {
    return this.#append(batch, this.#settings.reserveBytes);
  }

  /** The same, for what must still be possible on a full disk (cancels): the reserve may be used up. */
  appendReserved(batch: RecordBatch): AppendAnswer {
    return this.#append(batch, 0);
  }

  /** Sees to it that all that was appended becomes durable: here and now, or on the thread. Call once after each round of work. */
  commit(): void {
    if (this.#ring.isEmpty || this.#isFailed) return;
    if (this.#thread !== undefined && this.#policy.prefersThread()) wakeThread(this.#ring);
    else this.#commitHere();
  }

  /** Passes on the progress of the thread. Happens by itself between turns of the event loop; a caller that seldom yields calls it. */
  poll(): void {
    const { control } = this.#ring;
    Atomics.store(control, CONTROL.told, 0);
    const advance = (Atomics.load(control, CONTROL.durable) - this.#durable) | 0;
    if (advance <= 0) return;
    this.#durable += advance;
    this.#settings.onDurable(this.#durable);
    this.#publishSnapshot();
  }

  /** Blocks until all that was appended is durable; false when the disk has no space for it. @throws JournalFault `disk_failed` */
  settle(): boolean {
    this.#assertUsable();
    const { control } = this.#ring;
    while (!this.#ring.isEmpty) {
      const consumed = Atomics.load(control, CONTROL.consumed);
      this.#commitHere();
      if (!this.#ring.isEmpty && Atomics.load(control, CONTROL.owner) === OWNER.thread) {
        Atomics.wait(control, CONTROL.consumed, consumed, SETTLE_MS);
      }
      this.#assertUsable();
      if (Atomics.load(control, CONTROL.status) === STATUS.noSpace) return false;
    }
    this.poll();
    return true;
  }

  /** The state after `meta.sequence`, in pieces. It gets its name when the journal is durable up to there. One at a time. */
  beginSnapshot(meta: SnapshotMeta): SnapshotInProgress {
    this.#assertUsable();
    return this.#opened(this.#desk).begin(meta, this.epoch, () => this.#publishSnapshot());
  }

  /** Reads what is durable from `sequence` on, out of the files. */
  readFrom(sequence: number): JournalCursor {
    const { disk, folder } = this.#settings;
    return new JournalCursor(disk, folder, sequence, () => this.#durable);
  }

  /**
   * An empty journal goes on behind `sequence`: a standby that was given a snapshot, and has committed it. Until then a crash leaves an
   * empty journal, and from then on one that begins with the snapshot.
   */
  startAfter(sequence: number): void {
    if (!this.#isEmpty) throw new Error('only an empty journal can begin elsewhere');
    if (this.#snapshots.sequences()[0] !== sequence) throw new Error(`there is no snapshot after record ${sequence}`);
    this.#nextSequence = sequence + 1;
    this.#setDurable(sequence);
    this.#opened(this.#marks).raise(this.epoch, this.#nextSequence);
  }

  /** Begins a new epoch, above `epochAtLeast - 1`, without closing: a standby becomes the primary. Durable when it returns. */
  promote(epochAtLeast = 1): number {
    if (!this.settle()) throw new JournalFault('disk_failed', 'a full disk cannot take a new epoch');
    const { control } = this.#ring;
    const last = control[CONTROL.ordinal] as number;
    this.#lock.raise(this.#settings.process, epochAtLeast);
    this.#opened(this.#marks).raise(this.epoch, this.#nextSequence);
    this.#opened(this.#space).raise(this.epoch, last);
    control[CONTROL.epoch] = this.epoch;
    this.#ordinal = last;
    this.#offset = this.#settings.segmentBytes;
    return this.epoch;
  }

  /** Looks after the mark, and for space when there was none. Happens every `housekeepingMs` by itself. */
  keepHouse(): void {
    if (this.#isFailed) return;
    this.#marks?.tick(this.#durable);
    this.#space?.prepare(this.#ordinal + 1);
    this.#space?.retry();
    if (Atomics.load(this.#ring.control, CONTROL.status) === STATUS.noSpace) this.commit();
  }

  /** Makes everything durable, leaves the files tidy and gives the folder up. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    if (!this.#isFailed && !this.#ring.isEmpty && !this.settle()) {
      this.#settings.say(
        `closed on a full disk: records from ${this.#durable + 1} on were not acknowledged and are not kept`,
      );
    }
    await this.#thread?.stop();
    this.#thread = undefined;
    await this.#marks?.idle();
    if (!this.#isFailed) await this.#tidyUp();
    this.#writer.close();
    this.#marks?.close();
    this.#marks = undefined;
    this.#isFailed = true;
    this.#giveUpFolder();
  }

  #giveUpFolder(): void {
    try {
      this.#lock.release();
    } catch (error) {
      // On a disk that fails, or after another process took over, the lock stays as it is: it falls when this process ends.
      this.#settings.say(`the lock of epoch ${this.epoch} was not released: ${String(error)}`);
    }
  }

  async #tidyUp(): Promise<void> {
    const { disk, folder } = this.#settings;
    const { control } = this.#ring;
    const ordinal = control[CONTROL.ordinal] as number;
    await this.#space?.giveBack(ordinal);
    const path = join(folder, segmentName(ordinal, control[CONTROL.segmentEpoch] as number));
    if (ordinal > 0) endWithLastFrame(disk, path, control[CONTROL.offset] as number);
    this.#marks?.writeNow(this.#durable);
  }

  #begin(recovery: Recovery, end: JournalEnd): void {
    const { disk, folder, segmentBytes, snapshotsKept, mode, startThread, housekeepingMs } = this.#settings;
    const { control } = this.#ring;
    this.#nextSequence = recovery.nextSequence;
    this.#setDurable(recovery.nextSequence - 1);
    control[CONTROL.epoch] = this.epoch;
    control[CONTROL.ordinal] = end.ordinal;
    control[CONTROL.offset] = end.offset;
    control[CONTROL.chain] = end.chain;
    control[CONTROL.segmentEpoch] = end.epoch;
    this.#ordinal = end.ordinal;
    // Every epoch begins a segment of its own, so that no place in a file is ever written by two epochs.
    this.#offset = segmentBytes;
    const damaged = new Set(recovery.damagedSnapshots.map(({ name }) => name));
    const sound = this.#snapshots.sequences().filter((sequence) => !damaged.has(snapshotName(sequence)));
    const live = listLive(disk, folder);
    this.#desk = new SnapshotDesk({ disk, folder, keep: snapshotsKept }, this.#snapshots, { sound, live });
    this.#space = new SpaceAhead({ disk, folder, segmentBytes, epoch: this.epoch }, end.ordinal, this.#fail);
    this.#space.prepareNow();
    if (mode !== 'inline') {
      const events = { progress: () => this.poll(), failure: this.#fail };
      this.#thread = (startThread ?? startCommitThread())(this.#ring, folder, events);
    }
    if (housekeepingMs > 0) this.#timer = setInterval(() => this.keepHouse(), housekeepingMs).unref();
  }

  #append(batch: RecordBatch, reserve: number): AppendAnswer {
    this.#assertUsable();
    const space = this.#opened(this.#space);
    const { segmentBytes } = this.#settings;
    const frameBytes = FRAME_HEADER_BYTES + batch.length;
    this.#assertAppendable(batch, frameBytes);
    if (Atomics.load(this.#ring.control, CONTROL.status) === STATUS.noSpace) return 'full';
    let ordinal = this.#ordinal;
    let offset = this.#offset;
    if (offset + frameBytes > segmentBytes) {
      ordinal += 1;
      offset = SEGMENT_HEADER_BYTES;
    }
    const left =
      (space.prepared - ordinal) * (segmentBytes - SEGMENT_HEADER_BYTES) + segmentBytes - offset - frameBytes;
    if (ordinal > space.prepared || left < reserve) {
      space.prepare(space.prepared + 1);
      return space.isFull ? 'full' : 'busy';
    }
    const index = this.#ring.claim(frameBytes);
    if (index < 0) return 'busy';
    const laidDown = this.#layDown(batch, index, ordinal);
    if (ordinal !== this.#ordinal)
      this.#desk?.segmentBegins({ ordinal, epoch: this.epoch, firstSequence: batch.firstSequence });
    this.#ordinal = ordinal;
    this.#offset = offset + laidDown;
    // Not earlier: zeros compete with the frames for the disk, and a burst is mostly over by then.
    if (this.#offset > segmentBytes / 2) space.prepare(ordinal + 1);
    this.#nextSequence = batch.lastSequence + 1;
    return 'taken';
  }

  get #isEmpty(): boolean {
    return this.#nextSequence === 1;
  }

  /** A journal without records has none to wait for: the snapshot comes from another one. */
  #publishSnapshot(): void {
    this.#desk?.publish(this.#isEmpty ? Infinity : this.#durable);
  }

  /** Answers the bytes that the frame takes. */
  #layDown(batch: RecordBatch, index: number, ordinal: number): number {
    const { words } = this.#ring;
    const word = index >> 2;
    const payload = word + (FRAME_HEADER_BYTES >> 2);
    const packed = batch.packTo(words, payload) << 2;
    if (packed === 0) batch.copyTo(words, payload);
    const length = packed === 0 ? batch.length : packed;
    words[word + FRAME.magic] = packed === 0 ? FRAME_MAGIC : PACKED_FRAME_MAGIC;
    words[word + FRAME.length] = length;
    putU64(words, word + FRAME.first, batch.firstSequence);
    putU64(words, word + FRAME.last, batch.lastSequence);
    putU64(words, word + FRAME.time, batch.time);
    words[word + FRAME.ordinal] = ordinal;
    this.#ring.publish(index, FRAME_HEADER_BYTES + length);
    return FRAME_HEADER_BYTES + length;
  }

  #assertAppendable(batch: RecordBatch, frameBytes: number): void {
    if (batch.length <= 0 || batch.length % 8 !== 0)
      throw new RangeError('a batch is a positive multiple of eight bytes');
    const longest = Math.min(this.#ring.capacity / 2, this.#settings.segmentBytes - SEGMENT_HEADER_BYTES);
    if (frameBytes > Math.min(longest, LONGEST_FRAME_BYTES)) {
      throw new RangeError(`a batch of ${batch.length} bytes is larger than the ring or a segment takes`);
    }
    if (batch.firstSequence !== this.#nextSequence || batch.lastSequence < batch.firstSequence) {
      throw new RangeError(
        `records ${batch.firstSequence} to ${batch.lastSequence} do not follow record ${this.#nextSequence - 1}`,
      );
    }
  }

  #commitHere(): void {
    try {
      takeTurn(this.#ring, this.#writer, OWNER.caller, this.#afterGroup);
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.poll();
  }

  readonly #afterGroup = (): void => undefined;

  readonly #fail = (error: Error): void => {
    if (this.#isFailed) return;
    this.#isFailed = true;
    clearInterval(this.#timer);
    Atomics.store(this.#ring.control, CONTROL.status, STATUS.failed);
    const why = hasCode(error, 'EIO') ? 'what it took since the last sync may be lost' : error.message;
    const fault =
      error instanceof JournalFault
        ? error
        : new JournalFault('disk_failed', `the journal cannot go on: ${why}`, { cause: error });
    this.#settings.onFatal(fault);
  };

  #assertUsable(): void {
    const isSound = Atomics.load(this.#ring.control, CONTROL.status) !== STATUS.failed;
    if (this.#isFailed || !isSound) throw new JournalFault('disk_failed', 'this journal is closed or its disk failed');
  }

  #opened<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('recover comes first');
    return part;
  }

  #setDurable(sequence: number): void {
    const { control } = this.#ring;
    this.#durable = sequence;
    putU64(control, CONTROL.durableSequence, sequence);
    Atomics.store(control, CONTROL.durable, sequence | 0);
  }
}
