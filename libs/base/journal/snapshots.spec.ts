import { beforeEach, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { inspectJournal } from './index.js';
import { seededRandom, SimulatedDisk } from './testing/index.js';
import { HOME, ToyMachine, ToyVenue } from './testing/toy.js';

let disk: SimulatedDisk;
beforeEach(() => {
  disk = new SimulatedDisk(seededRandom(1));
});

const pathOf = (sequence: number): string => join(HOME, 'snapshots', `${String(sequence).padStart(16, '0')}.snapshot`);
const inArchive = (): string[] => disk.paths().filter((path) => path.startsWith(join(HOME, 'archive')));

/** Snapshots after records 20 and 40, and 50 records. */
function twoSnapshots(): ToyVenue {
  const venue = new ToyVenue({ disk });
  for (let snapshot = 1; snapshot <= 2; snapshot += 1) {
    venue.record(10);
    venue.record(10);
    venue.snapshot();
  }
  venue.record(10);
  return venue;
}

describe('snapshots', () => {
  test('recovery takes the newest and the records behind it', () => {
    const { machine } = twoSnapshots();
    const again = new ToyVenue({ disk });
    expect(again.machine).toMatchObject({ sequence: 50, digest: machine.digest });
    expect(again.recovery).toMatchObject({ snapshotSequence: 40, frames: 1, damagedSnapshots: [] });
    expect([...again.machine.seen.keys()][0]).toBe(41);
  });

  test('A7: every byte of the newest flipped, or lost from its end: the one before and the journal give the same state', () => {
    const { machine } = twoSnapshots();
    const files = new Map(disk.paths().map((path) => [path, disk.contents(path)]));
    const bytes = files.get(pathOf(40)) as Uint8Array;
    const changes = Array.from({ length: bytes.length }, (_, at) => [
      bytes.with(at, (bytes[at] as number) ^ (1 << ((at * 5) % 8))),
      bytes.slice(0, at),
    ]).flat();
    for (const changed of [...changes, Uint8Array.from([...bytes, 0])]) {
      const copy = new SimulatedDisk(seededRandom(1));
      for (const [path, contents] of files) copy.replace(path, path === pathOf(40) ? changed : contents);
      const again = new ToyVenue({ disk: copy });
      expect(again.machine).toMatchObject({ sequence: 50, digest: machine.digest });
      expect(again.recovery.snapshotSequence).toBe(20);
      expect(again.lines[0]).toContain('0000000000000040.snapshot');
      expect(copy.contents(pathOf(40))).toEqual(changed);
    }
    expect(changes.length).toBeGreaterThan(200);
  });

  test('A7: one that never got its name is none, and the next takes its place', () => {
    const venue = twoSnapshots();
    disk.rename(pathOf(40), join(HOME, 'snapshots', 'incoming'));
    const again = new ToyVenue({ disk });
    expect(again.machine.digest).toBe(venue.machine.digest);
    expect(again.recovery.snapshotSequence).toBe(20);
    again.snapshot();
    expect(new ToyVenue({ disk }).recovery).toMatchObject({ snapshotSequence: 50, frames: 0, nextSequence: 51 });
  });

  test('A7: with all of them damaged, the journal is replayed from its beginning, out of the archive too', () => {
    const venue = new ToyVenue({ disk });
    for (let round = 0; round < 12; round += 1) {
      venue.record(20);
      venue.snapshot();
    }
    expect(inArchive().filter((path) => path.endsWith('.segment')).length).toBeGreaterThan(1);
    for (const sequence of [200, 220, 240]) disk.replace(pathOf(sequence), new Uint8Array(77));
    const again = new ToyVenue({ disk });
    expect(again.machine.digest).toBe(venue.machine.digest);
    expect(again.recovery).toMatchObject({ snapshotSequence: 0, frames: 12 });
    expect(again.recovery.damagedSnapshots).toHaveLength(3);
    for (const path of inArchive().filter((path) => path.endsWith('.segment'))) disk.remove(path);
    expect(() => new ToyVenue({ disk })).toThrow(expect.objectContaining({ code: 'no_starting_point' }));
  });

  test('A8: one whose version the caller does not take is passed over', () => {
    twoSnapshots();
    const again = new ToyVenue({ disk, takes: ({ sequence }) => sequence < 40 });
    expect(again.recovery.damagedSnapshots).toEqual([{ name: '0000000000000040.snapshot', fault: 'was not accepted' }]);
    expect(again.recovery.snapshotSequence).toBe(20);
  });

  test('gets its name only when the journal is durable up to it', () => {
    const venue = new ToyVenue({ disk });
    venue.record(5);
    venue.tell(5);
    let isDone = false;
    venue.snapshot(() => (isDone = true));
    expect(disk.paths()).not.toContain(pathOf(10));
    expect(() => venue.snapshot()).toThrow('a snapshot is being written already');
    venue.journal.commit();
    expect(disk.paths()).toContain(pathOf(10));
    expect(isDone).toBe(true);
    venue.snapshot();
  });

  test('three are kept; segments wholly before them, and older snapshots, go to the archive and are still read', async () => {
    const venue = new ToyVenue({ disk });
    for (let round = 0; round < 30; round += 1) {
      venue.record(10);
      if (round % 5 === 4) venue.snapshot();
    }
    const kept = disk.paths().filter((path) => path.endsWith('.snapshot') && !path.includes('archive'));
    expect(kept).toEqual([200, 250, 300].map(pathOf));
    expect(inArchive().filter((path) => path.endsWith('.snapshot'))).toHaveLength(3);
    await venue.journal.close();
    const report = inspectJournal(disk, HOME);
    expect(report).toMatchObject({ firstSequence: 1, lastSequence: 300 });
    expect(report.damage ?? report.tornTail).toBeUndefined();
    const archived = report.segments.filter(({ isArchived }) => isArchived);
    expect(archived.length).toBeGreaterThan(1);
    expect(archived.at(-1)?.lastSequence).toBeLessThanOrEqual(200);
    const cursor = new ToyVenue({ disk }).journal.readFrom(1);
    const replayed = new ToyMachine();
    while (cursor.next()) replayed.replay(cursor.frame);
    expect(replayed).toMatchObject({ sequence: 300, digest: venue.machine.digest });
  });

  test('a full disk costs the snapshot and nothing else', () => {
    const venue = twoSnapshots();
    const errors: (Error | null)[] = [];
    disk.fail('write', 'ENOSPC');
    expect(() => venue.snapshot()).toThrow('ENOSPC');
    disk.fail('sync', 'ENOSPC');
    venue.snapshot((error) => errors.push(error));
    expect(errors).toEqual([expect.objectContaining({ code: 'ENOSPC' })]);
    venue.record(3);
    venue.snapshot((error) => errors.push(error));
    expect(errors[1]).toBeNull();
    expect(new ToyVenue({ disk }).machine.digest).toBe(venue.machine.digest);
  });
});
