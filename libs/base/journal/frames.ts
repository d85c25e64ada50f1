import { type Disk } from './disk.js';
import { type DurableMark } from './durable-mark.js';
import { JournalFault } from './faults.js';
import { ReadBuffer, SegmentReader } from './segment-reader.js';
import { type Segment, type SegmentFiles, segmentWith, successorOf } from './segments.js';

/** One appended batch of records as it is read back. The same object and memory are used for the next one. */
export interface Frame {
  /** The records lie from `start`, a multiple of eight, to `end`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** µs since 1970. */
  readonly time: number;
}

/** Goes through the frames of a journal from segment to segment, verifying each frame and each joint. */
export class FrameWalk {
  readonly #disk: Disk;
  readonly #buffer = new ReadBuffer();
  readonly #mark: DurableMark | undefined;
  #files: SegmentFiles;
  #reader: SegmentReader;
  #successor: Segment | undefined;

  private constructor(disk: Disk, files: SegmentFiles, mark: DurableMark | undefined, first: Segment) {
    this.#disk = disk;
    this.#files = files;
    this.#mark = mark;
    this.#reader = new SegmentReader(disk, first, this.#buffer);
    this.#successor = successorOf(files, first, mark);
  }

  /** At the beginning of the segment that holds `sequence`, or undefined when no segment reaches back so far. */
  static from(disk: Disk, files: SegmentFiles, sequence: number, mark?: DurableMark): FrameWalk | undefined {
    const first = segmentWith(files, sequence, mark);
    return first && new FrameWalk(disk, files, mark, first);
  }

  /** The frame that `next` found, and where it stands. */
  get frame(): SegmentReader {
    return this.#reader;
  }

  /**
   * Goes to the next frame; false where no valid one follows in the last segment.
   * @throws JournalFault `damaged` when a later segment shows that there must be one
   */
  next(): boolean {
    for (;;) {
      const reader = this.#reader;
      const successor = this.#successor;
      if (successor === undefined) return !this.isFencedHere && reader.next();
      const { previousEnd, chain, firstSequence } = successor.header;
      if (reader.offset !== previousEnd) {
        if (reader.offset < previousEnd && reader.next()) return true;
        throw damage(reader, reader.fault);
      }
      if (reader.chain !== chain || reader.expected !== firstSequence) {
        throw damage(reader, `${successor.name} does not follow`);
      }
      this.#enter(successor);
    }
  }

  /** Whether a newer epoch began at this place: what an older one wrote behind it counts for nothing. */
  get isFencedHere(): boolean {
    const mark = this.#mark;
    const { segment, expected } = this.#reader;
    return mark !== undefined && segment.header.epoch < mark.epoch && expected >= mark.epochFirstSequence;
  }

  /** Takes note of what was written since the files were listed. */
  refresh(files: SegmentFiles): void {
    this.#files = files;
    this.#successor = successorOf(files, this.#reader.segment, this.#mark);
    this.#reader.forget();
  }

  close(): void {
    this.#reader.close();
  }

  #enter(segment: Segment): void {
    this.#reader.close();
    this.#reader = new SegmentReader(this.#disk, segment, this.#buffer);
    this.#successor = successorOf(this.#files, segment, this.#mark);
  }
}

export function damage(
  at: { segment: { name: string }; offset: number; expected: number },
  fault: string,
): JournalFault {
  const { segment, offset, expected } = at;
  return new JournalFault(
    'damaged',
    `${segment.name} is damaged at offset ${offset}, where record ${expected} must begin: ${fault}`,
    { segment: segment.name, offset },
  );
}
