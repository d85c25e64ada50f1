import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Frame, JournalFault, inspectJournal, RecordBatch } from './index.js';
import { seededRandom, SimulatedDisk, SteppedThread } from './testing/index.js';
import { crc32c } from './crc32c.js';
import { FRAME, FRAME_HEADER_BYTES, putU64, SEGMENT_HEADER_BYTES } from './format.js';
import { HOME, RECORD_BYTES, ToyVenue } from './testing/toy.js';

let disk: SimulatedDisk;
beforeEach(() => {
  disk = new SimulatedDisk(seededRandom(1));
});

const segments = (): string[] => disk.paths().filter((path) => path.endsWith('.segment'));

describe('a journal', () => {
  test('gives back what was committed, over many segments and openings', async () => {
    let digest = 0;
    for (let life = 1; life <= 4; life += 1) {
      const venue = new ToyVenue({ disk });
      expect(venue.machine.digest).toBe(digest);
      expect(venue.journal.epoch).toBe(life);
      expect(venue.recovery.nextSequence).toBe((life - 1) * 300 + 1);
      for (let round = 0; round < 100; round += 1) venue.record(1 + (round % 5));
      expect(venue.acknowledged).toBe(life * 300);
      ({ digest } = venue.machine);
      await venue.journal.close();
    }
    expect(segments().length).toBeGreaterThan(8);
    const report = inspectJournal(disk, HOME);
    expect(report).toMatchObject({ firstSequence: 1, lastSequence: 1200, mark: { epoch: 4, sequence: 1200 } });
    expect(report.damage ?? report.tornTail).toBeUndefined();
    expect(report.segments.reduce((sum, { frames }) => sum + frames, 0)).toBe(400);
  });

  test('of version 1, which had no packed frames, is read as well', () => {
    const venue = new ToyVenue({ disk });
    venue.record(3);
    const [path] = segments();
    const bytes = disk.contents(path as string);
    const words = new Int32Array(bytes.buffer);
    const seal = (from: number, to: number): number => (words[from / 4] = crc32c(bytes, words, from + 4, to));
    words[3] = 1;
    words[(SEGMENT_HEADER_BYTES >> 2) + FRAME.chain] = seal(0, SEGMENT_HEADER_BYTES);
    seal(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES + 3 * RECORD_BYTES);
    disk.replace(path as string, bytes);
    expect(new ToyVenue({ disk }).machine).toMatchObject({ sequence: 3, digest: venue.machine.digest });
    words[3] = 3;
    seal(0, SEGMENT_HEADER_BYTES);
    disk.replace(path as string, bytes);
    expect(() => new ToyVenue({ disk })).toThrow('version');
  });

  test('syncs once for all that is waiting', () => {
    const venue = new ToyVenue({ disk });
    venue.record(1);
    const before = disk.operations;
    for (let batch = 0; batch < 5; batch += 1) venue.tell(2);
    expect(venue.acknowledged).toBe(1);
    venue.journal.commit();
    expect(venue.acknowledged).toBe(11);
    expect(disk.operations - before).toBe(2);
  });

  test('refuses batches that do not follow, are empty, odd or too large', () => {
    const venue = new ToyVenue({ disk });
    venue.record(3);
    venue.machine.sequence = 7;
    expect(() => venue.tell(1)).toThrow('records 8 to 8 do not follow record 3');
    venue.machine.sequence = 3;
    expect(() => venue.tell(0)).toThrow(RangeError);
    expect(() => venue.tell(42)).toThrow('larger than the ring or a segment takes');
    expect(venue.tell(1)).toBe('taken');
  });

  test.each([false, true])('appending allocates nothing, packed: %s', (isPacked) => {
    const never = new SteppedThread(disk);
    const megabyte = 1024 * 1024;
    const sizes = { segmentBytes: 16 * megabyte, ringBytes: 16 * megabyte };
    const { journal } = new ToyVenue({ disk, mode: 'thread', startThread: never.start, ...sizes });
    const batch = new RecordBatch(24);
    batch.length = 24;
    const words = new Int32Array(batch.bytes.buffer);
    words[0] = isPacked ? 24 : 0;
    const append = (times: number): void => {
      for (let time = 0; time < times; time += 1) {
        batch.firstSequence = batch.lastSequence = journal.nextSequence;
        batch.time = 1_800_000_000_000_000 + time;
        putU64(words, 2, batch.firstSequence);
        putU64(words, 4, batch.time);
        if (journal.append(batch) !== 'taken') throw new Error('it was not taken');
        journal.commit();
      }
    };
    append(100_000);
    // The compiler and the test runner allocate beside it now and then, but not every time.
    const perAppend = Array.from({ length: 5 }, () => {
      const before = process.memoryUsage().heapUsed;
      append(10_000);
      return (process.memoryUsage().heapUsed - before) / 10_000;
    });
    expect(Math.min(...perAppend.map(Math.abs))).toBeLessThan(8);
  });

  test('is read by a follower while it is written, as far as it is durable', () => {
    const venue = new ToyVenue({ disk });
    for (let round = 0; round < 20; round += 1) venue.record(3);
    const cursor = venue.journal.readFrom(31);
    const seen: number[] = [];
    const take = ({ firstSequence, lastSequence }: Frame): void => void seen.push(firstSequence, lastSequence);
    while (cursor.next()) take(cursor.frame);
    for (let round = 0; round < 100; round += 1) {
      venue.tell(3);
      expect(cursor.next()).toBe(false);
      venue.journal.commit();
      while (cursor.next()) take(cursor.frame);
    }
    cursor.close();
    expect(seen).toEqual(Array.from({ length: 110 }, (_, index) => [31 + index * 3, 33 + index * 3]).flat());
    expect(new Set(segments()).size).toBeGreaterThan(5);
  });

  test('A18: a second process is refused while the first may be alive, and takes over when it is gone', async () => {
    const isAlive = (other: string): boolean => other === 'first';
    const first = new ToyVenue({ disk, process: { self: 'first', isAlive } });
    first.record(5);
    const open = (): ToyVenue => new ToyVenue({ disk, process: { self: 'second', isAlive } });
    expect(open).toThrow(expect.objectContaining({ code: 'locked', message: expect.stringContaining('first') }));
    await first.journal.close();
    // Whoever removes the lock of a process that is certainly gone does not bring an epoch back.
    disk.remove(`${HOME}/0000000001.epoch`);
    const second = open();
    expect(second.machine.sequence).toBe(5);
    expect(second.journal.epoch).toBe(2);
  });

  test('A18: what a writer that was taken over goes on writing counts for nothing, and it is told', () => {
    const first = new ToyVenue({ disk });
    for (let round = 0; round < 5; round += 1) first.record(2);
    const second = new ToyVenue({ disk });
    first.record(7, { salt: 666 });
    first.journal.keepHouse();
    first.record(1, { salt: 666 });
    first.journal.keepHouse();
    first.journal.keepHouse();
    expect(first.fatal).toMatchObject({ code: 'fenced' });
    expect(() => first.tell(1)).toThrow(JournalFault);
    expect(new ToyVenue({ disk }).machine.digest).toBe(second.machine.digest);
    const third = new ToyVenue({ disk });
    third.record(4);
    const { digest } = third.machine;
    expect(new ToyVenue({ disk }).machine.digest).toBe(digest);
  });

  test('a standby begins behind a snapshot and is promoted without closing', () => {
    const primary = new ToyVenue({ disk });
    primary.record(20);
    const standbyDisk = new SimulatedDisk(seededRandom(2));
    const standby = new ToyVenue({ disk: standbyDisk });
    Object.assign(standby.machine, { sequence: 20, digest: primary.machine.digest });
    expect(() => standby.journal.startAfter(20)).toThrow('there is no snapshot after record 20');
    standby.snapshot();
    const crashed = new SimulatedDisk(seededRandom(3));
    for (const path of standbyDisk.paths()) crashed.replace(path, standbyDisk.contents(path));
    expect(new ToyVenue({ disk: crashed }).machine).toMatchObject({ sequence: 20, digest: primary.machine.digest });
    standby.journal.startAfter(20);
    for (let round = 0; round < 4; round += 1) standby.record(10);
    expect(standby.journal.promote(7)).toBe(7);
    expect(standby.journal.promote()).toBe(8);
    for (let round = 0; round < 4; round += 1) standby.record(10);
    const again = new ToyVenue({ disk: standbyDisk });
    expect(again.machine).toMatchObject({ sequence: 100, digest: standby.machine.digest });
    expect(again.journal.epoch).toBe(9);
    expect(() => again.journal.startAfter(200)).toThrow('only an empty journal');
  });
});
