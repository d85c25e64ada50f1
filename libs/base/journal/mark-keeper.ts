import { type Disk } from './disk.js';
import { type MarkFile, refuseWhenFenced } from './durable-mark.js';

/** Ticks after which the mark is written although records keep coming; they carry the mark themselves meanwhile. */
const LONGEST_WAIT_TICKS = 40;

/**
 * Writes the mark behind the journal's back: when nothing has become durable for a tick, or after `LONGEST_WAIT_TICKS`. It costs a
 * sync of its own only then, off the caller's thread.
 */
export class MarkKeeper {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #file: MarkFile;
  readonly #onFailure: (error: Error) => void;
  #epoch: number;
  #epochFirstSequence: number;
  #written: number;
  #seen: number;
  #waited = 0;
  #isWriting = false;
  #onIdle: (() => void) | undefined;

  constructor(
    place: { disk: Disk; folder: string; epoch: number },
    file: MarkFile,
    nextSequence: number,
    onFailure: (error: Error) => void,
  ) {
    this.#disk = place.disk;
    this.#folder = place.folder;
    this.#epoch = place.epoch;
    this.#file = file;
    this.#epochFirstSequence = nextSequence;
    this.#written = nextSequence - 1;
    this.#seen = nextSequence - 1;
    this.#onFailure = onFailure;
  }

  tick(durable: number): void {
    const isIdle = durable === this.#seen;
    this.#seen = durable;
    this.#waited += 1;
    if (durable === this.#written || this.#isWriting) return;
    if (!isIdle && this.#waited < LONGEST_WAIT_TICKS) return;
    try {
      refuseWhenFenced(this.#disk, this.#folder, this.#epoch);
    } catch (error) {
      this.#onFailure(error as Error);
      return;
    }
    this.#isWriting = true;
    this.#waited = 0;
    this.#file.writeInBackground(this.#markAt(durable), (error) => {
      this.#isWriting = false;
      if (error === null) this.#written = durable;
      else this.#onFailure(error);
      this.#onIdle?.();
    });
  }

  /** Begins an epoch: durable when it returns. */
  raise(epoch: number, nextSequence: number): void {
    this.#epoch = epoch;
    this.#epochFirstSequence = nextSequence;
    this.writeNow(nextSequence - 1);
  }

  writeNow(durable: number): void {
    refuseWhenFenced(this.#disk, this.#folder, this.#epoch);
    this.#file.write(this.#markAt(durable));
    this.#written = durable;
    this.#seen = durable;
  }

  /** When no write is under way any more. */
  async idle(): Promise<void> {
    if (this.#isWriting) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  close(): void {
    this.#file.close();
  }

  #markAt(sequence: number): { epoch: number; epochFirstSequence: number; sequence: number } {
    return { epoch: this.#epoch, epochFirstSequence: this.#epochFirstSequence, sequence };
  }
}
