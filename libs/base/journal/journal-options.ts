import { type StartThread } from './commit-thread.js';
import { type Disk } from './disk.js';
import { type ProcessIdentity, thisProcess } from './epoch-lock.js';
import { type JournalFault } from './faults.js';
import { NodeDisk } from './node-disk.js';

/**
 * inline: the calling thread writes and syncs in `commit`. thread: a second thread does while the caller goes on. adaptive: inline while
 * little is waiting, which saves two hops between threads; the thread when batches fill.
 */
export type CommitMode = 'inline' | 'thread' | 'adaptive';

/** busy: the disk has not kept up; try again in a later turn of the event loop, in which its progress arrives. full: the disk has no space, the reserve aside. */
export type AppendAnswer = 'taken' | 'busy' | 'full';

export interface JournalOptions {
  readonly folder: string;
  /** Everything up to `sequence` is durable and may be acknowledged. Called from `commit`, `poll` and between turns of the event loop. */
  readonly onDurable: (sequence: number) => void;
  /** The journal cannot go on and nothing more may be acknowledged: end the process. */
  readonly onFatal: (fault: JournalFault) => void;
  /** What an operator should read: a cut tail, a snapshot passed over. */
  readonly say: (line: string) => void;
  readonly mode?: CommitMode;
  readonly segmentBytes?: number;
  /** A power of two; at most half of it is one batch. What is not yet durable fits in here, or `append` says busy. */
  readonly ringBytes?: number;
  /** Prepared space that only `appendReserved` may use. */
  readonly reserveBytes?: number;
  readonly snapshotsKept?: number;
  /** Records up to here were acknowledged, as is known from outside: the settlement's cursor. */
  readonly outsideMark?: number;
  /** A promoted standby: above the epoch of the primary it replaces. */
  readonly epochAtLeast?: number;
  /** Open although the mark is gone. Whether the journal's end is whole is then not known. */
  readonly acceptMissingMark?: boolean;
  /** How often the mark is looked after; 0 when the caller calls `keepHouse` himself. */
  readonly housekeepingMs?: number;
  readonly disk?: Disk;
  readonly process?: ProcessIdentity;
  readonly startThread?: StartThread;
}

const DEFAULTS = {
  mode: 'adaptive' as CommitMode,
  segmentBytes: 64 * 1024 * 1024,
  ringBytes: 8 * 1024 * 1024,
  reserveBytes: 4 * 1024 * 1024,
  snapshotsKept: 3,
  outsideMark: 0,
  epochAtLeast: 1,
  acceptMissingMark: false,
  housekeepingMs: 25,
};

export type Settings = Required<Omit<JournalOptions, 'startThread'>> & Pick<JournalOptions, 'startThread'>;

/** @throws RangeError for sizes that do not go together */
export function withDefaults(options: JournalOptions): Settings {
  const settings = { ...DEFAULTS, disk: new NodeDisk(), process: thisProcess, ...options };
  const { segmentBytes, reserveBytes } = settings;
  if (segmentBytes % 8 !== 0 || segmentBytes < 512 || segmentBytes > 2 ** 30) {
    throw new RangeError('a segment has 512 bytes to 1 GiB, a multiple of eight');
  }
  if (reserveBytes * 2 > segmentBytes) throw new RangeError('the reserve is at most half a segment');
  return settings;
}
