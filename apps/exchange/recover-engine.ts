import { type Journal } from '@base/journal';
import { type EventRing } from './event-ring.js';
import { Replay } from './replay.js';

export interface Recovered {
  readonly lastTime: number;
  readonly sessionsUsed: number;
  /** The command that the snapshot stands at; 0 without one. */
  readonly snapshotSequence: number;
  /** Commands replayed after it. */
  readonly commands: number;
  readonly perSecond: number;
}

const PROGRESS_MS = 1_000;

/**
 * Puts the engine where the journal ends: newest snapshot that is sound, and what came after it. The events of that are made again and are in
 * the ring, for links that were cut off. @throws JournalFault
 */
export function recoverEngine(journal: Journal, ring: EventRing, say: (line: string) => void): Recovered {
  const startedAt = performance.now();
  let toldAt = startedAt;
  const rate = (): number => Math.round(replay.commands / Math.max(0.001, (performance.now() - startedAt) / 1000));
  const replay = new Replay(
    (bytes, length) => ring.append(bytes, length),
    (lastSequence) => {
      ring.endBatch(lastSequence);
      if (performance.now() - toldAt < PROGRESS_MS) return;
      toldAt = performance.now();
      say(`recovering: command ${lastSequence}, ${rate()} commands/s`);
    },
  );
  const { nextSequence, snapshotSequence } = journal.recover({
    onSnapshot: (snapshot) => {
      if (!replay.restore(snapshot)) return false;
      ring.startAfter(snapshot.sequence);
      return true;
    },
    onRecords: (frame) => replay.apply(frame),
  });
  const { lastTime, sessionsUsed, commands } = replay;
  const tail = commands > 0 ? `, then ${commands} commands at ${rate()} commands/s` : '';
  const from = snapshotSequence > 0 ? `from the snapshot of command ${snapshotSequence}` : 'from the beginning';
  say(`recovered to command ${nextSequence - 1} ${from}${tail}`);
  return { lastTime, sessionsUsed, snapshotSequence, commands, perSecond: commands > 0 ? rate() : 0 };
}
