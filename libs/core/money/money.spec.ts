import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AmountError,
  ASSET_CODES,
  assetOf,
  basisPoints,
  chain,
  compareRates,
  convert,
  convertBack,
  divergenceBps,
  divide,
  formatAmount,
  invert,
  MAX_MINOR,
  parseAmount,
  parseRate,
  rate,
  roundRate,
  shiftByBps,
} from './index.js';

const RUNS = process.env['TORTURE'] ? 10_000_000 : 100_000;

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AmountError) return error.code;
    throw error;
  }
  return 'accepted';
};

describe('amounts', () => {
  it('E1: refuses every spelling but the canonical one', () => {
    const refused = ['NaN', 'Infinity', '-0', '-1', '+1', '1e309', '0x10', '1_000', ' 1', '1 ', '', '.5', '5.', '01', '00', '1,5',
      '1.2.3', '１', '٣', '1\u0000', '0b1', '1e2', '1n', 'null', '9'.repeat(400), `1.${'0'.repeat(400)}`]; // prettier-ignore
    expect(refused.filter((text) => codeOf(() => parseAmount(text, 'BTC')) === 'accepted')).toEqual([]);
  });

  it('E3: more decimals than the asset has is refused, never rounded', () => {
    expect(codeOf(() => parseAmount('0.000000001', 'BTC'))).toBe('amount_too_precise');
    expect(codeOf(() => parseAmount('1.000', 'USD'))).toBe('amount_too_precise');
    expect(parseAmount('0.000000000000000001', 'ETH')).toBe(1n);
  });

  it('E5: amounts reach 2^256 − 1 and not beyond', () => {
    const largest = formatAmount(MAX_MINOR, 'ETH');
    expect(parseAmount(largest, 'ETH')).toBe(MAX_MINOR);
    expect(codeOf(() => parseAmount(formatAmount(MAX_MINOR + 1n, 'ETH'), 'ETH'))).toBe('amount_too_large');
  });

  it('E6: what is formatted parses back to the same minor units', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, MAX_MINOR), fc.constantFrom(...ASSET_CODES), (minor, asset) => {
        expect(parseAmount(formatAmount(minor, asset), asset)).toBe(minor);
      }),
    );
  });

  it('E9: agrees with a digit-by-digit reference on random text', () => {
    const reference = (text: string, scale: number): bigint | null => {
      const [whole = '', fraction, ...more] = text.split('.');
      const digits = (part: string): boolean => part !== '' && [...part].every((c) => '0123456789'.includes(c));
      if (more.length > 0 || !digits(whole) || (fraction !== undefined && !digits(fraction))) return null;
      if (whole.length > 1 && whole.startsWith('0')) return null;
      if ((fraction ?? '').length > scale) return null;
      let minor = 0n;
      for (const c of whole + (fraction ?? '').padEnd(scale, '0')) minor = minor * 10n + BigInt(c.charCodeAt(0) - 48);
      return minor <= MAX_MINOR ? minor : null;
    };
    const nearlyAmount = fc.string({ unit: fc.constantFrom(...'0123456789..- e+x'), maxLength: 14 });
    fc.assert(
      fc.property(nearlyAmount, fc.constantFrom(...ASSET_CODES), (text, asset) => {
        const expected = reference(text, assetOf(asset).scale);
        const actual = codeOf(() => parseAmount(text, asset)) === 'accepted' ? parseAmount(text, asset) : null;
        if (expected !== actual) throw new Error(`${JSON.stringify(text)} ${asset}: ${expected} but ${actual}`);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('rounding', () => {
  const wide = fc.bigInt(-(2n ** 200n), 2n ** 200n);
  const positive = fc.bigInt(1n, 2n ** 100n);

  it('floor and ceil enclose the quotient, half-even is the nearest', () => {
    fc.assert(
      fc.property(wide, positive, (a, b) => {
        const [floor, ceil, near] = [divide(a, b, 'floor'), divide(a, b, 'ceil'), divide(a, b, 'half-even')];
        expect(floor * b <= a && a <= ceil * b && ceil - floor <= 1n).toBe(true);
        const distance = (q: bigint): bigint => (a - q * b < 0n ? q * b - a : a - q * b);
        expect(distance(near) <= distance(floor) && distance(near) <= distance(ceil)).toBe(true);
        if (floor !== ceil && distance(floor) === distance(ceil)) expect(near % 2n).toBe(0n);
      }),
    );
  });

  it('a fee in basis points rounds as it is told', () => {
    expect([basisPoints(1n, 149n, 'floor'), basisPoints(1n, 149n, 'ceil'), basisPoints(10_000n, 149n, 'ceil')]).toEqual(
      [0n, 1n, 149n],
    );
  });
});

describe('rates', () => {
  const rates = fc
    .tuple(fc.bigInt(1n, 10n ** 24n), fc.bigInt(1n, 10n ** 18n))
    .map(([numerator, denominator]) => rate('BTC', 'USD', numerator, denominator));

  it('prices one bitcoin at 60 300.5 dollars', () => {
    expect(convert(100_000_000n, parseRate('60300.5', 'BTC', 'USD'), 'floor')).toBe(6_030_050n);
  });

  it('E4: converting there and back with floors never gains a unit', () => {
    fc.assert(
      fc.property(rates, fc.bigInt(0n, 10n ** 20n), (at, minor) => {
        expect(convertBack(convert(minor, at, 'floor'), at, 'floor') <= minor).toBe(true);
        expect(convert(convertBack(minor, at, 'floor'), at, 'floor') <= minor).toBe(true);
      }),
    );
  });

  it('inverts, chains and compares exactly', () => {
    fc.assert(
      fc.property(rates, rates, (a, b) => {
        expect(compareRates(invert(invert(a)), a)).toBe(0);
        const back = rate('USD', 'BTC', b.denominator, b.numerator);
        expect(chain(a, back)).toEqual(rate('BTC', 'BTC', a.numerator * b.denominator, a.denominator * b.numerator));
        expect(compareRates(a, b)).toBe(compareRates(b, a) === 0 ? 0 : -compareRates(b, a));
      }),
    );
  });

  it('are rounded to decimals in the direction named, by less than one of the last place, and not at all when they fit', () => {
    const step = rate('BTC', 'USD', 1n, 1_000n);
    fc.assert(
      fc.property(rates, (at) => {
        if (compareRates(at, step) < 0) return;
        const [down, up] = [roundRate(at, 3, 'floor'), roundRate(at, 3, 'ceil')];
        expect(compareRates(down, at) <= 0 && compareRates(at, up) <= 0).toBe(true);
        const next = rate('BTC', 'USD', down.numerator * 1_000n + down.denominator, down.denominator * 1_000n);
        expect(compareRates(up, next) <= 0).toBe(true);
        expect([down, up].every(({ denominator }) => 1_000n % denominator === 0n)).toBe(true);
        expect(roundRate(down, 3, 'ceil')).toEqual(down);
      }),
    );
    expect(() => roundRate(rate('BTC', 'USD', 1n, 2_001n), 3, 'floor')).toThrow(RangeError);
  });

  it('a shift of 100 bps is a divergence of 100 bps', () => {
    const mid = parseRate('60000', 'BTC', 'USD');
    expect(divergenceBps(mid, shiftByBps(mid, 100n))).toBe(100n);
  });
});
