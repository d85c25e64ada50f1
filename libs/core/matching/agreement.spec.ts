/** The engine against the exchange that was written to be obviously right, on the bytes of every event. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { firstDifference, minimise, SeededDice, THROWS } from './testing/index.js';

const HISTORIES = Number(process.env.HISTORIES ?? (process.env.TORTURE === '1' ? 10_000 : 10));
const COMMANDS = 1_000;

describe('A14: engine and reference exchange', () => {
  test('agree on every event of histories that fast-check makes up, and shrinks when they do not', () => {
    const command = fc.array(fc.nat({ max: 0xffffffff }), { minLength: THROWS, maxLength: THROWS });
    const histories = fc.array(command, { minLength: 1, maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(histories, (throws) => {
        expect(firstDifference({ throws, inspectEvery: 10 })).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  test(`agree on every event of ${HISTORIES * COMMANDS} commands of all kinds`, () => {
    const first = Number(process.env.SEED ?? Date.now() % 1_000_000);
    for (let seed = first; seed < first + HISTORIES; seed += 1) {
      const dice = new SeededDice(seed);
      const throws = Array.from({ length: COMMANDS }, () => dice.throws(THROWS));
      const difference = firstDifference({ throws, inspectEvery: 100 });
      if (difference === null) continue;
      const fewest = minimise(throws, (some) => firstDifference({ throws: some, inspectEvery: 1 }) !== null);
      const told = firstDifference({ throws: fewest, inspectEvery: 1 }) ?? difference;
      throw new Error(`seed ${seed}, cut down to ${fewest.length} commands: ${told}`);
    }
  });
});

test('A16: after every command no balance is negative, holds are what open orders need, and nothing was created', () => {
  const dice = new SeededDice(16);
  const throws = Array.from({ length: 4_000 }, () => dice.throws(THROWS));
  expect(firstDifference({ throws, inspectEvery: 1 })).toBeNull();
});
