import { join } from 'node:path';
import { type Disk, type Done } from './disk.js';
import { segmentName } from './format.js';
import { ARCHIVE } from './segments.js';
import { type IncomingSnapshot, type SnapshotMeta, type SnapshotStore } from './snapshots.js';

/** A snapshot that is being written. Between two pieces trading goes on; the state must be the one after `meta.sequence`. */
export interface SnapshotInProgress {
  /** Takes the next piece, which may be used again afterwards. @throws what the disk throws, after which it is abandoned */
  write(piece: Uint8Array): void;
  /** Off this thread; `done` is told when the snapshot has its name, or why it has none. */
  commit(done: Done): void;
  abandon(): void;
}

export interface LiveSegment {
  readonly ordinal: number;
  readonly epoch: number;
  readonly firstSequence: number;
}

/** Takes snapshots one at a time, names them when the journal has caught up, and archives what they made needless. */
export class SnapshotDesk {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #store: SnapshotStore;
  readonly #keep: number;
  /** Sequences of snapshots that are whole as far as is known. */
  readonly #sound: number[];
  /** Segments in use, in order, without those in the archive. */
  readonly #live: LiveSegment[];
  #incoming: IncomingSnapshot | undefined;
  #waiting: { snapshot: IncomingSnapshot; done: Done } | undefined;

  constructor(
    place: { disk: Disk; folder: string; keep: number },
    store: SnapshotStore,
    known: { sound: number[]; live: LiveSegment[] },
  ) {
    this.#disk = place.disk;
    this.#folder = place.folder;
    this.#keep = place.keep;
    this.#store = store;
    this.#sound = known.sound;
    this.#live = known.live;
  }

  segmentBegins(segment: LiveSegment): void {
    this.#live.push(segment);
  }

  begin(meta: SnapshotMeta, epoch: number, onFinished: () => void): SnapshotInProgress {
    if (this.#incoming !== undefined) throw new Error('a snapshot is being written already');
    const snapshot = this.#store.begin(meta, epoch);
    this.#incoming = snapshot;
    const leave = (): void => {
      if (this.#incoming === snapshot) this.#incoming = undefined;
    };
    const abandon = (): void => {
      leave();
      snapshot.abandon();
    };
    return {
      abandon,
      write: (piece) => {
        try {
          snapshot.write(piece);
        } catch (error) {
          abandon();
          throw error;
        }
      },
      commit: (done) => {
        const end: Done = (error) => {
          leave();
          done(error);
        };
        snapshot.finish((error) => {
          if (error !== null) return end(error);
          this.#waiting = { snapshot, done: end };
          onFinished();
        });
      },
    };
  }

  /** Names the snapshot that waits for the journal, if `durable` has reached it. */
  publish(durable: number): void {
    if (this.#waiting === undefined || this.#waiting.snapshot.meta.sequence > durable) return;
    const { snapshot, done } = this.#waiting;
    this.#waiting = undefined;
    snapshot.publish((error) => {
      if (error === null) {
        this.#sound.push(snapshot.meta.sequence);
        this.#archive();
      }
      done(error);
    });
  }

  /** Moves segments that lie wholly before the oldest snapshot that is kept, and snapshots older than that. Nothing is deleted. */
  #archive(): void {
    this.#sound.sort((a, b) => b - a);
    this.#store.archiveOlder(this.#sound, this.#keep);
    this.#sound.splice(this.#keep);
    const oldest = this.#sound[this.#keep - 1];
    if (oldest === undefined) return;
    while ((this.#live[1]?.firstSequence ?? Infinity) <= oldest + 1) {
      const { ordinal, epoch } = this.#live.shift() as LiveSegment;
      const name = segmentName(ordinal, epoch);
      // Not synced: whether it is found here or there after a crash makes no difference.
      this.#disk.rename(join(this.#folder, name), join(this.#folder, ARCHIVE, name));
    }
  }
}
