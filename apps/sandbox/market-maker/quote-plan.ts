import { partsPerMillion } from './decimal.js';
import { type LiveOrder } from './live-orders.js';
import { type Quote } from './quotes.js';
import { type Strategy } from './strategy.js';

/** Cancels go before the new orders that they make room for. */
export interface QuotePlan {
  readonly cancels: readonly LiveOrder[];
  readonly places: readonly Quote[];
}

const slotOf = ({ side, level }: Pick<Quote, 'side' | 'level'>): string => `${side} ${level}`;

/**
 * What to do so that the resting orders become these quotes. An order stays while it is near enough and big enough: a replacement costs it its place in
 * the queue, and the venue two messages. Of an order that is on its way nothing is known, so its slot waits.
 */
export function planQuotes(live: readonly LiveOrder[], quotes: readonly Quote[], strategy: Strategy): QuotePlan {
  const cancels: LiveOrder[] = [];
  const places: Quote[] = [];
  const wanted = new Map(quotes.map((quote) => [slotOf(quote), quote]));
  const taken = new Set<string>();
  for (const order of live) {
    if (order.state === 'cancelling') continue;
    const slot = slotOf(order);
    const quote = wanted.get(slot);
    const isSecond = taken.has(slot);
    if (order.state === 'sent' || (quote !== undefined && !isSecond && isGoodEnough(order, quote, strategy)))
      taken.add(slot); // prettier-ignore
    else cancels.push(order);
  }
  for (const [slot, quote] of wanted) if (!taken.has(slot)) places.push(quote);
  return { cancels, places };
}

function isGoodEnough(order: LiveOrder, quote: Quote, { driftPpm, levelDriftPpm }: Strategy): boolean {
  const drift = order.price > quote.price ? order.price - quote.price : quote.price - order.price;
  if (drift > partsPerMillion(quote.price, driftPpm + levelDriftPpm * BigInt(quote.level))) return false;
  return order.open * 2n >= quote.quantity && order.open <= quote.quantity * 2n;
}
