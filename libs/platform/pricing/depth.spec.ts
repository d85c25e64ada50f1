import { describe, expect, it } from '@jest/globals';
import { assetOf, compareRates, parseRate, rate, type Rate } from '@core/money';
import fc from 'fast-check';
import { type BookFill, type DepthLevel, fillBase, fillMoney } from './depth.js';

const level = (price: string, quantity: bigint): DepthLevel => ({ price: parseRate(price, 'BTC', 'USD'), quantity });
const dollars = (price: string): Rate => parseRate(price, 'BTC', 'USD');

/** Few minor units at odd prices, so that an oracle can take them one by one. */
const levels = fc.array(
  fc.tuple(fc.bigInt(1n, 50n), fc.bigInt(1n, 9n), fc.bigInt(1n, 12n)).map(([numerator, denominator, quantity]) => ({
    price: rate('BTC', 'USD', numerator, denominator),
    quantity,
  })),
  { maxLength: 6 },
);
const tails = fc.tuple(fc.bigInt(1n, 50n), fc.bigInt(1n, 9n)).map(([n, d]) => rate('BTC', 'USD', n, d));

/** One minor unit after the other, each at the price of the level that it is found in. */
function unitByUnit(of: readonly DepthLevel[], base: bigint, tail: Rate): BookFill {
  const units = of.flatMap(({ price, quantity }) => Array.from({ length: Number(quantity) }, () => price));
  const taken = Array.from({ length: Number(base) }, (_, at) => units[at] ?? tail);
  const common = taken.reduce((product, { denominator }) => product * denominator, 1n);
  const sum = taken.reduce((total, { numerator, denominator }) => total + numerator * (common / denominator), 0n);
  const covered = base < BigInt(units.length) ? base : BigInt(units.length);
  return { price: rate('BTC', 'USD', sum, common * base), covered, isWhole: covered === base };
}

/** What so much of the base asset costs at a mean price, in minor units of the quote asset. */
const costOf = (base: bigint, { numerator, denominator }: Rate) => ({
  numerator: base * numerator * 10n ** BigInt(assetOf('USD').scale),
  denominator: denominator * 10n ** BigInt(assetOf('BTC').scale),
});

describe('the mean price of an amount in a book', () => {
  it('is that of the best level while it suffices, and then moves with the levels behind', () => {
    const asks = [level('60000', 100n), level('60010', 300n)];
    expect(fillBase(asks, 100n, dollars('70000'))).toEqual({ price: dollars('60000'), covered: 100n, isWhole: true });
    expect(fillBase(asks, 400n, dollars('70000')).price).toEqual(dollars('60007.5'));
  });

  it('takes the tail for what the book does not have, and says how much it had', () => {
    expect(fillBase([level('60000', 100n)], 400n, dollars('60400'))).toEqual({
      price: dollars('60300'),
      covered: 100n,
      isWhole: false,
    });
    expect(fillBase([], 1n, dollars('60400'))).toEqual({ price: dollars('60400'), covered: 0n, isWhole: false });
  });

  it('is the one that a unit by unit count gives, to the last digit', () => {
    fc.assert(
      fc.property(levels, fc.bigInt(1n, 60n), tails, (book, base, tail) => {
        expect(fillBase(book, base, tail)).toEqual(unitByUnit(book, base, tail));
      }),
    );
  });

  it('is the same whether the amount is named or the money that it costs', () => {
    fc.assert(
      fc.property(levels, fc.bigInt(1n, 60n), tails, (book, base, tail) => {
        const named = unitByUnit(book, base, tail);
        expect(fillMoney(book, costOf(base, named.price), tail)).toEqual(named);
      }),
    );
  });

  it('of any money at all buys exactly what costs it', () => {
    const money = fc.record({ numerator: fc.bigInt(1n, 10n ** 12n), denominator: fc.bigInt(1n, 10n ** 18n) });
    fc.assert(
      fc.property(levels, money, tails, (book, spent, tail) => {
        const { price, covered, isWhole } = fillMoney(book, spent, tail);
        // How much base that is, as a fraction, and what its whole units cost one by one: no more than was spent, and one unit more costs more.
        const base =
          (spent.numerator * price.denominator * 10n ** BigInt(assetOf('BTC').scale)) /
          (spent.denominator * price.numerator * 10n ** BigInt(assetOf('USD').scale));
        if (base > 500n) return;
        const costs = (units: bigint) => costOf(units, fillBase(book, units, tail).price);
        const isAtMost = (a: typeof spent, b: typeof spent) =>
          a.numerator * b.denominator <= b.numerator * a.denominator;
        if (base > 0n) expect(isAtMost(costs(base), spent)).toBe(true);
        expect(isAtMost(costs(base + 1n), spent)).toBe(false);
        const held = book.reduce((sum, { quantity }) => sum + quantity, 0n);
        expect(covered).toBe(base < held ? base : held);
        if (isWhole) expect(covered).toBe(base);
      }),
    );
  });

  it('never gets better with the amount, in a book whose tail is its worst price', () => {
    fc.assert(
      fc.property(levels, fc.bigInt(1n, 60n), fc.bigInt(1n, 60n), (book, one, more) => {
        const asks = [...book].sort((a, b) => compareRates(a.price, b.price));
        const tail = asks.at(-1)?.price ?? dollars('1');
        const [small, large] = [fillBase(asks, one, tail), fillBase(asks, one + more, tail)];
        expect(compareRates(small.price, large.price)).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('of nothing is a mistake', () => {
    expect(() => fillBase([], 0n, dollars('1'))).toThrow(RangeError);
    expect(() => fillMoney([], { numerator: 0n, denominator: 1n }, dollars('1'))).toThrow(RangeError);
  });
});
