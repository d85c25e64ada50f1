import { describe, expect, it } from '@jest/globals';
import { formatRate } from '@core/money';
import fc from 'fast-check';
import { type BookRow, OwnBook, type OwnBookRules } from './own-book.js';
import { pairOf } from './pair.js';

/** $10,000 on each side within one per cent. */
const RULES: OwnBookRules = { minDepth: { USD: 1_000_000n }, nearBps: 100n };
const row = (px: string, qty: string): BookRow => ({ px, qty });
const bookOf = (bids: readonly BookRow[], asks: readonly BookRow[], rules = RULES): OwnBook => {
  const book = new OwnBook(pairOf('BTC-USD'), rules);
  book.change(bids, asks);
  return book;
};
const told = (book: OwnBook): string => {
  const view = book.view();
  return view.kind === 'none' ? view.why : formatRate(view.price, 2, 'half-even');
};

describe('what the own book is worth', () => {
  it.each([
    ['enough on both sides: the middle', [row('59990', '1')], [row('60010', '1')], '60000.00'],
    ['nothing', [], [], 'one_sided'],
    ['nobody sells', [row('59990', '1')], [], 'one_sided'],
    ['nobody buys', [], [row('60010', '1')], 'one_sided'],
    ['both sides meet, as before an auction', [row('60010', '1')], [row('60010', '1')], 'crossed'],
    ['more than one per cent between them', [row('59000', '1')], [row('59601', '1')], 'wide'],
    ['too little on one side', [row('59990', '0.1')], [row('60010', '1')], 'thin'],
    ['too little on the other', [row('59990', '1')], [row('60010', '0.1')], 'thin'],
    ['enough, but not near the best', [row('59990', '0.1'), row('59300', '5')], [row('60010', '1')], 'thin'],
    ['enough, further behind but near', [row('59990', '0.1'), row('59400', '5')], [row('60010', '1')], '59881.27'],
  ])('%s', (_, bids, asks, expected) => {
    expect(told(bookOf(bids, asks))).toBe(expected);
  });

  it('is nothing where nobody said how much must stand in the quote asset', () => {
    expect(told(bookOf([row('59990', '1')], [row('60010', '1')], { ...RULES, minDepth: { EUR: 1n } }))).toBe('thin');
  });

  it('forgets a level that is gone, however its price is written', () => {
    const book = bookOf([row('59990', '1'), row('59980.5', '1')], [row('60010', '1')]);
    book.change([row('59990.0', '0')], []);
    expect(told(book)).toBe('59995.25');
  });

  it('does not depend on the order in which levels came', () => {
    const prices = fc.uniqueArray(fc.integer({ min: 59_500, max: 59_990 }), { minLength: 1, maxLength: 12 });
    const twice = prices.chain((each) =>
      fc.tuple(fc.constant(each), fc.shuffledSubarray(each, { minLength: each.length })),
    );
    const asks = [row('60000', '1')];
    const viewOf = (of: readonly number[]) =>
      bookOf(
        of.map((price) => row(String(price), '0.4')),
        asks,
      ).view();
    fc.assert(fc.property(twice, ([some, shuffled]) => expect(viewOf(shuffled)).toEqual(viewOf(some))));
  });

  it('cannot be hidden behind many small orders', () => {
    const small = Array.from({ length: 500 }, (_, at) => row(`60010.${String(at).padStart(3, '0')}`, '0.00001'));
    const view = bookOf([row('59990', '1')], [...small, row('60020', '9')]).view();
    if (view.kind === 'none') throw new Error(view.why);
    expect(view.depth.asks).toHaveLength(501);
    expect(view.depth.asks.at(-1)?.quantity).toBe(900_000_000n);
  });

  it('is not looked at again for what comes and goes far from the best prices', () => {
    const book = bookOf([row('59990', '1')], [row('60010', '1')]);
    const before = book.view();
    book.change([row('59390', '5'), row('59000', '7')], [row('60611', '5')]);
    book.change([row('59390', '0')], []);
    expect(book.isChanged).toBe(false);
    expect(book.view()).toBe(before);
    // One per cent away is near, to the last digit.
    book.change([row('59390.1', '1')], []);
    expect(book.isChanged).toBe(true);
    book.change([row('59390.1', '0')], []);
    expect(told(book)).toBe('60000.00');
    expect(book.isChanged).toBe(false);
    // The best bid goes, and what was far is near.
    book.change([row('59990', '0')], []);
    expect(book.isChanged).toBe(true);
    expect(told(book)).toBe('wide');
    book.change([], [row('60010', '0'), row('59100', '1')]);
    expect(told(book)).toBe('59050.00');
  });

  it('is what its levels are worth, whenever it was looked at in between', () => {
    const rows = fc.array(
      fc.tuple(
        fc.constantFrom<'bids' | 'asks'>('bids', 'asks'),
        // The 24th is one per cent from the best.
        fc.constantFrom(0, 1, 2, 23, 24, 25, 40),
        fc.constantFrom('0', '0', '0.1', '1'),
        fc.boolean(),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(rows, (changes) => {
        const viewed = bookOf([], []);
        const last = { bids: new Map<string, string>(), asks: new Map<string, string>() };
        for (const [side, at, qty, looks] of changes) {
          const px = String(60_000 + (side === 'bids' ? -25 * at : 25 * at + 10));
          viewed.change(side === 'bids' ? [row(px, qty)] : [], side === 'asks' ? [row(px, qty)] : []);
          last[side].set(px, qty);
          if (looks) viewed.view();
        }
        const standing = (of: ReadonlyMap<string, string>) =>
          [...of].flatMap(([px, qty]) => (qty === '0' ? [] : [row(px, qty)]));
        expect(viewed.view()).toEqual(bookOf(standing(last.bids), standing(last.asks)).view());
      }),
      { numRuns: 500 },
    );
  });

  it('is a number of 18 decimals, whatever fractions a mean of odd levels is', () => {
    const view = bookOf(
      [row('59990.7', '0.07777777'), row('59990.3', '1')],
      [row('60010.1', '0.13131313'), row('60010.3', '1')],
    ).view();
    if (view.kind === 'none') throw new Error(view.why);
    expect(10n ** 18n % view.price.denominator).toBe(0n);
  });

  // The middle of the best two prices would move by half of what one lot at the top narrows the spread.
  it('is moved by a small order at the top by no more than its share of the depth that is asked for', () => {
    const before = bookOf([row('59800', '1')], [row('60200', '1')]);
    const after = bookOf([row('59800', '1'), row('60199.9', '0.0001')], [row('60200', '1')]);
    expect(told(before)).toBe('60000.00');
    // $6 of $10,000 at 400 dollars better.
    expect(told(after)).toBe('60000.12');
  });
});
