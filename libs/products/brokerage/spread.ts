import { divide } from '@core/money';
import { squareRootCeil } from '@platform/pricing';
import { PPM } from './price-quote.js';

/** However large a size is, something is left of a price: whoever asks for so much is told that it is too much. */
const MOST_SPREAD_PPM = 500_000n;
const YEAR_MS = 31_557_600_000n;

/** The house's pricing policy for one pair (a row of `brokerage.pair`). Everything in parts per million of the price. */
export interface SpreadPolicy {
  readonly baseSpreadPpm: bigint;
  /** What hedging costs at a venue, whatever the size. */
  readonly venueFeePpm: bigint;
  /** How much further a hedge slips per thousand dollars of size. */
  readonly slipPpmPerThousandUsd: bigint;
  /** How far a position at its hard limit moves our prices. */
  readonly skewPpm: bigint;
  /** How far from their mid the external sources trade: at once, and more for each whole thousand dollars of size. */
  readonly externalHalfSpreadPpm: bigint;
  readonly externalSlipPpmPerThousandUsd: bigint;
}

export interface SpreadInputs {
  readonly policy: SpreadPolicy;
  readonly annualVolatilityPpm: bigint;
  /** How long the customer may think: the quote is an option, and this is what it is worth. */
  readonly ttlMs: bigint;
  readonly sizeUsdCents: bigint;
  readonly methodAddOnPpm: bigint;
}

/**
 * `max(base, σ·√(TTL/year) + venue fee + hedge slip(size)) + add-on of the method` (products.md §1.3), rounded up at each step; never so much that
 * nothing is left of a price.
 */
export function spreadPpm({ policy, annualVolatilityPpm, ttlMs, sizeUsdCents, methodAddOnPpm }: SpreadInputs): bigint {
  const option = volatilityOverPpm(annualVolatilityPpm, ttlMs);
  const slip = divide(policy.slipPpmPerThousandUsd * sizeUsdCents, 100_000n, 'ceil');
  const cost = option + policy.venueFeePpm + slip;
  const spread = (cost > policy.baseSpreadPpm ? cost : policy.baseSpreadPpm) + methodAddOnPpm;
  return spread < MOST_SPREAD_PPM ? spread : MOST_SPREAD_PPM;
}

/** One standard deviation of the price over `ms`, rounded up: 55 % a year is 537 ppm (5.4 bps) over 30 s. */
export const volatilityOverPpm = (annualPpm: bigint, ms: bigint): bigint =>
  squareRootCeil(divide(annualPpm * annualPpm * ms, YEAR_MS, 'ceil'));

/** `halfSpreadExt(size)` of products.md §1.3; never so much that nothing is left of a price. */
export function externalHalfSpreadPpm(policy: SpreadPolicy, sizeUsdCents: bigint): bigint {
  const slip = policy.externalSlipPpmPerThousandUsd * divide(sizeUsdCents, 100_000n, 'floor');
  const half = policy.externalHalfSpreadPpm + slip;
  return half < MOST_SPREAD_PPM ? half : MOST_SPREAD_PPM;
}

/**
 * How far inventory moves our prices: down while the house is long, so that buying from it is cheap, up while it is short. Linear in the
 * position and bounded by the policy's `skewPpm` at the hard limit.
 */
export function inventorySkewPpm(policy: SpreadPolicy, positionUsdCents: bigint, hardLimitUsdCents: bigint): bigint {
  if (hardLimitUsdCents <= 0n) return 0n;
  const skew = divide(-policy.skewPpm * positionUsdCents, hardLimitUsdCents, 'half-even');
  const bound = policy.skewPpm < PPM ? policy.skewPpm : PPM - 1n;
  return skew > bound ? bound : skew < -bound ? -bound : skew;
}
