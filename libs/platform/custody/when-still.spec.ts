import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CustodyBench } from './testing/index.js';
import { whenStill } from './when-still.js';

let bench: CustodyBench;
beforeAll(async () => {
  bench = await CustodyBench.open();
});
afterAll(() => bench.close());

it('a reconciliation that meets a chain one block ahead of the cursor is made as soon as the cursor has followed', async () => {
  await bench.bitcoin.mine();
  expect(await bench.rounds.BTC.reconcile()).toBeUndefined();
  const made = whenStill(() => bench.rounds.BTC.reconcile());
  await bench.rounds.BTC.run();
  expect(await made).toMatchObject({ asset: 'BTC', difference: 0n });
});

it('it gives up on a chain that never stands still', async () => {
  let asked = 0;
  expect(await whenStill(() => Promise.resolve(void (asked += 1)))).toBeUndefined();
  expect(asked).toBe(20);
});
