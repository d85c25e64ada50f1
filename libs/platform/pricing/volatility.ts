import { type Rate } from '@core/money';

const PPM = 1_000_000n;
const MINUTES_PER_YEAR = 525_960n;

export interface VolatilityRules {
  /** Used until there are `minCloses` closes. */
  readonly assumedPpm: bigint;
  readonly floorPpm: bigint;
  readonly ceilingPpm: bigint;
  readonly minCloses: number;
  readonly maxCloses: number;
}

/** An hour of closes to begin with, a day at most; a quiet hour does not make the next one safe, hence the floor. */
export const VOLATILITY_RULES: VolatilityRules = {
  assumedPpm: 550_000n,
  floorPpm: 200_000n,
  ceilingPpm: 4_000_000n,
  minCloses: 60,
  maxCloses: 1_440,
};

/** The integer square root, rounded up: an estimate of risk errs to the high side. @throws RangeError below zero */
export function squareRootCeil(of: bigint): bigint {
  if (of < 0n) throw new RangeError('no root below zero');
  if (of < 2n) return of;
  let root = 1n << BigInt((of.toString(2).length + 1) >> 1);
  for (let next = (root + of / root) >> 1n; next < root; next = (root + of / root) >> 1n) root = next;
  return root * root === of ? root : root + 1n;
}

/**
 * Annual volatility in parts per million out of one-minute closes: the root of the mean squared simple return times the minutes of a year
 * (zero drift, which over a day errs upwards). Integers only. Gaps between closes count as one minute, which also errs upwards.
 */
export function annualVolatilityPpm(closes: readonly Rate[], rules: VolatilityRules = VOLATILITY_RULES): bigint {
  if (closes.length < rules.minCloses) return rules.assumedPpm;
  const used = closes.slice(-rules.maxCloses);
  const squares = used.slice(1).reduce((sum, close, at) => {
    const move = relativeMovePpb(used[at] ?? close, close);
    return sum + move * move;
  }, 0n);
  const returns = BigInt(used.length - 1);
  // (parts per billion)² · minutes, back to parts per million.
  const annual = squareRootCeil((squares * MINUTES_PER_YEAR) / (returns * PPM));
  return annual < rules.floorPpm ? rules.floorPpm : annual > rules.ceilingPpm ? rules.ceilingPpm : annual;
}

function relativeMovePpb(from: Rate, to: Rate): bigint {
  const before = from.numerator * to.denominator;
  const after = to.numerator * from.denominator;
  return ((after - before) * PPM * 1_000n) / before;
}
