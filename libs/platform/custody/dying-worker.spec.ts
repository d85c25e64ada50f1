import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GAPS } from './gaps.js';
import { CustodyBench, dieIn, Withdrawals } from './testing/index.js';

const ETHER = 10n ** 18n;
const AMOUNT = { BTC: 1_234_567n, ETH: ETHER / 7n };

let bench: CustodyBench;
let withdrawals: Withdrawals;
let customer: string;
beforeAll(async () => {
  bench = await CustodyBench.open();
  withdrawals = new Withdrawals(bench);
  await bench.stockHouse();
  customer = await withdrawals.customer({ BTC: 3n * 10n ** 8n, ETH: 50n * ETHER });
});
afterAll(() => bench.close());

/** Every gap on one of the chains, in turns; on both of them in the long run. The last test goes through all of them on both. */
const everywhere = GAPS.flatMap((gap, at) =>
  (['BTC', 'ETH'] as const)
    .filter((_, chain) => process.env['TORTURE'] !== undefined || chain === at % 2)
    .map((asset) => [asset, gap] as const),
);

describe('D6: a worker that dies in the middle of a withdrawal', () => {
  it.each(everywhere)('%s, %s: another one goes on, and it is paid once', async (asset, gap) => {
    const paid = await withdrawals.ask(asset, customer, AMOUNT[asset]);
    await dieIn(bench, gap, (rounds) => withdrawals.live(asset, rounds));
    // The chain does not wait: what had been sent is in a block before anybody remembers it.
    await withdrawals.mine(asset);
    await withdrawals.untilOver(paid.id, bench.roundsWith({}));
    await withdrawals.expectPaidOnce(paid);
    expect(await bench.attempts(paid.id)).toHaveLength(1);
  });

  it('and whose signer dies with it after it has signed: the signer knows what it signed, and signs nothing else', async () => {
    const paid = await withdrawals.ask('BTC', customer, AMOUNT.BTC);
    await dieIn(bench, 'answered', (rounds) => withdrawals.live('BTC', rounds));
    await bench.signer.kill();
    await bench.rounds.BTC.run();
    await bench.signer.run();
    await withdrawals.dueNow();
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
    expect(await bench.attempts(paid.id)).toHaveLength(1);
  });

  it('again and again, in every gap of one and the same withdrawal, is paid once', async () => {
    for (const asset of ['BTC', 'ETH'] as const) {
      const paid = await withdrawals.ask(asset, customer, AMOUNT[asset]);
      for (const gap of GAPS) await dieIn(bench, gap, (rounds) => withdrawals.live(asset, rounds));
      await withdrawals.untilOver(paid.id);
      await withdrawals.expectPaidOnce(paid);
    }
  });
});
