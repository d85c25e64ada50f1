import { describe, expect, it } from '@jest/globals';
import { assetOf, compareRates, formatRate, parseAmount, parseRate, rate, type Rate, shiftByBps } from '@core/money';
import fc from 'fast-check';
import { type Depth, type DepthLevel } from '@platform/pricing';
import { type Mode, PPM, priceQuote, type QuoteTerms, type Side } from './price-quote.js';
import { referencePrice, type ReferenceRequest } from './reference-price.js';
import { externalHalfSpreadPpm, type SpreadPolicy } from './spread.js';

const RUNS = process.env['TORTURE'] ? 200_000 : 1_000;
const dollars = (text: string): Rate => parseRate(text, 'BTC', 'USD');
const level = (price: string, bitcoin: string): DepthLevel => ({ price: dollars(price), quantity: parseAmount(bitcoin, 'BTC') }); // prettier-ignore
const MID = dollars('60000');
const FREE: QuoteTerms = { spreadPpm: 0n, skewPpm: 0n, feePpm: 0n, minFee: 0n };
const BOOK: Depth = {
  bids: [level('59990', '0.5'), level('59950', '0.5'), level('59300', '100')],
  asks: [level('60010', '0.5'), level('60050', '0.5'), level('60700', '100')],
};

const reference = (given: Partial<ReferenceRequest> & { amount: bigint }): ReturnType<typeof referencePrice> =>
  referencePrice({ side: 'BUY', mode: 'EXACT_OUT', terms: FREE, mid: { mid: MID, external: MID, ownBook: BOOK }, halfSpreadPpm: 0n, ...given }); // prettier-ignore
const text = (of: Rate): string => formatRate(of, 2, 'half-even');
const bitcoin = (amount: string): bigint => parseAmount(amount, 'BTC');

describe('the reference price of a size (products.md §1.3)', () => {
  it.each([
    ['BUY', '0.5', '60010.00'],
    ['BUY', '1', '60030.00'],
    ['SELL', '0.5', '59990.00'],
    ['SELL', '1', '59970.00'],
  ] as const)('a %s of %s BTC is filled by the book at %s', (side, amount, expected) => {
    const mode = side === 'BUY' ? 'EXACT_OUT' : 'EXACT_IN';
    const { reference: price, book } = reference({ side, mode, amount: bitcoin(amount) });
    expect(text(price)).toBe(expected);
    expect(book).toMatchObject({ covered: bitcoin(amount), isWhole: true });
  });

  it('is the same for the money that the size costs as for the size', () => {
    const { reference: price } = reference({ mode: 'EXACT_IN', amount: parseAmount('60030.00', 'USD') });
    expect(price).toEqual(reference({ amount: bitcoin('1') }).reference);
    const sold = reference({ side: 'SELL', mode: 'EXACT_OUT', amount: parseAmount('59970.00', 'USD') });
    expect(sold.reference).toEqual(reference({ side: 'SELL', mode: 'EXACT_IN', amount: bitcoin('1') }).reference);
  });

  it('takes fee and spread off the money first: they are not traded', () => {
    const terms = { spreadPpm: 100_000n, skewPpm: 0n, feePpm: 500_000n, minFee: 0n };
    // Half is fee; of the other half a tenth part of the price is spread.
    const { reference: price, book } = reference({ mode: 'EXACT_IN', terms, amount: parseAmount('132066.00', 'USD') });
    expect(text(price)).toBe('60030.00');
    expect(book?.covered).toBe(bitcoin('1'));
  });

  it('prices what the book does not have at the external price, and orders beyond one per cent as if they were not there', () => {
    const { reference: price, book } = reference({ amount: bitcoin('2'), halfSpreadPpm: 2_000n });
    expect(book).toMatchObject({ covered: bitcoin('1'), isWhole: false });
    expect(text(book?.price ?? MID)).toBe('60075.00');
    // Which is better than the external price for all of it, so that counts.
    expect(text(price)).toBe('60120.00');
  });

  it('is the external price, with half its spread, where it is worse, and where there is no book', () => {
    expect(text(reference({ amount: bitcoin('0.5'), halfSpreadPpm: 500n }).reference)).toBe('60030.00');
    const without = reference({ amount: bitcoin('0.5'), halfSpreadPpm: 500n, mid: { mid: MID, external: MID } });
    expect([text(without.reference), without.book]).toEqual(['60030.00', undefined]);
    const sold = reference({ side: 'SELL', mode: 'EXACT_IN', amount: bitcoin('0.5'), halfSpreadPpm: 500n });
    expect(text(sold.reference)).toBe('59970.00');
  });

  it('the half spread of the external sources grows with each whole thousand dollars', () => {
    const policy = { externalHalfSpreadPpm: 10n, externalSlipPpmPerThousandUsd: 3n } as SpreadPolicy;
    expect([0n, 99_999n, 100_000n, 599_999n].map((cents) => externalHalfSpreadPpm(policy, cents))).toEqual([10n, 10n, 13n, 25n]); // prettier-ignore
    expect(externalHalfSpreadPpm(policy, 10n ** 30n)).toBe(500_000n);
  });
});

const sides = fc.constantFrom<Side>('BUY', 'SELL');
const modes = fc.constantFrom<Mode>('EXACT_IN', 'EXACT_OUT');
const terms: fc.Arbitrary<QuoteTerms> = fc.record({
  spreadPpm: fc.bigInt(0n, 100_000n),
  skewPpm: fc.bigInt(-50_000n, 50_000n),
  feePpm: fc.bigInt(0n, 50_000n),
  minFee: fc.bigInt(0n, 200n),
});
const amounts = fc.oneof(fc.bigInt(1n, 10n ** 6n), fc.bigInt(1n, 10n ** 11n));
/** Whatever somebody may leave in the book: any prices, better than mid too, and any sizes. */
const rows = fc.array(
  fc.tuple(fc.bigInt(-30_000n, 30_000n), fc.bigInt(1n, 10n ** 10n)).map(([ppm, quantity]) => ({
    price: rate('BTC', 'USD', MID.numerator * (PPM + ppm), MID.denominator * PPM),
    quantity,
  })),
  { maxLength: 8 },
);
const books: fc.Arbitrary<Depth> = fc.tuple(rows, rows).map(([bids, asks]) => ({
  bids: [...bids].sort((a, b) => compareRates(b.price, a.price)),
  asks: [...asks].sort((a, b) => compareRates(a.price, b.price)),
}));
const requests = fc.record({ side: sides, mode: modes, amount: amounts, terms, halfSpreadPpm: fc.bigInt(0n, 5_000n) });
/** Where the book pulled the mid to: as far as it may while it agrees. */
const pulls = fc.bigInt(-50n, 50n).map((bps) => shiftByBps(MID, bps));

describe('whoever moves the own book', () => {
  it('makes no quote better than it would be without one', () => {
    fc.assert(
      fc.property(requests, books, pulls, (request, ownBook, mid) => {
        const plain = referencePrice({ ...request, mid: { mid: MID, external: MID } });
        const moved = referencePrice({ ...request, mid: { mid, external: MID, ownBook } });
        expect(sign(request.side) * compareRates(moved.reference, plain.reference)).toBeGreaterThanOrEqual(0);
        const [honest, quote] = [
          priceQuote({ ...request, mid: MID, market: plain }),
          priceQuote({ ...request, mid, market: moved }),
        ];
        if (honest === 'too_small' || quote === 'too_small') return;
        expect(quote.outAmount <= honest.outAmount && quote.inAmount >= honest.inAmount).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('makes none worse by more than a hundredth, wherever mid is pulled to', () => {
    fc.assert(
      fc.property(requests, books, pulls, (request, ownBook, mid) => {
        const plain = referencePrice({ ...request, mid: { mid: MID, external: MID } });
        const moved = referencePrice({ ...request, mid: { mid, external: MID, ownBook } });
        const bound = shiftByBps(plain.reference, BigInt(sign(request.side)) * 100n);
        expect(sign(request.side) * compareRates(moved.reference, bound)).toBeLessThanOrEqual(0);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the worse of both', () => {
  it('is what a walk through the book in whole fractions gives', () => {
    fc.assert(
      fc.property(requests, books, (request, ownBook) => {
        const { reference: price } = referencePrice({ ...request, mid: { mid: MID, external: MID, ownBook } });
        const expected = oracle(request, ownBook);
        if (expected !== undefined) expect(price).toEqual(expected);
        // It is stored, with mark-ups of twelve more digits, in 78.
        for (const part of [price.numerator, price.denominator]) expect(part < 10n ** 60n).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

const sign = (side: Side): 1 | -1 => (side === 'BUY' ? 1 : -1);

/** Checks the answer backwards: the amount of base asset that a mean price means is walked through the book again, and must cost that price. */
function oracle(
  { side, mode, amount, terms: using, halfSpreadPpm }: Omit<ReferenceRequest, 'mid'>,
  book: Depth,
): Rate | undefined {
  // prettier-ignore
  const external = rate('BTC', 'USD', MID.numerator * (PPM + BigInt(sign(side)) * halfSpreadPpm), MID.denominator * PPM);
  const edge = shiftByBps(MID, BigInt(sign(side)) * 100n);
  const usable = (side === 'BUY' ? book.asks : book.bids).filter(
    ({ price }) => sign(side) * compareRates(price, edge) < 0,
  );
  const isBase = (mode === 'EXACT_IN') === (side === 'SELL');
  const scale = { base: 10n ** BigInt(assetOf('BTC').scale), quote: 10n ** BigInt(assetOf('USD').scale) };
  const proportional = (amount * using.feePpm + PPM - 1n) / PPM;
  const grossUp = (amount * PPM + PPM - using.feePpm - 1n) / (PPM - using.feePpm);
  const money =
    side === 'BUY'
      ? amount - (proportional > using.minFee ? proportional : using.minFee)
      : grossUp > amount + using.minFee
        ? grossUp
        : amount + using.minFee;
  if (!isBase && money <= 0n) return undefined;
  const factor = (PPM + BigInt(sign(side)) * using.spreadPpm) * (PPM + using.skewPpm);
  // The budget as a fraction: of base units, or of quote units before our spread.
  let [left, per] = isBase ? [amount, 1n] : [money * PPM * PPM * scale.base, factor * scale.quote];
  let [baseN, baseD, worthN, worthD] = [0n, 1n, 0n, 1n];
  const tail = { price: external, quantity: 10n ** 60n };
  for (const { price, quantity } of [...usable, tail]) {
    // What this level takes of the budget, and whether all of it.
    const [n, d] = isBase ? [quantity, 1n] : [quantity * price.numerator, price.denominator];
    const isLast = left * d <= n * per;
    const [takenN, takenD] = isLast ? [left, per] : [n, d];
    const [bN, bD] = isBase ? [takenN, takenD] : [takenN * price.denominator, takenD * price.numerator];
    const [wN, wD] = isBase ? [takenN * price.numerator, takenD * price.denominator] : [takenN, takenD];
    [baseN, baseD] = [baseN * bD + bN * baseD, baseD * bD];
    [worthN, worthD] = [worthN * wD + wN * worthD, worthD * wD];
    [left, per] = [left * d - n * per, per * d];
    if (isLast) break;
  }
  const mean = rate('BTC', 'USD', worthN * baseD, worthD * baseN);
  const whole = mean.numerator * 10n ** 18n;
  const rounded = rate(
    'BTC',
    'USD',
    (whole + (side === 'BUY' ? mean.denominator - 1n : 0n)) / mean.denominator,
    10n ** 18n,
  );
  return sign(side) * compareRates(rounded, external) >= 0 ? rounded : external;
}
