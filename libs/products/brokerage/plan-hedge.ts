import { type AssetCode, convert, convertBack, mulDiv, type Rate, shiftByBps } from '@core/money';
import { type HedgeTerms } from './hedge-venue.js';
import { type HousePosition } from './house.js';

/** How far from the last price a hedge may trade, in hundredths of a percent. */
const SLIP_BPS = 30n;
/** Of the value of a purchase, for the venue's fee: what is not needed comes back. */
const FEE_ALLOWANCE_BPS = 100n;
const WHOLE_BPS = 10_000n;

export interface HedgeInput {
  readonly position: HousePosition;
  readonly terms: HedgeTerms;
  /** The external sources' price of the asset in the terms' quote asset. */
  readonly last: Rate;
  /** What the desk's inventory has of the quote asset. */
  readonly quoteInventory: bigint;
}

export interface HedgePlan {
  readonly side: 'BUY' | 'SELL';
  readonly amount: bigint;
  readonly limit: Rate;
  readonly spentAsset: AssetCode;
  /** What the venue may need of it at most. */
  readonly spent: bigint;
}

/** Whether the position is past its soft limit. Without a price nobody knows, and nothing is hedged. */
export function isExposed({ limited, positionCents, softCents }: HousePosition): boolean {
  return limited && positionCents !== null && sizeOf(positionCents) > softCents;
}

/**
 * The order that leads an exposed position back to zero: all of it, but no more at once than its soft limit is worth, so that one order does not sweep a
 * book, and no more than the inventory pays for. Undefined when that is less than the venue trades.
 */
export function planHedge({ position, terms, last, quoteInventory }: HedgeInput): HedgePlan | undefined {
  if (!isExposed(position) || position.positionCents === null) return undefined;
  const isLong = position.position > 0n;
  const worth = sizeOf(position.positionCents);
  const most = mulDiv(sizeOf(position.position), position.softCents, worth, 'floor');
  const limit = shiftByBps(last, isLong ? -SLIP_BPS : SLIP_BPS);
  const payable = isLong
    ? position.inventory
    : convertBack(mulDiv(quoteInventory, WHOLE_BPS, WHOLE_BPS + FEE_ALLOWANCE_BPS, 'floor'), limit, 'floor');
  const wanted = most < payable ? most : payable;
  const amount = wanted - (wanted % terms.lot);
  if (amount <= 0n || amount < terms.minimum) return undefined;
  if (isLong) return { side: 'SELL', amount, limit, spentAsset: position.asset, spent: amount };
  const cost = convert(amount, limit, 'ceil');
  const spent = mulDiv(cost, WHOLE_BPS + FEE_ALLOWANCE_BPS, WHOLE_BPS, 'floor');
  return { side: 'BUY', amount, limit, spentAsset: terms.quote, spent };
}

const sizeOf = (of: bigint): bigint => (of < 0n ? -of : of);
