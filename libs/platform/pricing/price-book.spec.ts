import { describe, expect, it } from '@jest/globals';
import { formatRate, parseRate, type Rate } from '@core/money';
import fc from 'fast-check';
import { pairOf } from './pair.js';
import { median, PriceBook, type Consensus } from './price-book.js';

const dollars = (text: string): Rate => parseRate(text, 'BTC', 'USD');
const book = (): PriceBook => new PriceBook(pairOf('BTC-USD'));
const told = (consensus: Consensus): string =>
  consensus.kind === 'mid' ? formatRate(consensus.mid, 2, 'half-even') : consensus.reason;

/** A book after each source said its price at time 0. */
const bookOf = (prices: Record<string, string>): PriceBook => {
  const made = book();
  for (const [name, price] of Object.entries(prices)) made.observe(name, dollars(price), 0);
  return made;
};

describe('D16: what the sources say together', () => {
  it.each([
    ['three agree: the median', { a: '60000', b: '60010', c: '60030' }, '60010.00'],
    ['two agree: the exact mean', { a: '60000', b: '60011' }, '60005.50'],
    ['one of three is wrong: the other two', { a: '60000', b: '60010', c: '66000' }, '60005.00'],
    ['two are 150 bps apart: neither is believed', { a: '60000', b: '60900' }, 'sources_diverge'],
    ['two are 100 bps apart: they agree', { a: '60000', b: '60600' }, '60300.00'],
    ['each agrees with the middle, but not with each other', { a: '60000', b: '60500', c: '61000' }, 'sources_diverge'],
    ['two against two', { a: '60000', b: '60001', c: '62000', d: '62001' }, 'sources_diverge'],
    ['one alone', { a: '60000' }, 'too_few_sources'],
    ['nobody', {}, 'too_few_sources'],
  ])('%s', (_, prices, expected) => {
    expect(told(bookOf(prices as Record<string, string>).consensus(0))).toBe(expected);
  });

  it('a price is fresh for three seconds and not a millisecond longer', () => {
    const prices = bookOf({ a: '60000', b: '60000' });
    expect(told(prices.consensus(3_000))).toBe('60000.00');
    expect(told(prices.consensus(3_001))).toBe('too_few_sources');
    prices.observe('a', dollars('60000'), 3_001);
    expect(told(prices.consensus(3_001))).toBe('too_few_sources');
    prices.observe('b', dollars('60000'), 3_001);
    expect(told(prices.consensus(3_001))).toBe('60000.00');
  });

  it('names the sources it used with their ages, and those it left out', () => {
    const prices = bookOf({ a: '60000', b: '60010', c: '50000' });
    prices.observe('b', dollars('60012'), 700);
    const consensus = prices.consensus(1_000);
    expect(consensus).toMatchObject({
      kind: 'mid',
      sources: [{ name: 'a', ageMs: 1_000 }, { name: 'b', ageMs: 300 }], // prettier-ignore
      outliers: [{ name: 'c' }],
    });
  });
});

describe('D16: a source that jumps', () => {
  it('tenfold, alone, is not believed and goes stale', () => {
    const prices = bookOf({ a: '60000', b: '60000', c: '60000' });
    expect(prices.observe('a', dollars('600000'), 1_000)).toBe('jump');
    expect(told(prices.consensus(1_000))).toBe('60000.00');
    for (const name of ['b', 'c']) prices.observe(name, dollars('60100'), 3_500);
    expect(prices.observe('a', dollars('600000'), 3_500)).toBe('jump');
    const later = prices.consensus(3_500);
    expect(later).toMatchObject({ kind: 'mid', sources: [{ name: 'b' }, { name: 'c' }], outliers: [] });
  });

  it('with another one is the market moving: the second confirms the first', () => {
    const prices = bookOf({ a: '60000', b: '60000', c: '60000' });
    expect(prices.observe('a', dollars('50000'), 1_000)).toBe('jump');
    expect(prices.observe('b', dollars('50100'), 1_200)).toBe('accepted');
    expect(told(prices.consensus(1_200))).toBe('50050.00');
    expect(prices.observe('c', dollars('50050'), 1_400)).toBe('accepted');
    expect(told(prices.consensus(1_400))).toBe('50050.00');
  });

  it('back to where the others never left is believed at once', () => {
    const prices = bookOf({ a: '600000', b: '60000', c: '60010' });
    expect(prices.observe('a', dollars('60005'), 500)).toBe('accepted');
    expect(told(prices.consensus(500))).toBe('60005.00');
  });

  it('is not confirmed by a witness that has gone stale itself', () => {
    const prices = bookOf({ a: '60000', b: '60000' });
    expect(prices.observe('a', dollars('50000'), 1_000)).toBe('jump');
    expect(prices.observe('b', dollars('50000'), 4_001)).toBe('jump');
  });
});

describe('properties', () => {
  const prices = fc.array(fc.bigInt(5_000_000n, 7_000_000n), { minLength: 0, maxLength: 7 });

  it('a mid lies within the sources it names, which are two at least, a majority, and within 100 bps of each other', () => {
    fc.assert(
      fc.property(prices, (cents) => {
        const made = book();
        cents.forEach((each, at) => made.observe(`s${at}`, dollars(`${each / 100n}`), 0));
        const consensus = made.consensus(0);
        if (consensus.kind === 'none') return;
        const named = consensus.sources
          .map(({ price }) => price.numerator * (10n ** 18n / price.denominator))
          .sort((x, y) => (x < y ? -1 : 1));
        const [low = 0n, high = 0n] = [named[0], named.at(-1)];
        const mid = (consensus.mid.numerator * 10n ** 18n) / consensus.mid.denominator;
        expect(low <= mid && mid <= high && (high - low) * 100n <= low).toBe(true);
        expect(named.length >= 2 && named.length * 2 > cents.length).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('the median does not depend on the order of arrival', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt(1n, 10n ** 9n), { minLength: 1, maxLength: 7 }), (values) => {
        const rates = values.map((value) => dollars(value.toString()));
        expect(median(rates)).toEqual(median([...rates].reverse()));
      }),
    );
  });
});
