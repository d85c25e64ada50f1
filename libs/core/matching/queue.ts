/** Which queue an order stands in, and since when. */
import * as Ladders from './ladders.js';
import { orders, trait } from './orders.js';
import { life } from './scratch.js';

const { bids, bookRank, enqueue, stopRank, stops } = Ladders;

const { DORMANT, SELL } = trait;
const { counters, PRIORITY } = life;
const { price, instrument, traits, trigger, priority } = orders;

/** From now on the order is younger than every other that waits. */
export function takePlaceInTime(order: number): void {
  counters[PRIORITY] = BigInt.asIntN(64, counters[PRIORITY]! + 1n);
  priority[order] = counters[PRIORITY]!;
}

/** Puts the order at the back of its queue: of its limit in the book, of its trigger among the stops. */
export function queue(order: number): void {
  const side = traits[order]! & SELL;
  const i = instrument[order]!;
  if ((traits[order]! & DORMANT) === 0) enqueue(order, bids(i) + side, bookRank(side, price[order]!));
  else enqueue(order, stops(i) + side, stopRank(side, trigger[order]!));
}
