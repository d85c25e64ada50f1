import { join } from 'node:path';
import { crc32c } from './crc32c.js';
import { type Disk } from './disk.js';
import { FRAME, FRAME_HEADER_BYTES, getU64, putSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from './format.js';
import { CONTROL, type Ring } from './ring.js';

/** Share of the ring. A group that filled it would stop the producer until it is durable, and then find nothing to go on with. */
const LARGEST_GROUP = 1 / 4;

/**
 * Takes frames out of the ring, seals them (epoch, chain, CRC), writes them to the place that the producer gave them and syncs once for
 * all that were waiting. There is one on each thread that may write; the ring's `owner` says whose turn it is, and the place in the files is
 * in the ring too, so that either can go on where the other stopped.
 *
 * A group stays in the ring until it is durable. A write that fails for want of space can therefore be made again; a failed sync cannot.
 */
export class SegmentWriter {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #ring: Ring;
  /** Bytes. */
  readonly #enough: number;
  readonly #header = new Uint8Array(SEGMENT_HEADER_BYTES);
  #file = -1;
  #openOrdinal = 0;
  #epoch = 0;
  #offset = 0;
  #chain = 0;

  constructor(disk: Disk, folder: string, ring: Ring) {
    this.#disk = disk;
    this.#folder = folder;
    this.#ring = ring;
    this.#enough = ring.capacity * LARGEST_GROUP;
  }

  /** Makes everything durable that was in the ring when it was called. @throws what the disk throws */
  writeAll(afterGroup: () => void): void {
    const { control } = this.#ring;
    const produced = Atomics.load(control, CONTROL.produced);
    while (control[CONTROL.consumed] !== produced) {
      this.#writeGroup(produced);
      afterGroup();
    }
  }

  close(): void {
    if (this.#file >= 0) this.#disk.close(this.#file);
    this.#file = -1;
    this.#openOrdinal = 0;
  }

  /** One write for each contiguous run, one sync: the frames up to `limit`, as far as they lie in one segment and are not too many. */
  #writeGroup(limit: number): void {
    const ring = this.#ring;
    const { control, words } = ring;
    const first = control[CONTROL.consumed] as number;
    let position = first;
    let runStart = ring.frameAt(position);
    let runEnd = runStart;
    let last = runStart >> 2;
    const ordinal = words[last + FRAME.ordinal] as number;
    this.#turnTo(ordinal, last);
    while (position !== limit) {
      const index = ring.frameAt(position);
      const frame = index >> 2;
      if (words[frame + FRAME.ordinal] !== ordinal || ((position - first) | 0) >= this.#enough) break;
      if (index !== runEnd) {
        this.#writeRun(runStart, runEnd);
        runStart = index;
      }
      const bytes = FRAME_HEADER_BYTES + (words[frame + FRAME.length] as number);
      this.#seal(frame, index + bytes);
      last = frame;
      runEnd = index + bytes;
      position = ring.after(position, bytes);
    }
    this.#writeRun(runStart, runEnd);
    this.#disk.sync(this.#file);
    this.#publish(position, last);
  }

  /** Continues the segment that is being written, or begins the one that the next frame was placed in. */
  #turnTo(ordinal: number, frame: number): void {
    const { control, words } = this.#ring;
    const isNew = ordinal !== control[CONTROL.ordinal];
    this.#epoch = control[isNew ? CONTROL.epoch : CONTROL.segmentEpoch] as number;
    if (this.#openOrdinal !== ordinal) {
      this.close();
      this.#file = this.#disk.open(join(this.#folder, segmentName(ordinal, this.#epoch)), 'write');
      this.#openOrdinal = ordinal;
    }
    this.#offset = control[CONTROL.offset] as number;
    this.#chain = control[CONTROL.chain] as number;
    if (!isNew) return;
    // All before it is durable by now: a group ends with its segment. Were it otherwise, a power failure could keep this header and lose
    // frames before it, and the loss of what was never acknowledged would look like damage.
    this.#chain = putSegmentHeader(this.#header, {
      firstSequence: getU64(words, frame + FRAME.first),
      epoch: this.#epoch,
      ordinal,
      time: getU64(words, frame + FRAME.time),
      chain: this.#chain,
      previousEnd: this.#offset,
      previousEpoch: control[CONTROL.segmentEpoch] as number,
    });
    this.#disk.write(this.#file, this.#header, 0, SEGMENT_HEADER_BYTES, 0);
    this.#offset = SEGMENT_HEADER_BYTES;
  }

  #seal(frame: number, end: number): void {
    const { control, bytes, words } = this.#ring;
    words[frame + FRAME.chain] = this.#chain;
    words[frame + FRAME.durable] = control[CONTROL.durableSequence] as number;
    words[frame + FRAME.durable + 1] = control[CONTROL.durableSequence + 1] as number;
    words[frame + FRAME.epoch] = this.#epoch;
    this.#chain = crc32c(bytes, words, (frame + FRAME.chain) << 2, end);
    words[frame + FRAME.crc] = this.#chain;
  }

  #writeRun(start: number, end: number): void {
    if (end === start) return;
    this.#disk.write(this.#file, this.#ring.bytes, start, end - start, this.#offset);
    this.#offset += end - start;
  }

  #publish(position: number, last: number): void {
    const { control, words } = this.#ring;
    control[CONTROL.ordinal] = this.#openOrdinal;
    control[CONTROL.segmentEpoch] = this.#epoch;
    control[CONTROL.offset] = this.#offset;
    control[CONTROL.chain] = this.#chain;
    control[CONTROL.durableSequence] = words[last + FRAME.last] as number;
    control[CONTROL.durableSequence + 1] = words[last + FRAME.last + 1] as number;
    Atomics.store(control, CONTROL.durable, words[last + FRAME.last] as number);
    this.#ring.release(position);
  }
}
