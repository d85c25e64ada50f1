import { describe, expect, it } from '@jest/globals';
import { compareRates, formatRate, parseRate, type Rate } from '@core/money';
import fc from 'fast-check';
import { pairOf } from './pair.js';
import { median, PRICE_RULES, PriceBook, type Consensus } from './price-book.js';

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

describe('the own book among the sources', () => {
  const own = { kind: 'own-book', depth: { bids: [], asks: [] } } as const;
  const withBook = (external: Record<string, string>, price: string): PriceBook => {
    const made = bookOf(external);
    made.observe('own-book', dollars(price), 0, own);
    return made;
  };

  it.each([
    ['agrees with two: the median of three', { a: '60000', b: '60100' }, '60050', '60050.00'],
    ['agrees with one: the mean', { a: '60000' }, '60100', '60050.00'],
    ['disagrees with two that agree: it is left out', { a: '60000', b: '60100' }, '70000', '60050.00'],
    ['agrees with one of two, not with the other: it is left out', { a: '60000', b: '60500' }, '60700', '60250.00'],
    ['disagrees with the only other one', { a: '60000' }, '60700', 'sources_diverge'],
    [
      'sides with one of two that disagree: neither is believed',
      { a: '60000', b: '61000' },
      '60000',
      'sources_diverge',
    ],
    ['sides with the outlier of three: both are left out', { a: '60000', b: '60010', c: '66000' }, '66000', '60005.00'],
    ['alone', {}, '60000', 'too_few_sources'],
  ])('%s', (_, external, price, expected) => {
    expect(told(withBook(external as Record<string, string>, price).consensus(0))).toBe(expected);
  });

  it('is not enough where a single source would be', () => {
    const lenient = new PriceBook(pairOf('BTC-USD'), { ...PRICE_RULES, minSources: 1 });
    lenient.observe('own-book', dollars('60000'), 0, own);
    expect(told(lenient.consensus(0))).toBe('too_few_sources');
    lenient.observe('a', dollars('60010'), 0);
    expect(told(lenient.consensus(0))).toBe('60005.00');
  });

  it('twice is one of it', () => {
    const twice = withBook({}, '60000');
    twice.observe('second-gateway', dollars('60000'), 0, own);
    expect(told(twice.consensus(0))).toBe('too_few_sources');
    twice.observe('a', dollars('60300'), 0);
    twice.observe('b', dollars('60310'), 0);
    // A second vote would make it the lower of the two in the middle.
    expect(told(twice.consensus(0))).toBe('60300.00');
  });

  it('counts for nothing from the moment it is withdrawn, and says why', () => {
    const prices = withBook({ a: '60000' }, '60000');
    expect(told(prices.consensus(0))).toBe('60000.00');
    prices.withdraw('own-book', 'not_open', 'own-book');
    expect(told(prices.consensus(0))).toBe('too_few_sources');
    expect(prices.standings(0)).toMatchObject([{ name: 'a', standing: 'left_out' }, { name: 'own-book', standing: 'not_open' }]); // prettier-ignore
  });

  it('is not brought back by a jump that nobody confirms: what it said before it was withdrawn is over', () => {
    const prices = withBook({ a: '60000' }, '60000');
    prices.withdraw('own-book', 'not_open', 'own-book');
    expect(prices.observe('own-book', dollars('70000'), 10, own)).toBe('jump');
    expect(told(prices.consensus(10))).toBe('too_few_sources');
    expect(prices.standings(10)[1]).toMatchObject({ standing: 'jump' });
  });

  it('a manipulator of it cannot take a price away, make one, or lead it out of what the external sources say', () => {
    const near = fc.bigInt(5_900_000n, 6_100_000n);
    const jumped = fc.bigInt(6_900_000n, 7_100_000n);
    const anything = fc.bigInt(1n, 20_000_000n);
    /** External sources move and jump as they like, and the book, which likes to be where they are, between any two of these. */
    const steps = fc.array(
      fc.tuple(fc.constantFrom('s0', 's1', 's2', 'own-book', 'own-book'), fc.oneof(near, jumped, anything)),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(
        fc.array(near, { minLength: 3, maxLength: 3 }),
        fc.array(near, { maxLength: 2 }),
        steps,
        (external, more, moves) => {
          // prettier-ignore
          const rateOf = (each: bigint): Rate => parseRate(`${each / 100n}.${String(each % 100n).padStart(2, '0')}`, 'BTC', 'USD'); // prettier-ignore
          const [without, manipulated] = [book(), book()];
          [...external, ...more].forEach((each, at) => {
            without.observe(`s${at}`, rateOf(each), 0);
            manipulated.observe(`s${at}`, rateOf(each), 0);
          });
          for (const [source, price] of moves) {
            const isOwn = source === 'own-book';
            const verdict = manipulated.observe(source, rateOf(price), 0, isOwn ? own : {});
            if (!isOwn) expect(verdict).toBe(without.observe(source, rateOf(price), 0));
            const [honest, now] = [without.consensus(0), manipulated.consensus(0)];
            expect(now.kind).toBe(honest.kind);
            if (now.kind !== 'mid' || honest.kind !== 'mid') continue;
            expect(now.external).toEqual(honest.mid);
            const used = now.sources.filter(({ kind }) => kind === 'external').map(({ price }) => price);
            expect(used).toEqual(honest.sources.map(({ price }) => price));
            expect(used.some((price) => compareRates(price, now.mid) <= 0)).toBe(true);
            expect(used.some((price) => compareRates(price, now.mid) >= 0)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('lends no credence to an external source that went wrong with it, while others say otherwise', () => {
    const prices = withBook({ a: '60000', b: '60000', c: '60000' }, '60000');
    expect(prices.observe('a', dollars('70000'), 10)).toBe('jump');
    expect(prices.observe('own-book', dollars('70000'), 20, own)).toBe('jump');
    expect(told(prices.consensus(20))).toBe('60000.00');
    // The book comes home, and what the external source went wrong with is still no more than what it alone says.
    expect(prices.observe('own-book', dollars('60000'), 30, own)).toBe('accepted');
    expect(prices.standings(30)).toContainEqual(expect.objectContaining({ name: 'a', price: dollars('60000') }));
    expect(prices.observe('own-book', dollars('70000'), 40, own)).toBe('jump');
    expect(prices.observe('a', dollars('70000'), 50)).toBe('jump');
    // Two external sources are the market moving, and the book may follow.
    expect(prices.observe('b', dollars('70000'), 60)).toBe('accepted');
    expect(prices.observe('own-book', dollars('70000'), 70, own)).toBe('accepted');
  });

  it('that jumps is not what it was before any more, even while nobody confirms where it went', () => {
    const prices = withBook({ a: '60000', b: '60010' }, '60005');
    expect(prices.consensus(0)).toMatchObject({ ownBook: own.depth });
    expect(prices.observe('own-book', dollars('70000'), 10, own)).toBe('jump');
    const now = prices.consensus(10);
    expect([told(now), 'ownBook' in now]).toEqual(['60005.00', false]);
    expect(prices.standings(10)).toContainEqual({ name: 'own-book', kind: 'own-book', standing: 'jump' });
  });

  it('back among the external sources lends no credence to what one of them is suspected of', () => {
    const prices = withBook({ a: '60000', b: '60000' }, '50000');
    expect(prices.observe('a', dollars('70000'), 10)).toBe('jump');
    expect(prices.observe('own-book', dollars('60000'), 20, own)).toBe('accepted');
    expect(prices.standings(20)).toContainEqual(expect.objectContaining({ name: 'a', price: dollars('60000') }));
  });
});
