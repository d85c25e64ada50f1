import { rate, type Rate, roundRate, shiftByBps } from '@core/money';
import { type BookFill, type Depth, type DepthLevel, fillBase, fillMoney, type Mid } from '@platform/pricing';
import { type MarketPrice, PPM, type QuoteRequest, type Side, tradedSize, worseFor } from './price-quote.js';

/** Orders of the own book further than this from the external price are not counted: nobody makes our customers pay more by leaving them there. */
const REACH_BPS = 100n;
const MEAN_DECIMALS = 18;

export interface ReferenceRequest extends Omit<QuoteRequest, 'mid' | 'market'> {
  readonly mid: Pick<Mid, 'mid' | 'external' | 'ownBook'>;
  /** Half the spread of the external sources for this size. */
  readonly halfSpreadPpm: bigint;
}

export interface Reference extends MarketPrice {
  /** What the own book would fill the size at, with what it does not have at the external price; undefined while it is not among the sources. */
  readonly book?: BookFill;
}

/**
 * `worse_of(ownBookVWAP(size), mid × (1 ± halfSpreadExt(size)))` (products.md §1.3), in exact fractions. The book's mean is a fraction of any length, so it is
 * rounded to 18 decimals, against the customer.
 *
 * Customers of the exchange move its book, so a price must not become theirs to make. Mid counts as the external sources alone state it where that
 * is worse for the customer; so whatever stands in the book makes no quote better than it would be without one. And only what is within one per cent of what
 * the external sources say counts, with the external price for the rest; so it makes none worse by more than that, wherever it pulls mid.
 */
export function referencePrice({ mid: market, halfSpreadPpm, ...request }: ReferenceRequest): Reference {
  const { side } = request;
  const bound = worseFor(side, market.mid, market.external);
  const half = side === 'BUY' ? PPM + halfSpreadPpm : PPM - halfSpreadPpm;
  const external = rate(bound.base, bound.quote, bound.numerator * half, bound.denominator * PPM);
  const size = tradedSize(request);
  if (market.ownBook === undefined || size === 'too_small') return { reference: external, bound };
  const levels = within(side, market.ownBook, market.external);
  const book = 'base' in size ? fillBase(levels, size.base, external) : fillMoney(levels, size.money, external);
  const mean = roundRate(book.price, MEAN_DECIMALS, side === 'BUY' ? 'ceil' : 'floor');
  return { reference: worseFor(side, mean, external), bound, book };
}

/** What the customer's side trades against, up to the reach. */
function within(side: Side, { bids, asks }: Depth, external: Rate): readonly DepthLevel[] {
  const edge = shiftByBps(external, side === 'BUY' ? REACH_BPS : -REACH_BPS);
  return (side === 'BUY' ? asks : bids).filter(({ price }) => worseFor(side, price, edge) === edge);
}
