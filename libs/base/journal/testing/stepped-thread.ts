import { type CommitThread, type StartThread, type ThreadEvents } from '../commit-thread.js';
import { takeTurn } from '../commit-turn.js';
import { type Disk } from '../disk.js';
import { OWNER, type Ring } from '../ring.js';
import { SegmentWriter } from '../segment-writer.js';

/** The journal's second thread, run by hand on the same one: it gets on only when it is told to. */
export class SteppedThread {
  readonly start: StartThread;
  #step: (() => void) | undefined;

  constructor(disk: Disk) {
    this.start = (ring: Ring, folder: string, events: ThreadEvents): CommitThread => {
      const writer = new SegmentWriter(disk, folder, ring);
      this.#step = () => {
        try {
          takeTurn(ring, writer, OWNER.thread, () => events.progress());
        } catch (error) {
          events.failure(error as Error);
        }
      };
      return {
        stop: () => {
          this.#step = undefined;
          writer.close();
          return Promise.resolve();
        },
      };
    };
  }

  step(): void {
    this.#step?.();
  }
}
