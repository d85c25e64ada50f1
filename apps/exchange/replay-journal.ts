import { type Disk, inspectJournal, type JournalReport, SnapshotStore } from '@base/journal';
import { digest, unsoundness } from '@core/matching';
import { Replay } from './replay.js';

export interface Replayed {
  readonly report: JournalReport;
  readonly commands: number;
  readonly lastSequence: number;
  readonly seconds: number;
  readonly eventBytes: number;
  /** Of the engine's state. */
  readonly digest: string;
  /** What is wrong with the books, or null. */
  readonly unsound: string | null;
}

/**
 * Applies a whole journal, archive included, to this isolate's engine, without changing a file: from nothing, or as a recovery does, from the
 * newest sound snapshot. Takes the engine over.
 */
export function replayJournal(disk: Disk, folder: string, from: 'nothing' | 'snapshot' = 'nothing'): Replayed {
  const startedAt = performance.now();
  let eventBytes = 0;
  const replay = new Replay(
    (_, length) => (eventBytes += length),
    () => undefined,
  );
  if (from === 'snapshot') restoreNewest(new SnapshotStore(disk, folder), replay);
  const report = inspectJournal(disk, folder, (frame) => replay.apply(frame));
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    report,
    commands: replay.commands,
    lastSequence: replay.sequence,
    seconds,
    eventBytes,
    digest: digest(),
    unsound: unsoundness(),
  };
}

function restoreNewest(snapshots: SnapshotStore, replay: Replay): void {
  for (const sequence of snapshots.sequences()) {
    const snapshot = snapshots.read(sequence);
    if (!('fault' in snapshot) && replay.restore(snapshot)) return;
  }
}
