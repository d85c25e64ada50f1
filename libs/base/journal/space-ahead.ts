import { join } from 'node:path';
import { type Disk, hasCode } from './disk.js';
import { segmentName } from './format.js';

/**
 * Segments prepared ahead of the writing: zeros whose space is taken on the disk for sure. No frame is accepted that has no such place,
 * so that a full disk is known before anything is promised.
 */
export class SpaceAhead {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #onFailure: (error: Error) => void;
  #epoch: number;
  #prepared: number;
  #isPreparing = false;
  #isFull = false;
  #onIdle: (() => void) | undefined;

  /** @param last ordinal of the last segment that is in use */
  constructor(
    place: { disk: Disk; folder: string; segmentBytes: number; epoch: number },
    last: number,
    onFailure: (error: Error) => void,
  ) {
    this.#disk = place.disk;
    this.#folder = place.folder;
    this.#segmentBytes = place.segmentBytes;
    this.#epoch = place.epoch;
    this.#prepared = last;
    this.#onFailure = onFailure;
  }

  /** Highest ordinal whose segment is ready to be written. */
  get prepared(): number {
    return this.#prepared;
  }

  /** Whether the disk had no space for the last segment that was asked for. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Prepares the next segment before it returns. On a full disk it does not, and `isFull` says so. */
  prepareNow(): void {
    const ordinal = this.#prepared + 1;
    try {
      this.#disk.preallocate(this.#folder, segmentName(ordinal, this.#epoch), this.#segmentBytes);
      this.#prepared = ordinal;
      this.#isFull = false;
    } catch (error) {
      if (!hasCode(error, 'ENOSPC')) throw error;
      this.#isFull = true;
    }
  }

  /** Prepares the next segment off this thread, if `ordinal` is not ready and nothing is under way. A full disk is left to `retry`. */
  prepare(ordinal: number): void {
    if (ordinal <= this.#prepared || this.#isPreparing || this.#isFull) return;
    this.#prepareNext();
  }

  /** Asks a disk that was full whether there is space by now. */
  retry(): void {
    if (!this.#isFull || this.#isPreparing || this.#disk.freeBytes(this.#folder) < this.#segmentBytes) return;
    this.#prepareNext();
  }

  /** Gives the segments after `last`, which are prepared and not begun, to another epoch. */
  raise(epoch: number, last: number): void {
    for (let ordinal = last + 1; ordinal <= this.#prepared; ordinal += 1) this.#rename(ordinal, this.#epoch, epoch);
    this.#epoch = epoch;
  }

  /** Removes what was prepared and not begun. */
  async giveBack(last: number): Promise<void> {
    if (this.#isPreparing) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    for (let ordinal = last + 1; ordinal <= this.#prepared; ordinal += 1) {
      this.#disk.remove(join(this.#folder, segmentName(ordinal, this.#epoch)));
    }
    this.#prepared = last;
  }

  #prepareNext(): void {
    const next = this.#prepared + 1;
    const epoch = this.#epoch;
    this.#isPreparing = true;
    this.#disk.preallocateInBackground(this.#folder, segmentName(next, epoch), this.#segmentBytes, (error) => {
      this.#isPreparing = false;
      this.#isFull = error !== null && hasCode(error, 'ENOSPC');
      if (error === null) {
        this.#prepared = next;
        if (epoch !== this.#epoch) this.#rename(next, epoch);
      } else if (!this.#isFull) this.#onFailure(error);
      this.#onIdle?.();
    });
  }

  #rename(ordinal: number, from: number, to = this.#epoch): void {
    const [before, after] = [from, to].map((epoch) => join(this.#folder, segmentName(ordinal, epoch)));
    this.#disk.rename(before as string, after as string);
    this.#disk.syncFolder(this.#folder);
  }
}
