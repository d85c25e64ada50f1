/** What to quote: pure arithmetic, in the decimals of `decimal.ts`. */
import { ceilTo, floorTo, MILLION, ONE, partsPerMillion, times } from './decimal.js';
import { type Market } from './market.js';
import { type Strategy } from './strategy.js';

export type Side = 'buy' | 'sell';

export interface Quote {
  readonly side: Side;
  /** 0 is the best. */
  readonly level: number;
  readonly price: bigint;
  readonly quantity: bigint;
}

export interface QuoteInput {
  readonly market: Market;
  readonly strategy: Strategy;
  readonly reference: bigint;
  /** Everything held of the base asset, resting orders included. */
  readonly inventory: bigint;
  /** What this market may use of each asset, resting orders included. */
  readonly funds: { readonly base: bigint; readonly quote: bigint };
}

/** Left for fees and rounding. */
const SPENDABLE_PPM = 980_000n;

/** How far the inventory is from its target, in millionths of the band: −1,000,000 to 1,000,000; above zero when there is too much. */
export function tiltOf({ target, band }: Pick<Strategy, 'target' | 'band'>, inventory: bigint): bigint {
  const tilt = ((inventory - target) * MILLION) / band;
  return tilt > MILLION ? MILLION : tilt < -MILLION ? -MILLION : tilt;
}

/**
 * The quotes of both sides around the reference. Too much inventory moves all of them down and makes bids smaller, until none is left at the end of
 * the band; too little does the opposite. Bids lie below the reference and asks above it, nothing is quoted that the funds do not cover, and nothing below
 * the market's minimum.
 */
export function quotesAround(input: QuoteInput): Quote[] {
  const { strategy, reference, inventory } = input;
  const tilt = tiltOf(strategy, inventory);
  const centre = reference - partsPerMillion(partsPerMillion(reference, strategy.skewPpm), tilt);
  return (['buy', 'sell'] as const).flatMap((side) => sideOf(input, side, { centre, tilt }));
}

function sideOf(
  { market, strategy, funds }: QuoteInput,
  side: Side,
  { centre, tilt }: { readonly centre: bigint; readonly tilt: bigint },
): Quote[] {
  const isBuy = side === 'buy';
  const away = isBuy ? tilt : -tilt;
  const appetite = MILLION - (away > 0n ? away : 0n);
  const quotes: Quote[] = [];
  let left = partsPerMillion(isBuy ? funds.quote : funds.base, SPENDABLE_PPM);
  for (let level = 0; level < strategy.levels; level += 1) {
    const offset = partsPerMillion(centre, strategy.halfSpreadPpm + strategy.levelPpm * BigInt(level));
    const price = isBuy ? floorTo(centre - offset, market.tick) : ceilTo(centre + offset, market.tick);
    if (price <= 0n) break;
    const wanted = partsPerMillion(strategy.size * BigInt(level + 1), appetite);
    const affordable = isBuy ? (left * ONE) / price : left;
    const quantity = floorTo(wanted < affordable ? wanted : affordable, market.lot);
    if (quantity <= 0n || quantity < market.minimum) continue;
    left -= isBuy ? times(quantity, price) : quantity;
    quotes.push({ side, level, price, quantity });
  }
  return quotes;
}
