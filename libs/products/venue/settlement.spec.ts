import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uuidV7 } from '@base/database';
import { Refusal } from '@base/http';
import { clientOrderIdOf, encodeText } from '@core/contracts';
import { account, type Account, type StatementLine } from '@platform/ledger';
import { findOrderByClientId, findOrders } from './find-orders.js';
import { type Gap, GAPS } from './gaps.js';
import { cancelAll, order, VenueBench } from './testing/index.js';
import { engineIdOf, idOfEngine } from './transfer.js';

const DOLLAR = 100n;
const BITCOIN = 100_000_000n;
const ETHER = 1_000_000_000_000_000_000n;

let bench: VenueBench;
/** With money on the exchange. */
let buyer: string;
let seller: string;
let buys: number;
let sells: number;

beforeAll(async () => {
  bench = await VenueBench.open();
  bench.startSettler();
  buyer = await bench.customer({ USD: 100_000n * DOLLAR });
  seller = await bench.customer({ BTC: 50n * BITCOIN, ETH: 3n * ETHER });
  await bench.move('in', buyer, 'USD', 100_000n * DOLLAR);
  await bench.moved('in', seller, 'BTC', 5n * BITCOIN);
  buys = await bench.engineAccount(buyer);
  sells = await bench.engineAccount(seller);
});
afterAll(() => bench.close());

async function linesOf(of: Account): Promise<readonly StatementLine[]> {
  const { lines } = await bench.ledger.statement(of, { from: new Date(0), to: new Date(Date.now() + 60_000) });
  return lines;
}

async function expectSound(): Promise<void> {
  const { totals } = await bench.ledger.trialBalance();
  expect(Object.values(totals).filter((total) => total !== 0n)).toEqual([]);
  const reconciliation = await bench.reconcile();
  expect(reconciliation?.differences).toEqual([]);
  expect(reconciliation?.balances).toBeGreaterThan(2);
}

const refusalOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

test('an engine transfer id is the whole UUID, both ways', () => {
  const id = uuidV7();
  expect(idOfEngine(engineIdOf(id))).toBe(id);
});

test('a trade is one transfer with its fees, and statements, orders and fills show it', async () => {
  const last = await bench.exchange.do('gateway', [
    order({ account: buys, quantity: BITCOIN / 10n }),
    order({ account: sells, side: 'sell', quantity: BITCOIN / 20n }),
    cancelAll(buys),
  ]);
  await bench.settledUpTo(last);
  // 0.05 BTC at 30,000: 1,500 USD; the taker pays 0.2 %, of which the maker gets 0.01 %.
  expect(await bench.onExchange(buyer, 'BTC')).toBe(BITCOIN / 20n);
  expect(await bench.onExchange(buyer, 'USD')).toBe(98_500n * DOLLAR + 15n);
  expect(await bench.onExchange(seller, 'BTC')).toBe(5n * BITCOIN - BITCOIN / 20n);
  expect(await bench.ledger.balance(account('exchange_fees', 'USD'))).toBe(285n);
  const lines = await linesOf(account('exchange_available', 'USD', seller));
  expect(lines.map(({ change }) => change)).toEqual([1_500n * DOLLAR, -300n]);
  const history = await bench.database.query(
    `SELECT account, side, status, reason, filled, traded, fees FROM venue.orders WHERE account = ANY ($1) ORDER BY order_id`,
    [[buys, sells]],
  );
  const half = { filled: BITCOIN / 20n, traded: 1_500n * DOLLAR };
  expect(history).toEqual([
    { account: buys, side: 'buy', status: 'cancelled', reason: 'mass_cancel', ...half, fees: -15n },
    { account: sells, side: 'sell', status: 'filled', reason: null, ...half, fees: 300n },
  ]);
  const fees = await bench.database.query('SELECT account, amount FROM venue.fee ORDER BY account', []);
  expect(fees).toEqual([
    { account: buys, amount: -15n },
    { account: sells, amount: 300n },
  ]);
  await expectSound();
});

test('an order is found by what its client called it', async () => {
  const text = 'my first order: (1) far away';
  const clientOrderId = clientOrderIdOf(text);
  const last = await bench.exchange.do('gateway', [
    { kind: 'name-client-order', account: buys, clientOrderId, text: encodeText(text) },
    order({ account: buys, clientOrderId, price: 1 }),
    order({ account: buys, clientOrderId: 0xabcn, price: 1 }),
    { kind: 'cancel-by-client-id', account: buys, clientOrderId },
    cancelAll(buys),
  ]);
  await bench.settledUpTo(last);
  const found = await findOrderByClientId(bench.database, buys, clientOrderId);
  expect(found).toMatchObject({ clientText: text, status: 'cancelled', reason: 'requested', left: 1_000_000n });
  const canceled = await findOrders(bench.database, { account: buys, status: 'CANCELED', symbol: 'BTC-USD', limit: 2 });
  expect(canceled.map(({ clientText }) => clientText)).toEqual(['0000000000000abc', text]);
  expect(await findOrders(bench.database, { account: sells, status: 'CANCELED', limit: 10 })).toEqual([]);
});

describe('a move', () => {
  test('is refused with a reason when it could not be, and leaves nothing behind', async () => {
    const before = await bench.available(seller, 'ETH');
    expect(await refusalOf(bench.move('in', seller, 'ETH', 1n))).toBe('amount_too_fine');
    expect(await refusalOf(bench.move('in', seller, 'ETH', 0n))).toBe('amount_malformed');
    expect(await refusalOf(bench.move('in', seller, 'ETH', 4n * ETHER))).toBe('insufficient_funds');
    expect(await refusalOf(bench.move('in', uuidV7(), 'ETH', ETHER))).toBe('account_frozen');
    expect(await refusalOf(bench.move('out', seller, 'BTC', 1n << 62n))).toBe('done');
    expect(await refusalOf(bench.move('out', seller, 'BTC', (1n << 62n) + 1n))).toBe('amount_too_large');
    expect(await bench.available(seller, 'ETH')).toBe(before);
  });

  test('is stored once under its key, whatever is asked under it again', async () => {
    const key = 'the same key';
    const first = await bench.move('in', seller, 'ETH', ETHER, key);
    expect((await bench.move('in', seller, 'ETH', ETHER, key)).id).toBe(first.id);
    expect(await refusalOf(bench.move('in', seller, 'ETH', 2n * ETHER, key))).toBe('idempotency_key_reused');
    expect((await bench.ended(first.id)).state).toBe('settled');
    expect((await bench.move('in', seller, 'ETH', ETHER, key)).state).toBe('settled');
    expect(await bench.onExchange(seller, 'ETH')).toBe(ETHER);
  });

  test('that the engine will not credit gives the money back', async () => {
    const limit = (1n << 62n) * 10_000_000_000n;
    const rich = await bench.customer({ ETH: limit });
    // With what is there already it would be more than the engine can hold.
    expect(await bench.moved('in', rich, 'ETH', limit)).toMatchObject({ state: 'refused', reason: 'balance_overflow' });
    expect(await bench.available(rich, 'ETH')).toBe(limit);
    await expectSound();
  });
});

describe('A17', () => {
  const READING: readonly Gap[] = ['read', 'posted', 'settling', 'settled'];
  const SENDING = GAPS.filter((gap) => gap !== 'requested');

  test('A17: a settler that dies anywhere between reading a trade and its commit settles every trade once, in order', async () => {
    await bench.stopSettlers();
    const lot = BITCOIN / 1_000n;
    for (const gap of READING) {
      const before = await bench.onExchange(buyer, 'BTC');
      const trades = Array.from({ length: 6 }, (_, k) => [
        order({ account: buys, quantity: lot, price: 300_000 + k }),
        order({ account: sells, side: 'sell', quantity: lot, price: 300_000 + k }),
      ]).flat();
      const last = await bench.exchange.do('gateway', trades);
      await bench.dieIn(gap);
      bench.startSettler({ batch: 5 });
      await bench.settledUpTo(last);
      await bench.stopSettlers();
      expect([gap, (await bench.onExchange(buyer, 'BTC')) - before]).toEqual([gap, 6n * lot]);
    }
    const fills = await bench.database.query<{ price: number; transfer: string }>(
      `SELECT price, transfer_id AS transfer FROM venue.fill WHERE account = $1 AND liquidity = 'maker' ORDER BY sequence, event_index`,
      [buys],
    );
    expect(fills.slice(1).map(({ price }) => price)).toEqual(
      READING.flatMap(() => Array.from({ length: 6 }, (_, k) => 300_000 + k)),
    );
    const delivered = (await linesOf(account('exchange_available', 'BTC', buyer))).map(({ transferId }) => transferId);
    expect(delivered).toEqual(fills.map(({ transfer }) => transfer));
    await expectSound();
  });

  test('A17: moves in and out have one effect wherever the settler dies', async () => {
    await bench.stopSettlers();
    const customer = await bench.customer({ BTC: 30n * BITCOIN });
    for (const [round, gap] of SENDING.entries()) {
      const inward = await bench.move('in', customer, 'BTC', 2n * BITCOIN);
      await bench.dieIn(gap);
      bench.startSettler();
      const outward = await bench.ended(inward.id).then(() => bench.move('out', customer, 'BTC', BITCOIN));
      const tooMuch = await bench.move('out', customer, 'BTC', 29n * BITCOIN);
      await bench.stopSettlers();
      await bench.dieIn(gap);
      bench.startSettler();
      expect((await bench.ended(outward.id)).state).toBe('settled');
      expect(await bench.ended(tooMuch.id)).toMatchObject({ state: 'refused', reason: 'insufficient_funds' });
      await bench.stopSettlers();
      const rounds = BigInt(round + 1);
      expect([gap, await bench.onExchange(customer, 'BTC')]).toEqual([gap, rounds * BITCOIN]);
      expect(await bench.available(customer, 'BTC')).toBe((30n - rounds) * BITCOIN);
    }
    expect(await bench.ledger.balance(account('exchange_transit', 'BTC', customer))).toBe(0n);
    await expectSound();
  });
});

test('two settlers at once settle nothing twice', async () => {
  bench.startSettler();
  bench.startSettler();
  const before = await bench.onExchange(buyer, 'BTC');
  const last = await bench.exchange.do('gateway', [order({ account: buys }), order({ account: sells, side: 'sell' })]);
  await bench.settledUpTo(last);
  await bench.stopSettlers();
  expect((await bench.onExchange(buyer, 'BTC')) - before).toBe(1_000_000n);
});
