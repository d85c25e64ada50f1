import { type Disk } from './disk.js';
import { damage, type Frame, FrameWalk } from './frames.js';
import { JournalFault } from './faults.js';
import { listSegments } from './segments.js';

/** Reads what is durable, from a given record on, out of the files of a journal that is being written: a follower's catch-up. */
export class JournalCursor {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #from: number;
  readonly #durable: () => number;
  #walk: FrameWalk | undefined;

  constructor(disk: Disk, folder: string, from: number, durable: () => number) {
    this.#disk = disk;
    this.#folder = folder;
    this.#from = from;
    this.#durable = durable;
  }

  /** The frame that `next` found; the first may begin before the record that was asked for. */
  get frame(): Frame {
    if (this.#walk === undefined) throw new Error('no frame has been read');
    return this.#walk.frame;
  }

  /**
   * Goes to the next durable frame; false while there is none, and may be asked again.
   * @throws JournalFault `damaged`; `no_starting_point` when the records asked for are not here any more
   */
  next(): boolean {
    if (this.#walk === undefined && this.#durable() < this.#from) return false;
    this.#walk ??= this.#open();
    do {
      if (this.#walk.frame.expected > this.#durable()) return false;
      if (!this.#walk.next()) this.#catchUp(this.#walk);
    } while (this.#walk.frame.lastSequence < this.#from);
    return true;
  }

  close(): void {
    this.#walk?.close();
    this.#walk = undefined;
  }

  #open(): FrameWalk {
    const walk = FrameWalk.from(this.#disk, listSegments(this.#disk, this.#folder), this.#from);
    if (walk !== undefined) return walk;
    throw new JournalFault('no_starting_point', `no segment reaches back to record ${this.#from}`);
  }

  /** The file has grown since it was read, or the journal has gone on in another. */
  #catchUp(walk: FrameWalk): void {
    walk.refresh(listSegments(this.#disk, this.#folder));
    if (!walk.next()) throw damage(walk.frame, walk.frame.fault);
  }
}
