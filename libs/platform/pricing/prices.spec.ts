import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { formatRate, parseRate } from '@core/money';
import { sqlState, uuidV7 } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { Refusal } from '@base/http';
import { createLogger } from '@base/observability';
import { ALL_PAIRS, createPricing, type Pricing, Prices } from './index.js';
import { ManualSources } from './testing/index.js';

const logger = createLogger('spec', 'silent');
const clock = new ManualClock();
let nowMs = 0;
let sources: ManualSources;
let prices: Prices;

beforeEach(() => {
  nowMs = 0;
  sources = new ManualSources();
  prices = new Prices({
    pairs: ['BTC-USD', 'ETH-USD', 'EUR-USD', 'USDC-USD'],
    sources: sources.sources,
    clock,
    logger,
    monotonicMs: () => nowMs,
  });
  prices.start();
});

const refusalOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return `${error.options.status} ${error.code}`;
    throw error;
  }
  return 'answered';
};

describe('a firm price', () => {
  it('names its sources and their ages', () => {
    sources.agree({ 'BTC-USD': '60000' });
    nowMs = 1_200;
    sources.say('alpha', 'BTC-USD', '60002');
    expect(prices.mid('BTC-USD')).toMatchObject({
      mid: parseRate('60000', 'BTC', 'USD'),
      sources: [{ name: 'alpha', ageMs: 0 }, { name: 'bravo', ageMs: 1_200 }, { name: 'charlie', ageMs: 1_200 }],
      at: clock.now(),
    }); // prettier-ignore
  });

  it('D16: is refused when the sources die, and last prices say that they are not firm', () => {
    sources.agree({ 'BTC-USD': '60000' });
    expect(prices.last('BTC-USD')?.firm).toBe(true);
    nowMs = 4_000;
    expect(refusalOf(() => prices.mid('BTC-USD'))).toBe('503 price_unavailable');
    expect(prices.firm('BTC-USD')).toBeUndefined();
    expect(prices.last('BTC-USD')).toMatchObject({ firm: false, mid: parseRate('60000', 'BTC', 'USD') });
  });

  it('D16: is refused for a pair that two sources disagree about by 150 bps, not for the others', () => {
    sources.say('alpha', 'BTC-USD', '60000');
    sources.say('bravo', 'BTC-USD', '60900');
    sources.agree({ 'ETH-USD': '3000' });
    expect(refusalOf(() => prices.mid('BTC-USD'))).toBe('503 price_unavailable');
    expect(refusalOf(() => prices.mid('ETH-USD'))).toBe('answered');
  });

  it('is refused for a pair that nobody watches', () => {
    expect(refusalOf(() => prices.mid('GBP-USD'))).toBe('503 price_unavailable');
    expect(() => sources.say('alpha', 'GBP-USD', '1.2')).not.toThrow();
  });

  it('does not become fresh again when the wall clock is set back', () => {
    sources.agree({ 'BTC-USD': '60000' });
    nowMs = 4_000;
    const before = clock.now();
    clock.advance(-3_600_000);
    expect(prices.firm('BTC-USD')).toBeUndefined();
    clock.advance(3_600_000);
    expect(clock.now()).toEqual(before);
  });
});

describe('valuation', () => {
  it('goes directly, backwards and through the dollar, exactly', () => {
    sources.agree({ 'BTC-USD': '60000', 'ETH-USD': '3000', 'EUR-USD': '1.25' });
    expect(prices.value(100_000_000n, 'BTC', 'USD', 'floor')).toBe(6_000_000n);
    expect(prices.value(6_000_000n, 'USD', 'BTC', 'floor')).toBe(100_000_000n);
    expect(prices.value(100_000_000n, 'BTC', 'EUR', 'floor')).toBe(4_800_000n);
    expect(prices.value(10n ** 18n, 'ETH', 'BTC', 'floor')).toBe(5_000_000n);
    expect(prices.value(7n, 'ETH', 'ETH', 'floor')).toBe(7n);
    expect(prices.value(1n, 'USDC', 'USD', 'floor')).toBeUndefined();
  });
});

describe('what is kept', () => {
  let database: TestDatabase;
  let pricing: Pricing;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    sources = new ManualSources();
    pricing = createPricing({ database: database.app, clock, logger }, { sources: sources.sources });
    await pricing.start();
  });
  afterEach(() => pricing.stop());

  it('one close per minute, the last price of it, which nobody can change', async () => {
    clock.advance(60_000 - (clock.now().getTime() % 60_000));
    const minute = clock.now();
    for (const price of ['60000', '60001', '60002']) {
      sources.agree({ 'BTC-USD': price });
      await pricing.recordCloses.run();
      clock.advance(10_000);
    }
    clock.advance(60_000);
    sources.agree({ 'BTC-USD': '61000' });
    await pricing.recordCloses.run();
    await pricing.recordCloses.run();
    const page = await pricing.closes.page('BTC-USD', { before: clock.now(), limit: 10 });
    expect(page.map(({ minute: at, close, sources: n }) => [at, formatRate(close, 2, 'half-even'), n])).toEqual([
      [minute, '60002.00', 3],
    ]);
    expect(await pricing.closes.closeAt('BTC-USD', new Date(minute.getTime() - 1))).toBeUndefined();
    expect(await database.app.query('UPDATE pricing.minute_close SET close_e12 = 1').catch(sqlState)).toBe('42501');
    expect(await database.owner.query('DELETE FROM pricing.minute_close').catch(sqlState)).toBe('23001');
  });

  it('a close is what the external sources say, whatever the own book makes of mid', async () => {
    sources.say('alpha', 'GBP-USD', '1.25');
    sources.sayBook('GBP-USD', { bids: [['1.259', '90000']], asks: [['1.261', '90000']] });
    expect(formatRate(pricing.prices.mid('GBP-USD').mid, 4, 'half-even')).toBe('1.2550');
    await pricing.recordCloses.run();
    clock.advance(60_000);
    await pricing.recordCloses.run();
    const page = await pricing.closes.page('GBP-USD', { before: clock.now(), limit: 10 });
    expect(page.map(({ close, sources: n }) => [formatRate(close, 4, 'half-even'), n])).toEqual([['1.2500', 1]]);
  });

  it('B9: a close that is not a number is refused by the database', async () => {
    const insert = `INSERT INTO pricing.minute_close VALUES ('BTC-USD', '2026-01-01T00:00:00Z', 'NaN', 2)`;
    expect(await database.app.query(insert).catch(sqlState)).toBe('23514');
  });

  it('the kill switch, which every process follows', async () => {
    const other = createPricing({ database: database.app, clock, logger }, { sources: sources.sources });
    sources.agree({ 'BTC-USD': '60000', 'ETH-USD': '3000' });
    const operatorId = uuidV7();
    await pricing.halts.halt(database.app, { pair: 'BTC-USD', reason: 'venue hacked', operatorId });
    await pricing.halts.halt(database.app, { pair: 'BTC-USD', reason: 'again', operatorId });
    expect(await pricing.halts.list(database.app)).toMatchObject([
      { pair: 'BTC-USD', reason: 'venue hacked', operatorId },
    ]);
    await until(() => refusalOf(() => pricing.prices.mid('BTC-USD')) === '503 price_unavailable');
    expect(pricing.prices.firm('ETH-USD')).toBeDefined();
    await pricing.halts.halt(database.app, { pair: ALL_PAIRS, reason: 'stop', operatorId });
    await until(() => pricing.prices.firm('ETH-USD') === undefined);
    for (const pair of ['BTC-USD', ALL_PAIRS]) await pricing.halts.resume(database.app, pair);
    await until(() => pricing.prices.firm('BTC-USD') !== undefined);
    await other.stop();
  });

  it('volatility comes from the closes and is read once a minute', async () => {
    expect(await pricing.volatility.annualPpm(database.app, 'ETH-USD')).toBe(550_000n);
    await database.app.query(
      `INSERT INTO pricing.minute_close SELECT 'USDC-USD', timestamptz '2025-01-01T00:00Z' + n * interval '1 minute', 1000000000000 + (n % 2) * 1000000000, 3
         FROM generate_series(1, 1001) n`,
    );
    expect(await pricing.volatility.annualPpm(database.app, 'USDC-USD')).toBeGreaterThan(720_000n);
  });

  async function until(condition: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 5_000; !condition();) {
      if (Date.now() > deadline) throw new Error('it did not happen in time');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
