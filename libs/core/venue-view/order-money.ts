import { type LiveOrder } from './live-order.js';
import { type SettledSide } from './settlement.js';

const PPM = 1_000_000n;

/** Carries an order's rounding from fill to fill as the engine's `settle.ts` and `fee.ts` do. */
export function carryRounding(order: LiveOrder, { lots, price, notional, feeBase, feePpm }: SettledSide): void {
  const { tickValue, tickValueScale } = order.listing;
  if (tickValueScale !== 1n) {
    const exact = BigInt(price) * lots * tickValue;
    const paid = notional * tickValueScale;
    order.notionalCarry += order.terms.side === 'buy' ? paid - exact : exact - paid;
  }
  const due = feeBase * BigInt(feePpm) - order.feeCarry;
  order.feeCarry = divideUp(due, PPM) * PPM - due;
}

/**
 * What an open order sets aside, as the engine's `hold.ts` reckons it: base for a spot sell; its cost at its limit and the worse of its fees for a
 * spot buy; the worse fee for an order in a margined instrument, whose margin is the position's.
 */
export function needOf(order: LiveOrder): bigint {
  const { terms, listing } = order;
  if (order.status !== 'open' || order.isImmediate) return 0n;
  const isMargined = listing.settlement === 'margined';
  if (terms.side === 'sell' && !isMargined) return order.open * listing.lotUnits;
  if (terms.isLiquidation) return 0n;
  const exact = BigInt(order.price) * order.open * listing.tickValue;
  const cost = listing.tickValueScale === 1n ? exact : divideUp(exact - order.notionalCarry, listing.tickValueScale);
  const worst = BigInt(Math.max(terms.makerPpm, terms.takerPpm, 0));
  const fee = divideUp(cost * worst - order.feeCarry, PPM);
  return isMargined ? fee : cost + fee;
}

/** The asset that `needOf` is in. */
export function payingAsset({ terms, listing }: LiveOrder): number {
  return (terms.side === 'sell' && listing.settlement === 'spot' ? listing.base : listing.quote).number;
}

/** Division by b > 0 towards plus infinity. */
const divideUp = (a: bigint, b: bigint): bigint => (a > 0n ? (a + b - 1n) / b : a / b);
