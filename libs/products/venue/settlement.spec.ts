import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uuidV7 } from '@base/database';
import { ANY, type EngineCommandDraft } from '@core/contracts';
import { account, type Account } from '@platform/ledger';
import { type Gap } from './gaps.js';
import { engineIdOf, idOfEngine } from './transfer.js';
import { VenueBench } from './testing/index.js';

const BTC_USD = 0;
const DOLLAR = 100n;
const BITCOIN = 100_000_000n;

let bench: VenueBench;
beforeAll(async () => {
  bench = await VenueBench.open();
});
afterAll(() => bench.close());

let orders = 0n;
const order = (
  given: Partial<Extract<EngineCommandDraft, { kind: 'place' }>> & { account: number },
): EngineCommandDraft => ({
  kind: 'place',
  instrument: BTC_USD,
  clientOrderId: (orders += 1n),
  quantity: BITCOIN / 10n,
  price: 300_000,
  side: 'buy',
  type: 'limit',
  timeInForce: 'gtc',
  selfTrade: 'allow',
  instructions: 0,
  triggerPrice: 0,
  ...given,
});

/** Two customers with money on the exchange. */
async function traders(): Promise<{ buyer: string; seller: string; buys: number; sells: number }> {
  const buyer = await bench.customer({ USD: 100_000n * DOLLAR });
  const seller = await bench.customer({ BTC: 5n * BITCOIN });
  await bench.move('in', buyer, 'USD', 100_000n * DOLLAR);
  await bench.moved('in', seller, 'BTC', 5n * BITCOIN);
  const [buys, sells] = [await bench.engineAccount(buyer), await bench.engineAccount(seller)];
  return { buyer, seller, buys, sells };
}

const linesOf = async (of: Account) => {
  const { lines } = await bench.ledger.statement(of, { from: new Date(0), to: new Date(Date.now() + 60_000) });
  return lines;
};

const postedKinds = async (ids: readonly string[]): Promise<(string | undefined)[]> =>
  Promise.all(ids.map(async (id) => (await bench.ledger.transfer(id))?.kind));

async function expectSound(): Promise<void> {
  const { totals } = await bench.ledger.trialBalance();
  expect(Object.values(totals).filter((total) => total !== 0n)).toEqual([]);
}

const cancelAll = (account: number): EngineCommandDraft => ({
  kind: 'cancel-all',
  account,
  instrument: ANY,
  session: 0,
});

describe('settlement', () => {
  test('an engine transfer id is the whole UUID, both ways', () => {
    const id = uuidV7();
    expect(idOfEngine(engineIdOf(id))).toBe(id);
  });

  test('a trade is one transfer with its fees, and both statements show it', async () => {
    bench.startSettler();
    const { buyer, seller, buys, sells } = await traders();
    const last = await bench.exchange.do('gateway', [
      order({ account: buys }),
      order({ account: sells, side: 'sell', quantity: BITCOIN / 20n }),
      cancelAll(buys),
    ]);
    await bench.settledUpTo(last);
    // 0.05 BTC at 30,000: 1,500 USD; the taker pays 0.2 %, of which the maker gets 0.01 %.
    expect(await bench.onExchange(buyer, 'BTC')).toBe(BITCOIN / 20n);
    expect(await bench.onExchange(buyer, 'USD')).toBe(98_500n * DOLLAR + 15n);
    expect(await bench.onExchange(seller, 'BTC')).toBe(5n * BITCOIN - BITCOIN / 20n);
    expect(await bench.onExchange(seller, 'USD')).toBe(1_497n * DOLLAR);
    expect(await bench.ledger.balance(account('exchange_fees', 'USD'))).toBe(285n);
    const lines = await linesOf(account('exchange_available', 'USD', seller));
    expect(lines.map(({ change }) => change)).toEqual([1_500n * DOLLAR, -300n]);
    await bench.stopSettlers();
  });
});

describe('A17', () => {
  const GAPS: readonly Gap[] = ['read', 'posted', 'settling', 'settled'];

  test.each(GAPS)('A17: a settler that dies when it has %s settles every trade once and in order', async (gap) => {
    bench.startSettler();
    const { buyer, seller, buys, sells } = await traders();
    await bench.stopSettlers();
    const rounds = 6;
    const trades = Array.from({ length: rounds }, (_, k) => [
      order({ account: buys, quantity: BITCOIN / 1_000n, price: 300_000 + k }),
      order({ account: sells, side: 'sell', quantity: BITCOIN / 1_000n, price: 300_000 + k }),
    ]).flat();
    const last = await bench.exchange.do('gateway', trades);
    await bench.dieIn(gap);
    bench.startSettler({ batch: 5 });
    await bench.settledUpTo(last);
    await bench.stopSettlers();
    expect(await bench.onExchange(buyer, 'BTC')).toBe((BITCOIN / 1_000n) * BigInt(rounds));
    const paid = (await linesOf(account('exchange_available', 'BTC', seller))).slice(1);
    expect(paid.map(({ change }) => change)).toEqual(Array.from({ length: rounds }, () => -BITCOIN / 1_000n));
    const fills = await bench.database.query<{
      price: number;
      transfer_id: string;
      sequence: bigint;
      event_index: number;
    }>(
      `SELECT price, transfer_id, sequence, event_index FROM venue.fill WHERE account = $1 ORDER BY sequence, event_index`,
      [buys],
    );
    expect(fills.map(({ price }) => price)).toEqual(Array.from({ length: rounds }, (_, k) => 300_000 + k));
    expect(await postedKinds(fills.map(({ transfer_id: id }) => id))).toEqual(fills.map(() => 'venue.trade'));
    await expectSound();
  });

  const MOVE_GAPS: readonly Gap[] = ['sending', 'sent', 'read', 'posted', 'settling', 'settled'];

  test.each(MOVE_GAPS)('A17: a move in and a move out have one effect when the settler dies %s', async (gap) => {
    const customer = await bench.customer({ BTC: 3n * BITCOIN });
    const inward = await bench.move('in', customer, 'BTC', 2n * BITCOIN);
    await bench.dieIn(gap);
    bench.startSettler();
    expect((await bench.ended(inward.id)).state).toBe('settled');
    await bench.stopSettlers();
    expect(await bench.onExchange(customer, 'BTC')).toBe(2n * BITCOIN);
    expect(await bench.available(customer, 'BTC')).toBe(BITCOIN);
    const outward = await bench.move('out', customer, 'BTC', BITCOIN / 2n);
    const tooMuch = await bench.move('out', customer, 'BTC', 2n * BITCOIN);
    await bench.dieIn(gap);
    bench.startSettler();
    expect((await bench.ended(outward.id)).state).toBe('settled');
    expect(await bench.ended(tooMuch.id)).toMatchObject({ state: 'refused', reason: 'insufficient_funds' });
    await bench.stopSettlers();
    expect(await bench.onExchange(customer, 'BTC')).toBe((3n * BITCOIN) / 2n);
    expect(await bench.available(customer, 'BTC')).toBe((3n * BITCOIN) / 2n);
    expect(await bench.ledger.balance(account('exchange_transit', 'BTC', customer))).toBe(0n);
  });
});
