import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { thisProcess } from './epoch-lock.js';
import { type CommitMode, inspectJournal, NodeDisk, startCommitThread } from './index.js';
import { BUILT_THREAD } from './testing/index.js';
import { ToyMachine, ToyVenue, wordsOf } from './testing/toy.js';

const KILLS = process.env['TORTURE'] ? 300 : 4;
const MODES: readonly CommitMode[] = ['inline', 'thread', 'adaptive'];
const PROCESS = new URL('testing/toy-process.js', BUILT_THREAD).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-spec-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (options: Partial<ConstructorParameters<typeof ToyVenue>[0]> = {}): ToyVenue =>
  new ToyVenue({ folder, disk: new NodeDisk(), startThread: startCommitThread(BUILT_THREAD), ...options });
const large = { segmentBytes: 64 * 1024, ringBytes: 32 * 1024, reserveBytes: 1024 };

/** Takes what the thread and the background have to say until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(1);
}

describe('on a real disk', () => {
  test.each(MODES)('what was committed is read back (%s)', async (mode) => {
    let digest = 0;
    for (let life = 0; life < 2; life += 1) {
      const venue = open({ mode, ...large });
      expect(venue.machine.digest).toBe(digest);
      for (let round = 0; round < 400; round += 1) {
        while (venue.tell(1 + (round % 40)) === 'busy') await sleep(1);
        venue.journal.commit();
        if (round % 50 === 0) await sleep(1);
      }
      let isNamed = false;
      venue.snapshot(() => (isNamed = true));
      await until(() => isNamed && venue.acknowledged === venue.machine.sequence);
      venue.record(5);
      ({ digest } = venue.machine);
      await venue.journal.close();
      expect(venue.fatal).toBeUndefined();
    }
    expect(inspectJournal(new NodeDisk(), folder)).toMatchObject({ firstSequence: 1, lastSequence: 16_410 });
    const again = open();
    expect(again.machine.digest).toBe(digest);
    expect(again.recovery).toMatchObject({ snapshotSequence: 16_405, frames: 1 });
    await again.journal.close();
  });

  test('settle waits for the thread; the mark follows when the journal falls idle', async () => {
    const venue = open({ mode: 'thread', housekeepingMs: 1, ...large });
    venue.record(30);
    expect(venue.journal.settle()).toBe(true);
    expect(venue.acknowledged).toBe(30);
    await until(() => inspectJournal(new NodeDisk(), folder).mark?.sequence === 30);
    await venue.journal.close();
  });

  test('A18: a second process is refused while the first lives; its folder is free when it was killed', async () => {
    const child = startProcess('inline');
    await acknowledgement(child);
    expect(() => open({ process: thisProcess })).toThrow(expect.objectContaining({ code: 'locked' }));
    await kill(child);
    await open({ process: thisProcess }).journal.close();
  });

  test(`A1: ${KILLS} times killed under load, a journal keeps every acknowledged record`, async () => {
    const expected = new ToyMachine();
    for (let round = 0; round < KILLS; round += 1) {
      const child = startProcess(MODES[round % MODES.length] as CommitMode);
      let acknowledged = await acknowledgement(child);
      child.stdout?.on('data', (chunk: Buffer) => (acknowledged = lastOf(chunk) ?? acknowledged));
      await sleep(20 + Math.random() * 150);
      await kill(child);
      const venue = open({ process: thisProcess });
      expect(venue.machine.sequence).toBeGreaterThanOrEqual(acknowledged);
      while (expected.sequence < venue.machine.sequence) {
        expected.apply(expected.sequence + 1, [...wordsOf(expected.sequence + 1, 0), -1].slice(0, 3));
      }
      expected.seen.clear();
      expect(venue.machine.digest).toBe(expected.digest);
      await venue.journal.close();
    }
    expect(inspectJournal(new NodeDisk(), folder).lastSequence).toBe(expected.sequence);
  }, 600_000);
});

function startProcess(mode: CommitMode): ChildProcess {
  return spawn(process.execPath, [PROCESS, folder, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The first acknowledgement; the process may have ended without any, and that is an error. */
async function acknowledgement(child: ChildProcess): Promise<number> {
  const [chunk] = (await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process ended with ${String(code)}`))),
  ])) as [Buffer];
  return lastOf(chunk) ?? 0;
}

/** A line that was cut off by the kill, or between two reads, is not counted: it is only ever too low. */
const lastOf = (chunk: Buffer): number | undefined => {
  const lines = chunk.toString().split('\n').slice(1, -1);
  return lines.length > 0 ? Number(lines.at(-1)) : undefined;
};

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close');
  child.kill('SIGKILL');
  await ended;
}
