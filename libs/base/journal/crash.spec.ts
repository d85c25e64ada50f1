import { describe, expect, test } from '@jest/globals';
import { type Course, liveAndCrash } from './testing/crash-lives.js';

const CRASHES = process.env['TORTURE'] ? 1_000_000 : 10_000;

describe('a journal on a disk that forgets, tears and reorders what was not synced', () => {
  test(
    `A1: ${CRASHES} crashes lose nothing acknowledged and invent nothing`,
    () => {
      const first = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 30));
      const course: Course = { crashes: 0, tornTails: 0, fromSnapshots: 0, archived: 0, overtaken: 0 };
      for (let seed = first; course.crashes < CRASHES; seed += 1) liveAndCrash(seed, course);
      console.log(`seed ${first}: ${JSON.stringify(course)}`);
      // A campaign that never met what it is about would prove nothing.
      for (const often of Object.values(course)) expect(often).toBeGreaterThan(CRASHES / 100);
    },
    6 * 3_600_000,
  );
});
