import { describe, expect, it } from '@jest/globals';
import { rate, type Rate } from '@core/money';
import fc from 'fast-check';
import { annualVolatilityPpm, squareRootCeil, VOLATILITY_RULES } from './volatility.js';

const cents = (value: bigint): Rate => rate('BTC', 'USD', value, 100n);
/** Closes that move up and down by `bps` in turn, `count` of them. */
const alternating = (bps: bigint, count: number): Rate[] =>
  Array.from({ length: count }, (_, at) => cents(at % 2 === 0 ? 6_000_000n : (6_000_000n * (10_000n + bps)) / 10_000n));

describe('volatility', () => {
  it('is assumed until there is an hour of closes', () => {
    expect(annualVolatilityPpm(alternating(10n, 59))).toBe(VOLATILITY_RULES.assumedPpm);
  });

  // 10 bps a minute, times √525 960 minutes, is 72.5 % a year.
  it('of 10 bps a minute is 72.5 % a year', () => {
    const ppm = annualVolatilityPpm(alternating(10n, 1_001));
    expect(ppm > 724_000n && ppm < 726_000n).toBe(true);
  });

  it('does not fall below its floor in a quiet market, nor rise above its ceiling in a mad one', () => {
    expect(annualVolatilityPpm(alternating(0n, 100))).toBe(VOLATILITY_RULES.floorPpm);
    expect(annualVolatilityPpm(alternating(5_000n, 100))).toBe(VOLATILITY_RULES.ceilingPpm);
  });

  it('looks back one day at most', () => {
    const wild = alternating(100n, 500);
    expect(annualVolatilityPpm([...wild, ...alternating(10n, 1_440)])).toBe(
      annualVolatilityPpm(alternating(10n, 1_440)),
    );
  });
});

it('the integer root is the smallest whose square is not below', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 60n), (value) => {
      const root = squareRootCeil(value);
      expect(root * root >= value && (root === 0n || (root - 1n) * (root - 1n) < value)).toBe(true);
    }),
  );
});
