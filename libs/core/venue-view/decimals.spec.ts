import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  averagePrice,
  formatPrice,
  formatQuantity,
  formatUnits,
  parsePrice,
  parseQuantity,
  parseUnits,
  priceStep,
  quantityStep,
} from './decimals.js';

const BTC = { number: 1, code: 'BTC', scale: 8 };
const USD = { number: 2, code: 'USD', scale: 2 };

/** A tick of ten cents, a lot of a thousand satoshis. */
const bitcoin = {
  base: BTC,
  quote: USD,
  lotUnits: 1_000n,
  tickValue: 1n,
  tickValueScale: 10_000n,
  maximumPrice: 10_000_000,
};

describe('prices and quantities in decimals', () => {
  it('says a step as the smallest fraction of a power of ten', () => {
    expect(priceStep(bitcoin)).toEqual({ increment: 1n, scale: 1 });
    expect(quantityStep(bitcoin)).toEqual({ increment: 1n, scale: 5 });
    const coarse = { ...bitcoin, lotUnits: 500_000_000n, tickValue: 12_500n, tickValueScale: 1n };
    expect(priceStep(coarse)).toEqual({ increment: 25n, scale: 0 });
    expect(quantityStep(coarse)).toEqual({ increment: 5n, scale: 0 });
  });

  it('refuses to say prices that no decimal can say', () => {
    expect(() => priceStep({ ...bitcoin, lotUnits: 3n })).toThrow(RangeError);
  });

  it('cuts trailing zeros and never writes an exponent', () => {
    expect(formatPrice(bitcoin, 500_002)).toBe('50000.2');
    expect(formatPrice(bitcoin, 500_000)).toBe('50000');
    expect(formatPrice(bitcoin, 0)).toBe('0');
    expect(formatQuantity(bitcoin, 1n)).toBe('0.00001');
    expect(formatUnits(BTC, 1n)).toBe('0.00000001');
    expect(formatUnits(BTC, -100_000_001n)).toBe('-1.00000001');
  });

  it.each([
    ['50000.2', 500_002],
    ['5.00002e4', 500_002],
    ['50000.20', 500_002],
    ['+.1', 1],
    ['1e-1', 1],
    ['50000.25', 'invalid'],
    ['0', 'invalid'],
    ['-1', 'invalid'],
    ['1000000.1', 'invalid'],
    ['1e60', 'invalid'],
    ['1e-60', 'invalid'],
    ['0e999', 'invalid'],
    ['', 'malformed'],
    ['.', 'malformed'],
    ['e5', 'malformed'],
    ['1e', 'malformed'],
    ['1,5', 'malformed'],
    [' 1', 'malformed'],
    ['0x10', 'malformed'],
    ['NaN', 'malformed'],
    ['1'.repeat(81), 'malformed'],
  ] as const)('reads the price %s as %s', (text, ticks) => {
    expect(parsePrice(bitcoin, text)).toBe(ticks);
  });

  it('reads amounts larger than a double can hold', () => {
    expect(parseUnits(BTC, '12345678901.23456789')).toBe(1_234_567_890_123_456_789n);
    expect(parseUnits(BTC, '0.000000001')).toBe('invalid');
    expect(parseQuantity(bitcoin, '0.000015')).toBe('invalid');
  });

  it('reads what it has written, in plain and in exponent form', () => {
    const instruments = fc.record({
      base: fc.integer({ min: 0, max: 12 }).map((scale) => ({ ...BTC, scale })),
      quote: fc.integer({ min: 0, max: 8 }).map((scale) => ({ ...USD, scale })),
      lotUnits: fc.constantFrom(1n, 2n, 5n, 10n, 1_000n, 50_000n),
      tickValue: fc.constantFrom(1n, 5n, 25n, 100n),
      tickValueScale: fc.constantFrom(1n, 10n, 8n, 1_000_000n),
      maximumPrice: fc.constant(0x7fffffff),
    });
    const ticks = fc.integer({ min: 1, max: 0x7fffffff });
    fc.assert(
      fc.property(instruments, ticks, fc.bigInt({ min: 1n, max: 1n << 62n }), (instrument, price, lots) => {
        const written = formatPrice(instrument, price);
        expect(parsePrice(instrument, written)).toBe(price);
        expect(parsePrice(instrument, `${written.replace('.', '')}e-${written.split('.')[1]?.length ?? 0}`)).toBe(
          price,
        );
        expect(parseQuantity(instrument, formatQuantity(instrument, lots))).toBe(lots);
        expect(parseUnits(instrument.base, formatUnits(instrument.base, lots))).toBe(lots);
      }),
    );
  });
});

describe('the average price of an order', () => {
  const average = (side: 'buy' | 'sell', traded: bigint, filled: bigint, lastPrice: number, digits?: number) =>
    averagePrice({ side, traded, filled, lastPrice }, bitcoin, digits);

  it('is the price of its fills where they had one, though whole cents hide it', () => {
    expect(average('buy', 51n, 1n, 500_002)).toBe('50000.2');
    expect(average('sell', 50n, 1n, 500_002)).toBe('50000.2');
  });

  it('is weighted by volume, and rounded half to even where asked', () => {
    expect(average('buy', 500_000n + 3n * 510_000n, 40_000n, 510_000)).toBe('50750');
    expect(average('sell', 1_000_005n, 20_000n, 500_000, 2)).toBe('50000.25');
    expect(average('sell', 1_000_005n, 20_000n, 500_000, 1)).toBe('50000.2');
    expect(average('sell', 0n, 0n, 0)).toBe('0');
  });
});
