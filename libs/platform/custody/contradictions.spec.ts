import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { registry } from '@base/observability';
import { findHalt, resume } from './halts.js';
import { type ChainAsset, type CustodySettings } from './settings.js';
import { CustodyBench, type Paid, Thief, Withdrawals } from './testing/index.js';

const ETHER = 10n ** 18n;
const AMOUNT = { BTC: 1_234_567n, ETH: ETHER / 7n };

const MAX_REORG = 4;

/** As decided for a sandbox, but that a person is asked about reorganisations of more than so many blocks. */
const followOnly =
  (maxReorg: number) =>
  (settings: CustodySettings): CustodySettings => {
    const { BTC, ETH } = settings.assets;
    return {
      ...settings,
      assets: {
        BTC: { ...BTC, confirmations: { ...BTC.confirmations, maxReorg } },
        ETH: { ...ETH, confirmations: { ...ETH.confirmations, maxReorg } },
      },
    };
  };

let bench: CustodyBench;
let withdrawals: Withdrawals;
let thief: Thief;
let customer: string;
beforeAll(async () => {
  bench = await CustodyBench.open({ settings: followOnly(MAX_REORG) });
  withdrawals = new Withdrawals(bench);
  await bench.stockHouse(['2', '2', '2'], 60n * ETHER);
  thief = await Thief.of(bench);
  customer = await withdrawals.customer({ BTC: 3n * 10n ** 8n, ETH: 50n * ETHER });
});
afterEach(async () => {
  expect(Object.values(await bench.trialBalance()).every((sum) => sum === 0n)).toBe(true);
  for (const asset of ['BTC', 'ETH'] as const) await bench.parts.database.transaction((tx) => resume(tx, asset));
});
afterAll(() => bench.close());

const missing = (asset: ChainAsset): Promise<bigint> => bench.balance('suspense_debit', asset);
const expectEqual = async (asset: ChainAsset): Promise<void> =>
  expect(await bench.rounds[asset].reconcile()).toMatchObject({ difference: 0n });

/** Signed, sent, and in no block. */
async function sent(asset: ChainAsset, amount = AMOUNT[asset]): Promise<Paid> {
  const paid = await withdrawals.ask(asset, customer, amount);
  await bench.rounds[asset].run();
  expect(await bench.intent(paid.id)).toMatchObject({ state: 'broadcast', waitingFor: null });
  return paid;
}

async function expectHalted(asset: ChainAsset, actor: string): Promise<void> {
  expect(await findHalt(bench.parts.database, asset)).toMatchObject({ scope: 'all', actor });
  expect(await registry.metrics()).toContain(`strongroom_custody_halted{asset="${asset}"} 1`);
  await expect(withdrawals.ask(asset, customer, AMOUNT[asset])).rejects.toMatchObject({ code: 'asset_halted' });
}

const refund = (intentId: string): Promise<unknown> =>
  bench.parts.database.transaction((tx) =>
    bench.decide.refundConflicted(tx, { operatorId: crypto.randomUUID(), intentId }),
  );

describe('a coin or nonce of ours that somebody else spends', () => {
  it('BTC: halts the asset and has an account of its own; undone by a reorganisation, the withdrawal goes on', async () => {
    const paid = await sent('BTC');
    const coin = await thief.coin(paid.id);
    const before = await missing('BTC');
    const theft = thief.bitcoin(coin, await withdrawals.payee('BTC'));
    await withdrawals.mineOnly(theft);
    await bench.rounds.BTC.run();
    await expectHalted('BTC', 'foreign-spend');
    expect((await bench.intent(paid.id)).state).toBe('conflicted');
    expect(await missing('BTC')).toBe(before + coin.value);
    await expectEqual('BTC');
    const [ours] = await bench.attempts(paid.id);
    await bench.bitcoin.rpc('sandbox_reorg', 1, { include: [ours?.raw] });
    await bench.rounds.BTC.run();
    expect(await missing('BTC')).toBe(before);
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
  });

  it('BTC: one that stays has its withdrawal refunded by a person, and what is missing stays in sight', async () => {
    const paid = await sent('BTC');
    const coin = await thief.coin(paid.id);
    const before = await missing('BTC');
    await withdrawals.mineOnly(thief.bitcoin(coin, await withdrawals.payee('BTC')));
    await bench.rounds.BTC.run();
    await refund(paid.id);
    expect((await bench.intent(paid.id)).state).toBe('replaced');
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(paid.before.available);
    expect(await missing('BTC')).toBe(before + coin.value);
    await withdrawals.expectAtRest('BTC');
    await bench.parts.database.transaction((tx) => resume(tx, 'BTC'));
    const next = await sent('BTC');
    await withdrawals.untilOver(next.id);
    await withdrawals.expectPaidOnce(next);
  });

  it('ETH: a nonce is the same; once refunded, its withdrawal no longer counts against what the account can pay', async () => {
    const paid = await sent('ETH', 20n * ETHER);
    const hot = await bench.parts.database.transaction((tx) => bench.addresses.ethereumHot(tx));
    const before = await missing('ETH');
    const nonce = Number((await bench.attempts(paid.id))[0]?.nonce);
    const stolen = thief.ethereum({ from: hot, nonce, to: await withdrawals.payee('ETH'), value: 25n * ETHER });
    await bench.anvil.rpc('eth_sendRawTransaction', stolen);
    await bench.anvil.mine();
    await bench.rounds.ETH.run();
    await expectHalted('ETH', 'foreign-spend');
    expect((await bench.intent(paid.id)).state).toBe('conflicted');
    expect(await missing('ETH')).toBeGreaterThan(before + 25n * ETHER);
    expect(await missing('ETH')).toBeLessThan(before + 26n * ETHER);
    await expectEqual('ETH');
    await refund(paid.id);
    expect(await bench.balance('customer_available', 'ETH', customer)).toBe(paid.before.available);
    await withdrawals.expectAtRest('ETH');
    await bench.parts.database.transaction((tx) => resume(tx, 'ETH'));
    // 60 came, 25 are gone: 20 can be paid only if the 20 that will never be are not set aside any more.
    const next = await sent('ETH', 20n * ETHER);
    await withdrawals.untilOver(next.id);
    await withdrawals.expectPaidOnce(next);
  });

  it('ETH: one that we have not given out yet is skipped once a block has shown it, and not before', async () => {
    const hot = await bench.parts.database.transaction((tx) => bench.addresses.ethereumHot(tx));
    const nonce = Number(await bench.anvil.rpc<string>('eth_getTransactionCount', hot.address, 'latest'));
    const stolen = thief.ethereum({ from: hot, nonce, to: await withdrawals.payee('ETH'), value: ETHER });
    const paid = await withdrawals.ask('ETH', customer, AMOUNT.ETH);
    await bench.anvil.rpc('eth_sendRawTransaction', stolen);
    await bench.anvil.mine();
    await bench.rounds.ETH.drive();
    expect(await bench.intent(paid.id)).toMatchObject({ state: 'approved', waitingFor: 'nonce_not_ours' });
    await bench.rounds.ETH.run();
    await expectHalted('ETH', 'foreign-spend');
    await bench.parts.database.transaction((tx) => resume(tx, 'ETH'));
    await withdrawals.dueNow();
    await withdrawals.untilOver(paid.id);
    expect(await bench.attempts(paid.id)).toMatchObject([{ nonce: BigInt(nonce) + 1n }]);
    const gas = 21_000n * 5n * 10n ** 9n;
    expect(await bench.balance('custody_hot', 'ETH')).toBeGreaterThan(paid.before.hot - paid.amount - ETHER - 2n * gas);
    expect(await withdrawals.arrived('ETH', paid.destination)).toBe(paid.amount);
    await withdrawals.expectAtRest('ETH');
  });

  it('D3: a node that says more nonces are used than blocks have shown makes no gap', async () => {
    const paid = await withdrawals.ask('ETH', customer, AMOUNT.ETH);
    bench.ethereumDoor.interfere = ({ method }) =>
      method === 'eth_getTransactionCount' ? { result: '0x7fff' } : undefined;
    await bench.rounds.ETH.run();
    bench.ethereumDoor.interfere = undefined;
    expect(await bench.intent(paid.id)).toMatchObject({ state: 'approved', waitingFor: 'nonce_not_ours' });
    await withdrawals.dueNow();
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
  });
});

describe('a withdrawal that a reorganisation undoes after it was settled', () => {
  async function settled(asset: ChainAsset): Promise<Paid> {
    const paid = await withdrawals.ask(asset, customer, AMOUNT[asset]);
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
    return paid;
  }

  async function expectUndone(paid: Paid): Promise<void> {
    await expectHalted(paid.asset, 'deep-reorganisation');
    expect(await bench.intent(paid.id)).toMatchObject({ state: 'settled' });
    expect((await bench.attempts(paid.id)).every(({ height }) => height === null)).toBe(true);
    expect(await withdrawals.arrived(paid.asset, paid.destination)).toBe(0n);
    await expectEqual(paid.asset);
  }

  it('BTC: halts the asset, is sent again while it is halted, and is paid once', async () => {
    const paid = await settled('BTC');
    const [attempt] = await bench.attempts(paid.id);
    const tip = await bench.bitcoin.rpc<number>('getblockcount');
    await bench.bitcoin.rpc('sandbox_reorg', tip - (attempt?.height ?? tip) + 1, { drop: [attempt?.txid] });
    await bench.rounds.BTC.run();
    await expectUndone(paid);
    await bench.bitcoin.mine();
    await bench.rounds.BTC.run();
    await withdrawals.expectPaidOnce(paid);
  });

  it('ETH: the same, and what it costs in the block that it comes back in is what the books say', async () => {
    const paid = await settled('ETH');
    const [attempt] = await bench.attempts(paid.id);
    const height = Number(await bench.anvil.rpc<string>('eth_blockNumber'));
    await bench.anvil.reorg(height - (attempt?.height ?? height) + 1);
    await bench.rounds.ETH.run();
    await expectUndone(paid);
    await withdrawals.mineWithout('ETH', 0n);
    await bench.rounds.ETH.run();
    const { networkFee } = await bench.intent(paid.id);
    expect(networkFee).not.toBe(attempt?.paidFee);
    await withdrawals.expectPaidOnce(paid);
  });

  it('beyond what is followed without a person: stands still first, and then goes on behind the halt', async () => {
    const paid = await settled('BTC');
    const [attempt] = await bench.attempts(paid.id);
    await bench.bitcoin.mine(MAX_REORG);
    await bench.rounds.BTC.run();
    const tip = await bench.bitcoin.rpc<number>('getblockcount');
    await bench.bitcoin.rpc('sandbox_reorg', tip - (attempt?.height ?? tip) + 1, { drop: [attempt?.txid] });
    await bench.rounds.BTC.run();
    expect(await findHalt(bench.parts.database, 'BTC')).toMatchObject({ scope: 'all', actor: 'deep-reorganisation' });
    expect((await bench.attempts(paid.id))[0]?.height).toBe(attempt?.height);
    await bench.rounds.BTC.run();
    await expectUndone(paid);
    await bench.bitcoin.mine();
    await bench.rounds.BTC.run();
    await withdrawals.expectPaidOnce(paid);
  });
});

describe('a reorganisation after which another of our transactions counts', () => {
  /** Takes the newest block back for one in which `raw` stands. */
  const swapFor = async (raw: string | null | undefined): Promise<void> => {
    await bench.bitcoin.rpc('sandbox_reorg', 1, { include: [raw] });
    await bench.rounds.BTC.run();
    await bench.rounds.BTC.run();
  };

  async function minedAndOver(id: string, raw: string | null | undefined): Promise<string> {
    await withdrawals.mineOnly(raw);
    await bench.rounds.BTC.run();
    return (await bench.intent(id)).state;
  }

  it('the one before a replacement: it is paid all the same, for the other fee', async () => {
    const { paid, attempts } = await withdrawals.replaced('BTC', customer, AMOUNT.BTC);
    expect(await minedAndOver(paid.id, attempts[1]?.raw)).toBe('settled');
    await swapFor(attempts[0]?.raw);
    expect(await bench.intent(paid.id)).toMatchObject({ settledAttempt: 1, networkFee: attempts[0]?.fee });
    await withdrawals.expectPaidOnce(paid);
  });

  it('the payment in place of its cancellation: the customer has it twice, and the books say so', async () => {
    const before = await missing('BTC');
    const { paid, attempts } = await withdrawals.cancelled('BTC', customer, AMOUNT.BTC);
    expect(await minedAndOver(paid.id, attempts[1]?.raw)).toBe('replaced');
    await swapFor(attempts[0]?.raw);
    await expectHalted('BTC', 'deep-reorganisation');
    expect(await withdrawals.arrived('BTC', paid.destination)).toBe(paid.amount);
    expect(await bench.balance('customer_available', 'BTC', customer)).toBe(paid.before.available);
    expect(await missing('BTC')).toBe(before + paid.amount);
    await withdrawals.expectAtRest('BTC');
  });

  it('a cancellation in place of the payment: it is owed, and the books say so', async () => {
    const before = await bench.balance('suspense_credit', 'BTC');
    const { paid, attempts } = await withdrawals.cancelled('BTC', customer, AMOUNT.BTC);
    expect(await minedAndOver(paid.id, attempts[0]?.raw)).toBe('settled');
    await swapFor(attempts[1]?.raw);
    await expectHalted('BTC', 'deep-reorganisation');
    expect(await withdrawals.arrived('BTC', paid.destination)).toBe(0n);
    expect(await bench.balance('suspense_credit', 'BTC')).toBe(before + paid.amount);
    await withdrawals.expectAtRest('BTC');
  });
});
