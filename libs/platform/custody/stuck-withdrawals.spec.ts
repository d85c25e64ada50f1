import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Secret } from '@base/config';
import { registry } from '@base/observability';
import { BitcoinClient, EthereumClient, JsonRpc } from '@platform/chains';
import { type NodeProxy } from '@platform/chains/testing';
import { type Attempt } from './attempts.js';
import { CustodyBench, dieIn, type Paid, Withdrawals } from './testing/index.js';

const ETHER = 10n ** 18n;
const AMOUNT = { BTC: 1_234_567n, ETH: ETHER / 7n };
const ASSETS = ['BTC', 'ETH'] as const;

let bench: CustodyBench;
let withdrawals: Withdrawals;
let customer: string;
beforeAll(async () => {
  bench = await CustodyBench.open();
  withdrawals = new Withdrawals(bench);
  await bench.stockHouse();
  customer = await withdrawals.customer({ BTC: 4n * 10n ** 8n, ETH: 50n * ETHER });
});
beforeEach(async () => {
  await withdrawals.mineWithout('ETH', 0n);
  await bench.rounds.ETH.run();
  await bench.rounds.ETH.refreshFee();
});
afterEach(() => {
  bench.bitcoinDoor.interfere = undefined;
  bench.ethereumDoor.interfere = undefined;
});
afterAll(() => bench.close());

/** A sample as Prometheus would read it. */
async function measured(sample: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1));
}

async function expectReplacement(paid: Paid, attempts: readonly Attempt[]): Promise<void> {
  const { maxNetworkFee } = await bench.intent(paid.id);
  const [first] = attempts;
  const before = first === undefined ? [] : withdrawals.claimsOf(first);
  for (const [at, attempt] of attempts.entries()) {
    expect(withdrawals.claimsOf(attempt)).toEqual(expect.arrayContaining(before));
    expect(attempt.fee).toBeLessThanOrEqual(maxNetworkFee);
    expect(attempt.fee).toBeGreaterThan(attempts[at - 1]?.fee ?? 0n);
    expect(attempt).toMatchObject({ amount: paid.amount, destination: paid.destination });
  }
}

describe('a withdrawal that no block takes', () => {
  it.each(ASSETS)(
    '%s: is replaced by one that pays more out of the same coins or nonce, and is paid once',
    async (asset) => {
      const { paid, attempts } = await withdrawals.replaced(asset, customer, AMOUNT[asset]);
      await expectReplacement(paid, attempts);
      const intent = await withdrawals.untilOver(paid.id);
      expect(intent.settledAttempt).toBe(attempts.length);
      await withdrawals.expectPaidOnce(paid);
    },
  );

  const gapsOfReplacing = (['asked', 'answered', 'signed', 'sent'] as const).map(
    (gap, at) => [ASSETS[at % 2]!, gap] as const,
  );
  it.each(gapsOfReplacing)('D6: %s: one whose worker dies with its replacement %s is paid once', async (asset, gap) => {
    const paid = await withdrawals.ask(asset, customer, AMOUNT[asset]);
    await bench.rounds[asset].run();
    await dieIn(bench, gap, async (rounds) => void (await withdrawals.untilReplaced(paid, rounds)));
    const attempts = await withdrawals.untilReplaced(paid, bench.roundsWith({}));
    expect(attempts).toHaveLength(2);
    await expectReplacement(paid, attempts);
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
  });

  it('BTC: the one that was replaced settles it just as well, should a miner have kept it', async () => {
    const { paid, attempts } = await withdrawals.replaced('BTC', customer, AMOUNT.BTC);
    await withdrawals.mineOnly(attempts[0]?.raw);
    expect((await withdrawals.untilOver(paid.id)).settledAttempt).toBe(1);
    await withdrawals.expectPaidOnce(paid);
  });

  it('BTC: a reorganisation that swaps the replacement for the one before it changes the fee, and nothing else', async () => {
    const { paid, attempts } = await withdrawals.replaced('BTC', customer, 10n ** 8n);
    await bench.bitcoin.mine();
    await bench.rounds.BTC.run();
    expect((await bench.intent(paid.id)).state).toBe('confirming');
    await bench.bitcoin.rpc('sandbox_reorg', 1, { include: [attempts[0]?.raw] });
    const intent = await withdrawals.untilOver(paid.id);
    expect(intent).toMatchObject({ settledAttempt: 1, networkFee: attempts[0]?.fee });
    await withdrawals.expectPaidOnce(paid);
  });

  it('ETH: a sweep is replaced in the same way, and moves as much less as it pays more', async () => {
    const { address, id: source } = await bench.addresses.forCustomer('ETH', await bench.customer());
    await bench.payEther(address, ETHER);
    await bench.anvil.mine();
    await bench.rounds.ETH.run();
    await bench.anvil.mine();
    await bench.rounds.ETH.run();
    const sweep = 'SELECT id FROM custody.intent WHERE source_id = $1';
    const { id } = await bench.parts.database.one<{ id: string }>(sweep, [source]);
    const [first, second, ...more] = await withdrawals.untilReplaced({ id, asset: 'ETH' });
    if (first === undefined || second === undefined) throw new Error('it was not replaced');
    expect(more).toEqual([]);
    expect(withdrawals.claimsOf(second)).toEqual(withdrawals.claimsOf(first));
    expect(second.fee).toBeGreaterThan(first.fee);
    for (const { amount, fee } of [first, second]) expect(amount + fee).toBe(ETHER);
    expect(await withdrawals.untilOver(id)).toMatchObject({ state: 'settled', settledAttempt: 2 });
    await withdrawals.expectAtRest('ETH');
  });
});

describe('cancelling on chain', () => {
  it.each(ASSETS)(
    '%s: what cancels takes the coins or nonce, and the customer has everything back but once it is final',
    async (asset) => {
      const { paid, attempts } = await withdrawals.cancelled(asset, customer, AMOUNT[asset]);
      const [pay, cancels] = attempts;
      expect(attempts.map(({ purpose }) => purpose)).toEqual(['pay', 'cancel']);
      expect(withdrawals.claimsOf(cancels!)).toEqual(expect.arrayContaining(withdrawals.claimsOf(pay!)));
      expect(await bench.balance('customer_available', asset, customer)).toBe(
        paid.before.available - paid.amount - paid.fee,
      );
      const intent = await withdrawals.untilOver(paid.id);
      expect(intent.state).toBe('replaced');
      expect(await withdrawals.arrived(asset, paid.destination)).toBe(0n);
      expect(await bench.balance('customer_available', asset, customer)).toBe(paid.before.available);
      expect(await bench.balance('custody_hot', asset)).toBe(paid.before.hot - (intent.networkFee ?? 0n));
      await withdrawals.expectAtRest(asset);
    },
  );

  it('BTC: should the payment win the race, it counts, and nothing is refunded', async () => {
    const { paid, attempts } = await withdrawals.cancelled('BTC', customer, AMOUNT.BTC);
    await withdrawals.mineOnly(attempts[0]?.raw);
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
  });

  it('is refused for what is over', async () => {
    const paid = await withdrawals.ask('BTC', customer, AMOUNT.BTC);
    await withdrawals.untilOver(paid.id);
    await expect(withdrawals.cancel(paid.id)).rejects.toMatchObject({ code: 'withdrawal_not_possible' });
  });
});

describe('D7: a node that takes a transaction and never says so', () => {
  const TRIES = 50;
  const SEND = { BTC: 'sendrawtransaction', ETH: 'eth_sendRawTransaction' };

  /** The node gets it; of the answer the first three times nothing comes, then a reset connection or a proxy's page, in turns. */
  function loseAnswers(door: NodeProxy, method: string): void {
    let lost = 0;
    door.interfere = async (call) => {
      if (call.method !== method) return undefined;
      await call.forward();
      lost += 1;
      return lost <= 3 ? 'silence' : lost % 2 === 0 ? 'cut' : { status: 504, text: '<h1>Gateway Timeout</h1>' };
    };
  }

  it.each(ASSETS)('%s: after fifty tries, and a replacement, one transaction has paid', async (asset) => {
    const door = asset === 'BTC' ? bench.bitcoinDoor : bench.ethereumDoor;
    const rpc = new JsonRpc({ url: new Secret(door.url), timeoutMs: 250, failuresUntilOpen: 1_000 });
    const rounds = bench.roundsWith({
      bitcoin: [new BitcoinClient(rpc, 'regtest')],
      ethereum: [new EthereumClient(rpc, 31337n)],
    });
    loseAnswers(door, SEND[asset]);
    const asked = door.calls.length;
    const paid = await withdrawals.ask(asset, customer, AMOUNT[asset]);
    for (let at = 0; at < TRIES; at++) await rounds[asset].drive();
    expect(door.calls.slice(asked).filter((method) => method === SEND[asset])).toHaveLength(TRIES);
    expect(await bench.attempts(paid.id)).toMatchObject([{ n: 1, outcome: 'unknown', broadcasts: TRIES }]);
    const attempts = await withdrawals.untilReplaced(paid, rounds);
    await expectReplacement(paid, attempts);
    await withdrawals.untilOver(paid.id, rounds);
    await withdrawals.expectPaidOnce(paid);
  });
});

describe('D11: a nonce that is stuck', () => {
  it('only the lowest is replaced, whatever waits behind it, and all are mined in order, none above its cap', async () => {
    const low = await withdrawals.ask('ETH', customer, AMOUNT.ETH);
    await bench.rounds.ETH.run();
    await withdrawals.mineWithout('ETH');
    await bench.rounds.ETH.refreshFee();
    const behind = [];
    for (let at = 1n; at <= 3n; at++) behind.push(await withdrawals.ask('ETH', customer, AMOUNT.ETH + at));
    // Too dear for any of them, until all have waited for so long that they would be replaced if that helped.
    for (let block = 0; block < 7; block++) {
      await bench.rounds.ETH.run();
      await withdrawals.mineWithout('ETH', 900n);
    }
    await bench.rounds.ETH.run();
    await withdrawals.mineWithout('ETH');
    await withdrawals.dueNow();
    const attempts = await withdrawals.untilReplaced(low);
    await expectReplacement(low, attempts);
    for (let block = 0; block < 6; block++) {
      await withdrawals.mineWithout('ETH');
      await bench.rounds.ETH.run();
    }
    const order: bigint[] = [];
    for (const paid of [low, ...behind]) {
      const intent = await bench.intent(paid.id);
      expect(intent.state).toBe('settled');
      expect(await withdrawals.arrived('ETH', paid.destination)).toBe(paid.amount);
      const all = await bench.attempts(paid.id);
      expect(all).toHaveLength(paid === low ? attempts.length : 1);
      expect(all.every(({ fee }) => fee <= intent.maxNetworkFee)).toBe(true);
      order.push(...all.slice(0, 1).map(({ nonce }) => nonce ?? -1n));
    }
    expect(order).toEqual([0n, 1n, 2n, 3n].map((at) => (order[0] ?? 0n) + at));
    await withdrawals.expectAtRest('ETH');
  });

  it('is not replaced above what the intent may pay: it waits, says so, and is mined when blocks are cheap again', async () => {
    const paid = await withdrawals.ask('ETH', customer, AMOUNT.ETH);
    for (let block = 0; block < 7; block++) {
      await bench.rounds.ETH.run();
      await withdrawals.mineWithout('ETH', 900n);
    }
    await bench.rounds.ETH.run();
    expect(await bench.intent(paid.id)).toMatchObject({ waitingFor: 'network_fee_above_limit' });
    expect(await bench.attempts(paid.id)).toHaveLength(1);
    expect(await measured('strongroom_custody_open_withdrawals{asset="ETH",state="broadcast"}')).toBe(1);
    expect(await measured('strongroom_custody_oldest_open_withdrawal_seconds{asset="ETH"}')).toBeGreaterThan(0);
    await withdrawals.mineWithout('ETH', 0n);
    await withdrawals.dueNow();
    await withdrawals.untilOver(paid.id);
    await withdrawals.expectPaidOnce(paid);
    expect(await measured('strongroom_custody_oldest_open_withdrawal_seconds{asset="ETH"}')).toBe(0);
  });
});
