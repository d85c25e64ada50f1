import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decimalOf, MILLION, ONE, textOf, times } from './decimal.js';
import { type LiveOrder } from './live-orders.js';
import { type Market } from './market.js';
import { OrderIds, purposeOf } from './order-ids.js';
import { planQuotes } from './quote-plan.js';
import { type Quote, quotesAround } from './quotes.js';
import { STRATEGIES, type Strategy } from './strategy.js';

const BTC_USD: Market = {
  symbol: 'BTC-USD',
  id: 0,
  base: 'BTC',
  quote: 'USD',
  tick: decimalOf('0.1'),
  lot: decimalOf('1e-8'),
  minimum: decimalOf('0.0005'),
  isOpen: true,
};
const strategy = STRATEGIES['BTC-USD'] as Strategy;
const reference = decimalOf('60000.07');
const plenty = { base: decimalOf('100'), quote: decimalOf('10000000') };
const around = (given: Partial<Parameters<typeof quotesAround>[0]> = {}): Quote[] =>
  quotesAround({ market: BTC_USD, strategy, reference, inventory: strategy.target, funds: plenty, ...given });
const ofSide = (quotes: readonly Quote[], side: 'buy' | 'sell'): Quote[] => quotes.filter((it) => it.side === side);

const amount = (most: string): fc.Arbitrary<bigint> => fc.bigInt({ min: 0n, max: decimalOf(most) });

describe('decimals', () => {
  it('keep every digit, exponents included', () => {
    for (const [text, same] of [['0.1', '0.1'], ['1e-7', '0.0000001'], ['60000.50', '60000.5'], ['-3', '-3'], ['12E+2', '1200']] as const) expect(textOf(decimalOf(text))).toBe(same); // prettier-ignore
    for (const text of ['', '.', '1.', 'NaN', '0x1', '1e9999']) expect(() => decimalOf(text)).toThrow(RangeError);
  });
});

describe('quotes', () => {
  it('lie on ticks and lots, bids below the reference and asks above it, ever further out, and are covered', () => {
    fc.assert(
      fc.property(amount('1000000'), amount('40'), amount('40'), amount('5000000'), (price, inventory, base, quote) => {
        const at = price + decimalOf('100');
        const quotes = around({ reference: at, inventory, funds: { base, quote } });
        for (const { side, price: limit, quantity } of quotes) {
          expect(limit % BTC_USD.tick).toBe(0n);
          expect(quantity % BTC_USD.lot).toBe(0n);
          expect(quantity).toBeGreaterThanOrEqual(BTC_USD.minimum);
          if (side === 'buy') expect(limit).toBeLessThan(at);
          else expect(limit).toBeGreaterThan(at);
        }
        const bids = ofSide(quotes, 'buy');
        const asks = ofSide(quotes, 'sell');
        for (let i = 1; i < bids.length; i += 1) expect(bids[i]!.price).toBeLessThanOrEqual(bids[i - 1]!.price);
        for (let i = 1; i < asks.length; i += 1) expect(asks[i]!.price).toBeGreaterThanOrEqual(asks[i - 1]!.price);
        const cost = bids.reduce((sum, bid) => sum + times(bid.price, bid.quantity), 0n);
        expect(cost).toBeLessThanOrEqual(quote);
        expect(asks.reduce((sum, { quantity }) => sum + quantity, 0n)).toBeLessThanOrEqual(base);
      }),
      { numRuns: 200 },
    );
  });

  it('keep the inventory within its band: the side that leads further away shrinks, moves away, and closes', () => {
    const even = around();
    expect(even).toHaveLength(strategy.levels * 2);
    const long = around({ inventory: strategy.target + strategy.band / 2n });
    const sizeOf = (quotes: readonly Quote[], side: 'buy' | 'sell') => ofSide(quotes, side)[0]!.quantity;
    expect(sizeOf(long, 'buy')).toBe(sizeOf(even, 'buy') / 2n);
    expect(sizeOf(long, 'sell')).toBe(sizeOf(even, 'sell'));
    expect(ofSide(long, 'buy')[0]!.price).toBeLessThan(ofSide(even, 'buy')[0]!.price);
    expect(ofSide(long, 'sell')[0]!.price).toBeLessThan(ofSide(even, 'sell')[0]!.price);
    expect(ofSide(around({ inventory: strategy.target + strategy.band }), 'buy')).toEqual([]);
    expect(ofSide(around({ inventory: strategy.target - strategy.band * 3n }), 'sell')).toEqual([]);
  });
});

describe('a plan', () => {
  const resting = (quote: Quote, change: Partial<LiveOrder> = {}): LiveOrder => ({
    clientId: `${quote.side}${quote.level}`,
    symbol: 'BTC-USD',
    side: quote.side,
    level: quote.level,
    price: quote.price,
    open: quote.quantity,
    state: 'resting',
    orderId: '7',
    sinceMs: 0,
    ...change,
  });
  const [best, ...others] = around() as [Quote, ...Quote[]];
  const rest = others.map((quote) => resting(quote));
  const plan = (order: LiveOrder | undefined) => planQuotes(order === undefined ? rest : [order, ...rest], [best, ...others], strategy); // prettier-ignore

  it('leaves alone what is near enough, and replaces what has drifted or was eaten', () => {
    const drift = (strategy.driftPpm * best.price) / MILLION;
    expect(plan(resting(best, { price: best.price - drift }))).toEqual({ cancels: [], places: [] });
    const drifted = resting(best, { price: best.price - drift - 1n });
    expect(plan(drifted)).toEqual({ cancels: [drifted], places: [best] });
    const eaten = resting(best, { open: best.quantity / 2n - 1n });
    expect(plan(eaten)).toEqual({ cancels: [eaten], places: [best] });
  });

  it('fills an empty slot, waits for what is on its way, and cancels what no quote wants', () => {
    expect(plan(undefined)).toEqual({ cancels: [], places: [best] });
    expect(plan(resting(best, { state: 'sent', price: ONE }))).toEqual({ cancels: [], places: [] });
    expect(plan(resting(best, { state: 'cancelling' }))).toEqual({ cancels: [], places: [best] });
    expect(planQuotes([resting(best), ...rest], [], strategy)).toMatchObject({ cancels: { length: 10 }, places: [] });
    const twin = resting(best, { clientId: 'twin' });
    expect(planQuotes([resting(best), twin, ...rest], [best, ...others], strategy)).toEqual({ cancels: [twin], places: [] }); // prettier-ignore
  });
});

describe('client order ids', () => {
  it('are the same for the same order, differ for all others, and say what they were made for', () => {
    const purposes = Array.from({ length: 70_000 }, (_, n) => ({ market: n % 256, side: n % 2 === 0 ? 'buy' : 'sell', level: n % 16 }) as const); // prettier-ignore
    const idsOf = (startedAt: number) => {
      const ids = new OrderIds(startedAt);
      return purposes.map((purpose) => ids.next(purpose));
    };
    const ids = idsOf(1_790_000_000);
    expect(new Set(ids).size).toBe(ids.length);
    expect(idsOf(1_790_000_000)).toEqual(ids);
    expect(ids.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
    expect(purposeOf(ids[5]!)).toEqual(purposes[5]);
    expect(purposeOf('somebody else’s')).toBeUndefined();
  });
});
