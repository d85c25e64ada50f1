/**
 * The desk on the whole of its own exchange: a gateway and an exchange as processes, settlement, and the house as a member with an API key. Prices are made
 * of the same book on which the house hedges, so what its hedges do to prices is looked at too.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { uuidV7 } from '@base/database';
import { Events } from '@base/events';
import { Refusal } from '@base/http';
import { Outbox } from '@base/jobs';
import { type AssetCode, compareRates, parseAmount, parseRate, type Rate } from '@core/money';
import { account, credit, debit } from '@platform/ledger';
import { createPricing, OWN_BOOK, OwnBookSource, type Pricing } from '@platform/pricing';
import { ManualSources } from '@platform/pricing/testing';
import { appointHedgeMember, type Brokerage, createBrokerage, type Hedge, listHedges, type Quote, readHedgeFills } from '@products/brokerage'; // prettier-ignore
import { FakePayments } from '@products/brokerage/testing';
import { exchangeKey, order, VenueBench } from '@products/venue/testing';
import { MemberApi } from './member-api.js';
import { OwnVenue } from './own-venue.js';

const GATEWAY = join(import.meta.dirname, '../../../dist/apps/gateway/main.js');
const EXTERNAL = { 'BTC-USD': '60000', 'EUR-USD': '1.09' };
/** Of BTC-USD: ticks are ten cents. */
const DOLLAR = 10;

let bench: VenueBench;
let gateway: ChildProcess;
let pricing: Pricing;
let brokerage: Brokerage;
let house: string;
let customer: string;
let stating: NodeJS.Timeout;

const bitcoin = (text: string): bigint => parseAmount(text, 'BTC');
const dollars = (text: string): Rate => parseRate(text, 'BTC', 'USD');

beforeAll(async () => {
  bench = await VenueBench.open({ makerPpm: 0, takerPpm: 2_000 });
  bench.startSettler();
  const { database, ledger, logger } = bench;
  const [rest, socket] = await startGateway();
  await makeMarket();

  house = await bench.customer({});
  const venue = new OwnVenue({ database, ledger, clock: systemClock }, new MemberApi(`http://127.0.0.1:${rest}/v3/exchange`, await apiKey(house))); // prettier-ignore
  await appointHedgeMember(database, ledger, { customerId: house, venue: venue.name, at: systemClock.now() });
  const external = new ManualSources(['alpha', 'bravo']);
  const own = new OwnBookSource({ url: `ws://127.0.0.1:${socket}/mercury-gateway/v1/ws`, pairs: ['BTC-USD'], logger });
  const sources = [...external.sources.filter(({ kind }) => kind === 'external'), own];
  pricing = createPricing({ database, clock: systemClock, logger }, { sources });
  brokerage = createBrokerage(
    {
      ...{ database, clock: systemClock, logger, ledger, pricing, hedgeVenue: venue },
      events: new Events({ database, clock: systemClock, logger }),
      outbox: new Outbox(database, systemClock),
      payments: new FakePayments(),
      tiers: { tierOf: () => Promise.resolve(3) },
    },
    { quoteSigningKey: new Secret('a key that signs the quotes of specs') },
  );
  await pricing.start();
  external.agree(EXTERNAL);
  stating = setInterval(() => external.agree(EXTERNAL), 500);
  await giveHouse({ USD: '1000000.00', BTC: '10' });
  await database.transaction((tx) =>
    brokerage.operateDesk.setLimits(tx, { asset: 'BTC', softCents: 2_000_000n, hardCents: 1_000_000_000n }),
  );
  customer = await bench.customer({ USD: 10_000_000n, BTC: bitcoin('2') });
});
afterAll(async () => {
  clearInterval(stating);
  await pricing.stop();
  gateway.kill('SIGKILL');
  await bench.close();
});

async function startGateway(): Promise<readonly number[]> {
  gateway = spawn(process.execPath, [GATEWAY], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: bench.books.database.appUrl.reveal(),
      EXCHANGE_ADDRESSES: bench.exchange.address.path,
      EXCHANGE_GATEWAY_KEY: exchangeKey('gateway').reveal(),
      ...Object.fromEntries(['REST', 'WS', 'FIX', 'METRICS'].map((name) => [`GATEWAY_${name}_PORT`, '0'])),
    },
  });
  if (gateway.stdout === null) throw new Error('the gateway says nothing');
  const lines = createInterface(gateway.stdout);
  for (;;) {
    const [line] = (await once(lines, 'line')) as [string];
    const { msg, ports } = JSON.parse(line) as { msg: string; ports: number[] };
    if (msg === 'gateway ready') return ports;
  }
}

/** Ten bitcoin on each side, most of them behind the best price. */
async function makeMarket(): Promise<void> {
  const maker = await bench.customer({ USD: 100_000_000n, BTC: bitcoin('20') });
  await bench.moved('in', maker, 'USD', 100_000_000n);
  await bench.moved('in', maker, 'BTC', bitcoin('20'));
  const number = await bench.engineAccount(maker);
  const rests = (side: 'buy' | 'sell', price: number, quantity: string) =>
    order({ account: number, side, price: price * DOLLAR, quantity: bitcoin(quantity) });
  await bench.exchange.do('gateway', [
    rests('sell', 60_010, '0.5'),
    rests('sell', 60_060, '5'),
    rests('buy', 59_990, '0.5'),
    rests('buy', 59_940, '5'),
  ]);
}

async function apiKey(customerId: string): Promise<Secret> {
  const secret = randomBytes(32).toString('base64url');
  const now = systemClock.now();
  await bench.database.query(
    `INSERT INTO identity.api_key (id, customer_id, label, secret_hash, scopes, networks, created_at, expires_at)
     VALUES ($1, $2, 'hedge', $3, '{view,trade}', '{}', $4, $5)`,
    [uuidV7(), customerId, createHash('sha256').update(secret).digest(), now, new Date(now.getTime() + 3_600_000)],
  );
  return new Secret(secret);
}

async function giveHouse(money: Partial<Record<AssetCode, string>>): Promise<void> {
  for (const [asset, text] of Object.entries(money) as [AssetCode, string][]) {
    const amount = parseAmount(text, asset);
    const legs = [debit(account('bank_nostro', asset), amount), credit(account('equity', asset), amount)];
    await bench.ledger.submit({ id: uuidV7(), kind: 'test.fund', legs });
    await bench.database.transaction((tx) =>
      brokerage.fundInventory.run(tx, { id: uuidV7(), asset, amount, source: 'spec' }),
    );
  }
}

const ownBook = ({ sources }: Quote) => sources.find(({ name }) => name === OWN_BOOK);
const quote = async (side: 'BUY' | 'SELL', amount: string): Promise<Quote> => {
  const [from, to, mode] =
    side === 'BUY' ? (['USD', 'BTC', 'EXACT_OUT'] as const) : (['BTC', 'USD', 'EXACT_IN'] as const);
  const input = { customerId: customer, profile: side, from, to, mode, amount, method: 'FUNDS' } as const;
  // Sources go stale for a moment when the machine is busy.
  return bench.eventually(async () => {
    const made = await bench.database
      .transaction((tx) => brokerage.createQuote.run(tx, input))
      .catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'price_unavailable') return undefined;
        throw error;
      });
    return made && ownBook(made.quote) && made.quote;
  });
};
const deal = async (side: 'BUY' | 'SELL', amount: string): Promise<void> => {
  const { id: quoteId } = await quote(side, amount);
  const input = { customerId: customer, quoteId, confirm: true };
  const done = await bench.database.transaction((tx) => brokerage.createOrder.run(tx, input));
  expect(done.state).toBe('SETTLED');
};
const position = async (): Promise<bigint> => (await brokerage.house.position(bench.database, 'BTC')).position;
const hedges = (): Promise<Hedge[]> => listHedges(bench.database, { limit: 10 });
const atVenue = async (): Promise<bigint> =>
  (await bench.onExchange(house, 'BTC')) + (await bench.onExchange(house, 'USD'));
/** Until the house has nothing to hedge, nothing under way, and its money is home. */
const hedged = (count: number): Promise<true> =>
  bench.eventually(async () => {
    await brokerage.hedgeHouse?.run();
    const known = await hedges();
    const isOver = known.length === count && known.every(({ state }) => state === 'reconciled');
    return isOver && (await atVenue()) === 0n ? (true as const) : undefined;
  });
const seen = (price: string): Promise<true> =>
  bench.eventually(async () => (ownBook(await quote('BUY', '0.10000000'))?.sizePrice === price ? true : undefined));

describe('the house that prices from the book on which it hedges', () => {
  it('sells to a customer at what the book asks, buys it back there, and has its money home again', async () => {
    await bench.eventually(() => Promise.resolve(pricing.prices.firm('BTC-USD')?.ownBook && (true as const)));
    const before = await quote('BUY', '0.50000000');
    expect(ownBook(before)).toMatchObject({ sizePrice: '60010.00000000', covered: '0.50000000' });
    await deal('BUY', '0.50000000');
    expect(await position()).toBe(-bitcoin('0.5'));

    await hedged(1);
    const [hedge] = await hedges();
    // A third of a bitcoin: what the soft limit of $20,000 is worth, less than a lot of it.
    expect(hedge).toMatchObject({ side: 'BUY', amount: 33_333_333n, state: 'reconciled', mismatched: false });
    const fills = hedge ? await readHedgeFills(bench.database, hedge) : [];
    expect(fills.map(({ amount, price }) => [amount, price])).toEqual([[33_333_333n, dollars('60010')]]);
    expect(await position()).toBe(33_333_333n - bitcoin('0.5'));
  });

  it('quotes the next customer dearer for what it has taken, not its mid, and hedges no more than that', async () => {
    // 0.16666667 are left at the best price, and half a bitcoin reaches behind it.
    const after = await bench.eventually(async () => {
      const next = await quote('BUY', '0.50000000');
      return ownBook(next)?.sizePrice === '60010.00000000' ? undefined : next;
    });
    expect(ownBook(after)?.sizePrice).toBe('60043.33333300');
    expect(after.mid).toEqual(dollars('60000'));
    for (let time = 0; time < 5; time += 1) await brokerage.hedgeHouse?.run();
    expect(await hedges()).toHaveLength(1);
  });

  it('lays off the other way what customers sell to it, and its own orders never stand in the book', async () => {
    await deal('SELL', '0.60000000');
    await hedged(2);
    const [hedge] = await hedges();
    expect(hedge).toMatchObject({ side: 'SELL', amount: 33_333_333n, state: 'reconciled' });
    expect(await position()).toBe(bitcoin('0.1'));
    await seen('60010.00000000');
    const sold = await quote('SELL', '0.16666667');
    expect(ownBook(sold)?.sizePrice).toBe('59990.00000000');
    expect(compareRates(sold.mid, dollars('60000'))).toBe(0);
    for (let time = 0; time < 5; time += 1) await brokerage.hedgeHouse?.run();
    expect(await hedges()).toHaveLength(2);
  });
});
