/** What the own exchange's book does to what customers are quoted (products.md §1.3). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { compareRates, parseRate } from '@core/money';
import { account } from '@platform/ledger';
import { createTestBrokerage, PRICES, type TestBrokerage } from './testing/index.js';

let t: TestBrokerage;
let customer: string;

beforeAll(async () => {
  t = await createTestBrokerage();
  customer = await t.customer({ USD: '1000000.00', BTC: '20', ETH: '100' });
});
afterAll(() => t.close());

const dollars = (text: string) => parseRate(text, 'BTC', 'USD');
const BOOK = {
  bids: [['59990', '0.5'], ['59900', '1'], ['59000', '50']],
  asks: [['60010', '0.5'], ['60100', '1'], ['61000', '50']],
} as const; // prettier-ignore

beforeEach(() => {
  t.prices();
  t.sources.sayBook('BTC-USD', BOOK);
  t.sources.withdrawBook('ETH-BTC', 'one_sided');
});

const buy = (bitcoin: string) =>
  t.quote({ customerId: customer, profile: 'BUY', from: 'USD', to: 'BTC', mode: 'EXACT_OUT', amount: bitcoin });
const sell = (bitcoin: string) =>
  t.quote({ customerId: customer, profile: 'SELL', from: 'BTC', to: 'USD', amount: bitcoin });
const bookOf = (quote: Awaited<ReturnType<typeof buy>>) => quote.sources.find(({ name }) => name === 'own-book');

describe('a quote', () => {
  it('names the book among its sources, with what it would fill the size at', async () => {
    const quote = await buy('0.01000000');
    expect(quote.sources.map(({ name }) => name)).toEqual(['alpha', 'bravo', 'charlie', 'own-book']);
    expect(bookOf(quote)).toEqual({ name: 'own-book', price: '60000.00000000', ageMs: 0, sizePrice: '60010.00000000', covered: '0.01000000' }); // prettier-ignore
    expect([quote.reference, quote.priced.price]).toEqual([dollars('60010'), dollars('60310.05')]);
  });

  it('gets dearer with its size as the book does, on both sides, and says what the book does not have', async () => {
    const [small, large] = [await buy('0.50000000'), await buy('1.50000000')];
    expect([bookOf(small)?.sizePrice, bookOf(large)?.sizePrice]).toEqual(['60010.00000000', '60070.00000000']);
    expect([small.reference, large.reference]).toEqual([dollars('60010'), dollars('60070')]);
    // The orders at 61,000 are more than one per cent away: half of three bitcoin is at the external price for that size.
    const beyond = await buy('3.00000000');
    expect(bookOf(beyond)).toMatchObject({ covered: '1.50000000', sizePrice: '60045.80000000' });
    const sold = await sell('1.50000000');
    expect(bookOf(sold)?.sizePrice).toBe('59930.00000000');
    expect(compareRates(sold.priced.price, dollars('59930'))).toBe(-1);
  });

  it('follows the book from one quote to the next', async () => {
    const before = await buy('0.50000000');
    t.sources.sayBook('BTC-USD', { ...BOOK, asks: [['60050', '0.5'], ['60100', '1']] }); // prettier-ignore
    const after = await buy('0.50000000');
    expect(after.priced.inAmount > before.priced.inAmount).toBe(true);
  });

  it('of a pair without a book, or with one that was withdrawn, is of the external sources alone', async () => {
    t.sources.withdrawBook('BTC-USD', 'not_open');
    const quote = await buy('0.01000000');
    expect(quote.sources.map(({ name }) => name)).toEqual(['alpha', 'bravo', 'charlie']);
    expect(quote.priced.price).toEqual(dollars('60300'));
  });

  it('leaves a book out that is far from what the others say, at no loss to the customer', async () => {
    t.sources.sayBook('BTC-USD', { bids: [['54990', '5']], asks: [['55010', '5']] });
    const quote = await buy('0.01000000');
    expect([bookOf(quote), quote.priced.price]).toEqual([undefined, dollars('60300')]);
    expect(t.pricing.prices.standings('BTC-USD')).toContainEqual(expect.objectContaining({ name: 'own-book', standing: 'left_out' })); // prettier-ignore
  });

  it('is refused when the book is all that is left, and when one external source contradicts it', async () => {
    t.pass(4_000);
    t.sources.sayBook('BTC-USD', BOOK);
    expect(await t.refusalOf(buy('0.01000000'))).toBe('503 price_unavailable');
    t.sources.say('alpha', 'BTC-USD', '61000');
    expect(await t.refusalOf(buy('0.01000000'))).toBe('503 price_unavailable');
    t.sources.say('alpha', 'BTC-USD', '60000');
    t.sources.agree({ 'EUR-USD': PRICES['EUR-USD'] });
    expect((await buy('0.01000000')).sources.map(({ name }) => name)).toEqual(['alpha', 'own-book']);
  });

  it('is kept whatever fractions the book is made of', async () => {
    const asks = [7, 11, 13, 17, 19, 23].map((cents, at) => [`3000.${cents}`, `0.${'123456789'.repeat(2).slice(at)}`] as const); // prettier-ignore
    t.sources.sayBook('ETH-USD', { bids: [['2999.89', '0.777777777777777777']], asks });
    t.sources.say('alpha', 'ETH-USD', '3000.123456789012345678');
    t.sources.say('bravo', 'ETH-USD', '3000.000000000000000001');
    const input = { customerId: customer, from: 'USD', to: 'ETH', amount: '12345.67' } as const;
    const kept = await t.quote(input);
    expect(kept.sources.at(-1)).toMatchObject({ name: 'own-book', covered: expect.stringMatching(/^2\.\d{18}$/) });
    const signed = await t.brokerage.quotes.read(t.database, kept.id, customer);
    expect([signed.quote.priced, signed.quote.reference]).toEqual([kept.priced, kept.reference]);
  });

  it('swaps on the pair of two coins by its own book', async () => {
    const swap = () => t.quote({ customerId: customer, profile: 'SWAP_INTERNAL', from: 'BTC', to: 'ETH', amount: '0.50000000' }); // prettier-ignore
    const before = await swap();
    t.sources.sayBook('ETH-BTC', { bids: [['0.0499', '20']], asks: [['0.0502', '20']] });
    const after = await swap();
    expect(after.sources.at(-1)).toMatchObject({ name: 'own-book', sizePrice: '0.05020000' });
    expect(after.priced.outAmount < before.priced.outAmount).toBe(true);
  });
});

describe('an order that is priced anew', () => {
  it('is repriced, and executed, by the book as it is then', async () => {
    const who = await t.customer();
    const quote = await t.quote({ customerId: who, amount: '20000.00', method: 'CARD' });
    const order = await t.order(who, quote.id, { confirm: true, toleranceBps: 100 });
    const request = t.payments.cards.at(-1);
    if (request === undefined) throw new Error('nothing was charged');
    t.pass(125_000);
    t.prices();
    t.sources.sayBook('BTC-USD', { ...BOOK, asks: [['60300', '5']] });
    const again = await t.brokerage.reprice.of(t.database, await t.read(order.id));
    const executed = await t.capture(request);
    expect(executed.execution?.price).toEqual(again.price);
    t.sources.withdrawBook('BTC-USD', 'disconnected');
    const without = await t.brokerage.reprice.of(t.database, await t.read(order.id));
    expect(again.outAmount < without.outAmount).toBe(true);
    expect(executed.execution?.outAmount).toBe(again.outAmount);
  });
});

/** `alpha` is the only external source that is left. */
const onlyAlpha = (price: string, book: Parameters<typeof t.sources.sayBook>[1]): void => {
  t.pass(4_000);
  t.sources.say('alpha', 'BTC-USD', price);
  t.sources.agree({ 'EUR-USD': PRICES['EUR-USD'] });
  t.sources.sayBook('BTC-USD', book);
};

describe('somebody who makes the book look as they like', () => {
  it('does not keep the circuit breaker from seeing where the market went', async () => {
    const who = await t.customer({ USD: '100.00' });
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '60.00' })).id, {});
    onlyAlpha('60950', { bids: [['60490', '9']], asks: [['60500', '9']] });
    expect(t.pricing.prices.mid('BTC-USD').mid).toEqual(dollars('60722.5'));
    const confirmed = await t.database.transaction((tx) =>
      t.brokerage.confirmOrder.run(tx, { orderId: order.id, customerId: who }),
    );
    expect([confirmed.state, confirmed.reason]).toEqual(['FAILED', 'PRICE_MOVED']);
  });

  it('does not change what coins are worth that repay a debt', async () => {
    const who = await t.customer();
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '100.00', method: 'CARD' })).id);
    await t.capture(t.payments.cards.at(-1)!);
    const bought = await t.available(who, 'BTC');
    const [debt, owed] = [account('customer_debt', 'USD', who), account('chargeback_liability', 'USD')];
    await t.ledger.submit({ id: crypto.randomUUID(), kind: 'test.move', legs: [{ account: debt, amount: 10_000n }, { account: owed, amount: -10_000n }] }); // prettier-ignore
    await t.database.transaction((tx) => t.brokerage.reverseOrder.chargedBack(tx, order.id, crypto.randomUUID()));
    t.prices({ 'BTC-USD': '90000' });
    onlyAlpha('90000', { bids: [['89290', '9']], asks: [['89310', '9']] });
    expect(t.pricing.prices.mid('BTC-USD').mid).toEqual(dollars('89650'));
    await t.jobs.runPending();
    expect(await t.read(order.id)).toMatchObject({ reversal: 'CLAWED_BACK' });
    // 100 / 90,000, rounded up.
    expect(bought - (await t.available(who, 'BTC'))).toBe(111_112n);
  });

  it('buys nothing cheaper and sells nothing dearer for it, whatever they leave there', async () => {
    const honest = { buy: 0n, sell: 0n };
    t.sources.withdrawBook('BTC-USD', 'thin');
    honest.buy = (await buy('0.50000000')).priced.inAmount;
    honest.sell = (await sell('0.50000000')).priced.outAmount;
    const manipulated = [
      // Asks far below, to buy from the desk: within what still agrees, and beyond.
      { bids: [['59490', '9']], asks: [['59500', '9']] },
      { bids: [['10000', '9']], asks: [['10001', '9']] },
      // Bids far above, to sell to it.
      { bids: [['60500', '9']], asks: [['60510', '9']] },
      { bids: [['99000', '9']], asks: [['99001', '9']] },
    ] as const;
    for (const book of manipulated) {
      t.sources.sayBook('BTC-USD', book);
      expect((await buy('0.50000000')).priced.inAmount >= honest.buy).toBe(true);
      expect((await sell('0.50000000')).priced.outAmount <= honest.sell).toBe(true);
    }
  });

  it('with a single external source left, neither', async () => {
    onlyAlpha('60000', { bids: [['59490', '9']], asks: [['59500', '9']] });
    const bought = await buy('0.50000000');
    // Mid is half way to where the book was pulled; the price is not below what the external source says, with its half spread and ours.
    expect(bought.mid).toEqual(dollars('59747.5'));
    expect(compareRates(bought.priced.price, dollars('60300'))).toBeGreaterThanOrEqual(0);
    t.sources.sayBook('BTC-USD', { bids: [['60500', '9']], asks: [['60510', '9']] });
    const sold = await sell('0.50000000');
    expect(compareRates(sold.priced.price, dollars('59700'))).toBeLessThanOrEqual(0);
  });
});
