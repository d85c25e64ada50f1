import { beforeEach, describe, expect, test } from '@jest/globals';
import { JournalFault } from './index.js';
import { seededRandom, SimulatedDisk, SteppedThread } from './testing/index.js';
import { HOME, ToyVenue } from './testing/toy.js';

let disk: SimulatedDisk;
beforeEach(() => {
  disk = new SimulatedDisk(seededRandom(1));
});

const used = (): number => disk.paths().reduce((sum, path) => sum + disk.contents(path).length, 0);
/** Appends and commits until the answer is another one; how many records it took. */
function fill(venue: ToyVenue, isReserved: boolean): { answer: string; taken: number } {
  for (let taken = 0; taken < 10_000; taken += 1) {
    const answer = venue.tell(1, { isReserved });
    if (answer !== 'taken') return { answer, taken };
    venue.journal.commit();
  }
  throw new Error('the disk is never full');
}

describe('a full disk', () => {
  test('A11: appends are refused, the reserve serves until it is used up, nothing is lost, and it goes on when there is space', () => {
    const venue = new ToyVenue({ disk });
    venue.record(10);
    // No further segment fits: the two that are prepared are all there is.
    disk.capacity = used() + 1000;
    expect(fill(venue, false)).toMatchObject({ answer: 'full' });
    expect(venue.tell(1)).toBe('full');
    const cancels = fill(venue, true);
    expect(cancels.answer).toBe('full');
    // A frame with one record takes 80 bytes, and the reserve of these specs is 256.
    expect(cancels.taken).toBeGreaterThanOrEqual(Math.floor(256 / 80));
    expect(venue.acknowledged).toBe(venue.machine.sequence);
    const { digest, sequence } = venue.machine;
    expect(new ToyVenue({ disk: copyOf(disk) }).machine).toMatchObject({ digest, sequence });

    disk.capacity = Infinity;
    venue.journal.keepHouse();
    venue.record(21);
    expect(venue.fatal).toBeUndefined();
    const again = new ToyVenue({ disk });
    expect(again.machine).toMatchObject({ digest: venue.machine.digest, sequence: sequence + 21 });
  });

  test('A11: a write that finds no space leaves the batch waiting; it becomes durable when there is some', () => {
    const venue = new ToyVenue({ disk });
    venue.record(3);
    disk.fail('write', 'ENOSPC', 2);
    expect(venue.tell(2)).toBe('taken');
    venue.journal.commit();
    expect(venue.acknowledged).toBe(3);
    expect([venue.tell(1), venue.tell(1, { isReserved: true })]).toEqual(['full', 'full']);
    expect(venue.journal.settle()).toBe(false);
    venue.journal.keepHouse();
    expect(venue.acknowledged).toBe(5);
    venue.record(4);
    expect(new ToyVenue({ disk }).machine.digest).toBe(venue.machine.digest);
  });

  test('A11: a journal opens on a full disk, with nothing to spare', async () => {
    const before = new ToyVenue({ disk });
    before.record(5);
    await before.journal.close();
    disk.capacity = used() + 1000;
    const venue = new ToyVenue({ disk });
    expect(venue.machine.digest).toBe(before.machine.digest);
    expect([venue.tell(1), venue.tell(1, { isReserved: true })]).toEqual(['full', 'full']);
    disk.capacity = Infinity;
    venue.journal.keepHouse();
    venue.record(1);
  });
});

describe('a failing disk', () => {
  test.each(['inline', 'thread'] as const)(
    'A12: a sync that fails once ends the journal at once (%s); nothing of that batch is acknowledged, and no sync is tried again',
    (mode) => {
      const thread = new SteppedThread(disk);
      const venue = new ToyVenue({ disk, mode, startThread: thread.start });
      const commit = (): void => {
        venue.journal.commit();
        thread.step();
        venue.journal.poll();
      };
      venue.tell(3);
      commit();
      expect(venue.acknowledged).toBe(3);
      disk.fail('sync', 'EIO');
      venue.tell(2);
      commit();
      expect(venue.fatal).toMatchObject({ code: 'disk_failed' });
      expect(venue.acknowledged).toBe(3);
      const { operations } = disk;
      expect(() => venue.tell(1)).toThrow(JournalFault);
      commit();
      venue.journal.keepHouse();
      expect(() => venue.journal.settle()).toThrow(JournalFault);
      expect(disk.operations).toBe(operations);
      expect(venue.acknowledged).toBe(3);
      disk.restart();
      expect([3, 5]).toContain(new ToyVenue({ disk }).machine.sequence);
    },
  );

  test('A12: so does a mark or a prepared segment that cannot be written', () => {
    const idle = new ToyVenue({ disk });
    idle.record(1);
    disk.fail('background', 'EIO');
    idle.journal.keepHouse();
    idle.journal.keepHouse();
    expect(idle.fatal).toMatchObject({ code: 'disk_failed' });
    const busy = new ToyVenue({ disk });
    disk.fail('preallocate', 'EIO');
    // The next segment is prepared when half of this one is used.
    for (let record = 0; record < 200 && busy.fatal === undefined; record += 1) busy.record(1);
    expect(busy.fatal).toMatchObject({ code: 'disk_failed' });
  });

  test('A13: while a sync takes for ever, appends are refused at a bound, and no memory grows', () => {
    const thread = new SteppedThread(disk);
    const venue = new ToyVenue({ disk, mode: 'thread', startThread: thread.start, segmentBytes: 16_384 });
    let taken = 0;
    let answer = venue.tell(4);
    for (; answer === 'taken'; answer = venue.tell(4)) {
      taken += 1;
      venue.journal.commit();
    }
    expect(answer).toBe('busy');
    expect(venue.journal.pendingBytes).toBeLessThanOrEqual(2048);
    expect(taken).toBe(Math.floor(2048 / (56 + 4 * 24)));
    for (let round = 0; round < 1000; round += 1) expect(venue.tell(4)).toBe('busy');
    expect(venue.acknowledged).toBe(0);
    thread.step();
    venue.journal.poll();
    expect(venue.acknowledged).toBe(taken * 4);
    expect(venue.tell(4)).toBe('taken');
  });

  test('A13: while a segment is being prepared for ever, appends wait for it and are not lost', () => {
    disk.isBackgroundHeld = true;
    const venue = new ToyVenue({ disk });
    expect(fill(venue, false).answer).toBe('busy');
    expect(fill(venue, true).answer).toBe('busy');
    disk.runBackground();
    expect(venue.tell(1)).toBe('taken');
    venue.journal.commit();
    expect(new ToyVenue({ disk }).machine.digest).toBe(venue.machine.digest);
  });
});

describe('inline and thread', () => {
  test('the adaptive journal writes little inline and leaves much to the thread, and no batch is written twice or left', () => {
    const thread = new SteppedThread(disk);
    const venue = new ToyVenue({
      disk,
      mode: 'adaptive',
      startThread: thread.start,
      segmentBytes: 256 * 1024,
      ringBytes: 64 * 1024,
    });
    venue.record(1);
    expect(venue.acknowledged).toBe(1);
    for (let round = 0; round < 20; round += 1) venue.tell(40);
    venue.journal.commit();
    expect(venue.acknowledged).toBe(1);
    thread.step();
    expect(venue.acknowledged).toBe(801);
    let inline = 0;
    for (let round = 0; round < 40; round += 1) {
      venue.record(1);
      if (venue.acknowledged === venue.machine.sequence) inline += 1;
      thread.step();
      expect(venue.acknowledged).toBe(venue.machine.sequence);
    }
    expect(inline).toBe(40 - 15);
    expect(new ToyVenue({ disk, segmentBytes: 256 * 1024 }).machine.digest).toBe(venue.machine.digest);
  });
});

function copyOf(from: SimulatedDisk): SimulatedDisk {
  const copy = new SimulatedDisk(seededRandom(2));
  for (const path of from.paths()) if (path.startsWith(HOME)) copy.replace(path, from.contents(path));
  return copy;
}
