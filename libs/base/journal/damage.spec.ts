import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { join } from 'node:path';
import { crc32c } from './crc32c.js';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './format.js';
import { inspectJournal, JournalFault } from './index.js';
import { seededRandom, SimulatedDisk } from './testing/index.js';
import { HOME, ToyVenue } from './testing/toy.js';

let disk: SimulatedDisk;
beforeEach(() => {
  disk = new SimulatedDisk(seededRandom(1));
});

type Files = ReadonlyMap<string, Uint8Array>;
const filesOf = (from: SimulatedDisk): Files => new Map(from.paths().map((path) => [path, from.contents(path)]));

/** A disk that holds these files, one of them changed. */
function diskWith(files: Files, changed?: { path: string; bytes: Uint8Array }): SimulatedDisk {
  const copy = new SimulatedDisk(seededRandom(1));
  for (const [path, bytes] of files) copy.replace(path, bytes);
  if (changed) copy.replace(changed.path, changed.bytes);
  return copy;
}

const segmentsOf = (files: Files): string[] => [...files.keys()].filter((path) => path.endsWith('.segment'));
const FIRST = join(HOME, '0000000001-0000000001.segment');
/** Frames end on a multiple of eight. */
const end = (bytes: Uint8Array): number => Math.ceil((bytes.findLastIndex((byte) => byte !== 0) + 1) / 8) * 8;

interface Made {
  files: Files;
  path: string;
  bytes: Uint8Array;
  /** Where each frame begins. */
  frames: [number, number, number];
  digests: Map<number, number>;
}

/** Records 1 to 9 in three frames, the second one packed, all acknowledged; the mark has followed if the journal `fellIdle`. */
function threeFrames({ fellIdle = false } = {}): Made {
  const venue = new ToyVenue({ disk, packedEvery: 2 });
  const frames: [number, number, number] = [64, 0, 0];
  for (const frame of [0, 1, 2] as const) {
    frames[frame] = Math.max(64, end(disk.contents(FIRST)));
    venue.record(3);
  }
  if (fellIdle) for (let tick = 0; tick < 2; tick += 1) venue.journal.keepHouse();
  return { files: filesOf(disk), path: FIRST, bytes: disk.contents(FIRST), frames, digests: venue.machine.seen };
}

const markedFrames = (): Made => threeFrames({ fellIdle: true });

const fault = (open: () => unknown): JournalFault => {
  try {
    open();
  } catch (error) {
    if (error instanceof JournalFault) return error;
    throw error;
  }
  throw new Error('it was opened');
};

describe('a torn tail', () => {
  test('A4: cut at every byte of the last frame, the journal ends with the frame before, once and with one line', () => {
    const { files, path, bytes, frames, digests } = threeFrames();
    const [, , last] = frames;
    for (let cut = last; cut < end(bytes); cut += 1) {
      for (const isFileShort of [true, false]) {
        const torn = bytes.slice(0, isFileShort ? cut : bytes.length).fill(0, cut);
        const copy = diskWith(files, { path, bytes: torn });
        const venue = new ToyVenue({ disk: copy });
        expect(venue.machine.digest).toBe(digests.get(6));
        const isAnythingThere = end(torn) > last;
        expect(venue.lines).toHaveLength(isAnythingThere ? 1 : 0);
        expect(venue.recovery.cut?.offset).toBe(isAnythingThere ? last : undefined);
        expect(copy.contents(path)).toHaveLength(last);
        venue.record(2);
        expect(new ToyVenue({ disk: copy }).lines).toEqual([]);
      }
    }
  });

  test('A4: a header torn at every byte is a segment that never began', () => {
    const venue = new ToyVenue({ disk });
    for (let segment = 1; segment <= 3; segment += 1) venue.record(40);
    const files = filesOf(disk);
    const path = segmentsOf(files)[1] as string;
    const bytes = files.get(path) as Uint8Array;
    expect(end(bytes)).toBeGreaterThan(800);
    for (let cut = 0; cut < 64; cut += 1) {
      const copy = diskWith(files, { path, bytes: bytes.slice().fill(0, cut) });
      copy.remove(segmentsOf(files)[2] as string);
      expect(new ToyVenue({ disk: copy }).machine.digest).toBe(venue.machine.seen.get(40));
    }
  });

  test.each([
    ['zeros', () => new Uint8Array(100)],
    ['garbage', () => Uint8Array.from({ length: 100 }, (_, index) => (index * 151 + 7) & 0xff)],
    ['the first frame again', ({ bytes, frames: [a, b] }) => bytes.slice(a, b)],
    ['the last frame again', ({ bytes, frames }) => bytes.slice(frames[2], end(bytes))],
    ['a segment header', ({ bytes }) => bytes.slice(0, 64)],
    ['ones', () => new Uint8Array(100).fill(0xff)],
  ] as const satisfies [string, (made: Made) => Uint8Array][])(
    'A5: %s behind it are not taken for records',
    (_, stale) => {
      const made = markedFrames();
      const { files, path, bytes, digests } = made;
      const whole = end(bytes);
      const behind = stale(made);
      const longer = new Uint8Array(whole + behind.length + 50);
      longer.set(bytes.subarray(0, whole));
      longer.set(behind, whole);
      const venue = new ToyVenue({ disk: diskWith(files, { path, bytes: longer }) });
      expect(venue.machine).toMatchObject({ sequence: 9, digest: digests.get(9) });
      expect(venue.recovery.cut?.offset).toBe(end(behind) === 0 ? undefined : whole);
    },
  );

  test('A5: a frame of an older epoch, with the sequence that is next, is not taken for a record', () => {
    const first = new ToyVenue({ disk });
    first.record(3);
    const before = disk.contents(FIRST);
    first.record(3, { salt: 1 });
    const stale = disk.contents(FIRST).slice(end(before));
    disk.replace(FIRST, before);
    const second = new ToyVenue({ disk });
    const path = join(HOME, '0000000002-0000000002.segment');
    const fresh = disk.contents(path);
    second.record(3);
    const written = disk.contents(path);
    // In the place of the second epoch's own frame, and the whole of it: header, then the frame of before.
    written.fill(0, 64).set(stale.subarray(0, fresh.length - 64), 64);
    const copy = diskWith(filesOf(disk), { path, bytes: written });
    expect(new ToyVenue({ disk: copy }).machine.sequence).toBe(3);
  });

  test('A5: a frame that followed another one at the same place, in the same epoch, is not taken for a record', () => {
    const [kept, other] = [1, 2].map((salt) => {
      disk = new SimulatedDisk(seededRandom(1));
      const venue = new ToyVenue({ disk });
      venue.record(3);
      for (let frame = 2; frame <= 3; frame += 1) venue.record(3, { salt });
      return { venue, files: filesOf(disk), bytes: disk.contents(FIRST) };
    }) as [{ venue: ToyVenue; files: Files; bytes: Uint8Array }, { bytes: Uint8Array }];
    const frameBytes = (end(kept.bytes) - 64) / 3;
    const spliced = kept.bytes.slice();
    const third = 64 + 2 * frameBytes;
    spliced.set(other.bytes.subarray(third, third + frameBytes), third);
    const again = new ToyVenue({ disk: diskWith(kept.files, { path: FIRST, bytes: spliced }) });
    expect(again.machine).toMatchObject({ sequence: 6, digest: kept.venue.machine.seen.get(6) });
    expect(again.recovery.cut?.offset).toBe(third);
  });

  test('A5: any bytes behind the end are cut', () => {
    const { files, path, bytes, digests } = markedFrames();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (behind) => {
        const longer = Uint8Array.from([...bytes, ...behind]);
        expect(new ToyVenue({ disk: diskWith(files, { path, bytes: longer }) }).machine.digest).toBe(digests.get(9));
      }),
      { numRuns: 300 },
    );
  });

  test('an acknowledged record that is missing is no torn tail when someone outside knows of it', () => {
    const { files, path, bytes, frames } = threeFrames();
    const copy = diskWith(files, { path, bytes: bytes.slice().fill(0, frames[2]) });
    const refused = fault(() => new ToyVenue({ disk: copy, outsideMark: 7 }));
    expect(refused).toMatchObject({ code: 'damaged', segment: '0000000001-0000000001.segment', offset: frames[2] });
    expect(refused.message).toContain('record 7 was durable');
    expect(new ToyVenue({ disk: copy, outsideMark: 6 }).machine.sequence).toBe(6);
  });
});

describe('damage', () => {
  /** Several segments of two epochs, the frames of the second packed, all acknowledged, the journal closed. */
  async function smallJournal(): Promise<{ files: Files; digest: number }> {
    for (const [rounds, segmentBytes, packedEvery] of [
      [3, 520, 0],
      [2, 1024, 1],
    ] as const) {
      const venue = new ToyVenue({ disk, segmentBytes, packedEvery });
      for (let round = 0; round < rounds; round += 1) venue.record(6);
      await venue.journal.close();
    }
    const { digest } = new ToyVenue({ disk: diskWith(filesOf(disk)) }).machine;
    return { files: filesOf(disk), digest };
  }

  test('A6: any bit flipped in what was acknowledged refuses the start and says where; nothing is changed', async () => {
    const { files } = await smallJournal();
    expect(segmentsOf(files).length).toBeGreaterThanOrEqual(3);
    let flips = 0;
    for (const path of segmentsOf(files)) {
      const bytes = files.get(path) as Uint8Array;
      const used = inspectJournal(diskWith(files), HOME).segments.find(({ name }) => path.endsWith(name))
        ?.end as number;
      for (let at = 0; at < used; at += 1) {
        const flipped = bytes.slice();
        flipped[at] = (bytes[at] as number) ^ (1 << ((at * 7) % 8));
        const copy = diskWith(files, { path, bytes: flipped });
        const before = filesOf(copy);
        const refused = fault(() => new ToyVenue({ disk: copy }));
        expect(['damaged', 'no_starting_point']).toContain(refused.code);
        expect(path).toContain(refused.segment ?? 'nowhere');
        expect(refused.offset).toBeLessThanOrEqual(at);
        expect(inspectJournal(copy, HOME).damage).toMatchObject({ segment: refused.segment, offset: refused.offset });
        expect(filesOf(copy).get(path)).toEqual(before.get(path));
        flips += 1;
      }
    }
    expect(flips).toBeGreaterThan(1000);
  });

  test('A6: any bit flipped anywhere else, or any byte lost from the end of any file, is noticed or harmless', async () => {
    const { files, digest } = await smallJournal();
    const outcome = (copy: SimulatedDisk): string => {
      try {
        return new ToyVenue({ disk: copy }).machine.digest === digest ? 'harmless' : 'wrong';
      } catch (error) {
        return error instanceof JournalFault ? 'refused' : `broken: ${String(error)}`;
      }
    };
    for (const [path, bytes] of files) {
      for (let at = 0; at < bytes.length; at += 1) {
        if (path.endsWith('.segment')) {
          expect(outcome(diskWith(files, { path, bytes: bytes.slice(0, at) }))).not.toMatch(/wrong|broken/);
          continue;
        }
        const flipped = bytes.slice();
        flipped[at] = (bytes[at] as number) ^ (1 << ((at * 3) % 8));
        expect(outcome(diskWith(files, { path, bytes: flipped }))).not.toMatch(/wrong|broken/);
        expect(outcome(diskWith(files, { path, bytes: bytes.slice(0, at) }))).not.toMatch(/wrong|broken/);
      }
    }
  });

  test('A6: a segment that is gone is missed, whichever it is', async () => {
    const { files } = await smallJournal();
    for (const path of segmentsOf(files)) {
      const copy = diskWith(files);
      copy.remove(path);
      expect(['damaged', 'no_starting_point']).toContain(fault(() => new ToyVenue({ disk: copy })).code);
    }
    const copy = diskWith(files);
    for (const path of segmentsOf(files)) copy.remove(path);
    expect(fault(() => new ToyVenue({ disk: copy })).message).toContain('the segments are gone');
  });

  test('A6: a frame whose checksum is right and whose records cannot be unpacked is damage, even at the end', () => {
    const venue = new ToyVenue({ disk, packedEvery: 1 });
    venue.record(3);
    const bytes = disk.contents(FIRST);
    const words = new Int32Array(bytes.buffer);
    const payload = (SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES) >> 2;
    // One record fewer than the header says.
    words[payload] = (words[payload] as number) - 40;
    words[SEGMENT_HEADER_BYTES >> 2] = crc32c(bytes, words, SEGMENT_HEADER_BYTES + 4, end(bytes));
    const copy = diskWith(filesOf(disk), { path: FIRST, bytes });
    const refused = fault(() => new ToyVenue({ disk: copy }));
    expect(refused).toMatchObject({ code: 'damaged', offset: SEGMENT_HEADER_BYTES });
    expect(refused.message).toContain('cannot be unpacked');
  });

  test('A6: under load the frames behind tell that a damaged one was acknowledged, without any mark', () => {
    const { files, path, bytes, frames } = threeFrames();
    const [first, second] = frames;
    const flipped = bytes.slice();
    flipped[second + 60] = (flipped[second + 60] as number) ^ 1;
    const copy = diskWith(files, { path, bytes: flipped });
    expect(fault(() => new ToyVenue({ disk: copy }))).toMatchObject({ code: 'damaged', offset: second });
    expect(first).toBe(64);
  });

  test('a journal without its mark is refused, unless it is accepted as it is', async () => {
    const { files, digest } = await smallJournal();
    const copy = diskWith(files, { path: join(HOME, 'mark'), bytes: new Uint8Array(1024) });
    expect(fault(() => new ToyVenue({ disk: copy })).code).toBe('mark_missing');
    expect(new ToyVenue({ disk: copy, acceptMissingMark: true }).machine.digest).toBe(digest);
  });
});
