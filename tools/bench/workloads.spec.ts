import { expect, test } from '@jest/globals';
import * as contracts from '@core/contracts';
import * as matching from '@core/matching';
import { generate, readWorkload, referenceRun, STANDARD } from './matching-workload.mjs';
import { record } from './matching/recorded-commands.mjs';

/** The benchmark runs a million commands of each and refuses to print figures when the trades differ. */
const SMALLER = { n: 20_000, accounts: 300, depth: 2_000 };

test.each(Object.entries(STANDARD))('the engine makes the trades of the standard workload %s', (_name, options) => {
  const workload = readWorkload(generate({ ...options, ...SMALLER }));
  const { faults } = record(workload, matching, contracts);
  expect(faults).toEqual([]);
  expect(workload.fills).toBeGreaterThan(100);
  expect(matching.unsoundness()).toBeNull();
});

test('a workload’s header is what the generator’s own reference engine makes of it', () => {
  const workload = readWorkload(generate({ mix: 'features', ...SMALLER }));
  const reference = referenceRun(workload);
  expect([reference.fills, reference.checksum()]).toEqual([workload.fills, workload.checksum]);
});
