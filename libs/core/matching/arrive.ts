/** What becomes of an order that has its money set aside: it trades, and what is left of it rests or leaves. */
import { match } from './match.js';
import { instruments, instrumentState } from './instruments.js';
import { bids, bookRank, enqueue, hasRoomForLevel } from './ladders.js';
import { close } from './open-orders.js';
import { orderCancelled } from './order-events.js';
import { orders, trait } from './orders.js';
import { CANCELLED } from './reasons.js';
import { life } from './scratch.js';

const { OPEN } = instrumentState;
const { ICEBERG, IMMEDIATE, SELL } = trait;
const { counters, PRIORITY } = life;

const { price, instrument, traits, open, hidden, display, priority } = orders;
const { state } = instruments;

/** Lets a registered order, in no queue, meet the book of its instrument. */
export function arrive(order: number): void {
  const stopped = state[instrument[order]!] === OPEN ? match(order) : 0;
  if (open[order] === 0n) close(order);
  else if ((traits[order]! & IMMEDIATE) !== 0 || stopped === CANCELLED.self_trade) leave(order, stopped);
  else if (!hasRoomForLevel()) leave(order, CANCELLED.capacity);
  else rest(order);
}

function leave(order: number, reason: number): void {
  orderCancelled(order, reason);
  close(order);
}

function rest(order: number): void {
  const t = traits[order]!;
  if ((t & ICEBERG) !== 0 && open[order]! > display[order]!) {
    hidden[order] = BigInt.asIntN(64, open[order]! - display[order]!);
    open[order] = display[order]!;
  }
  counters[PRIORITY] = BigInt.asIntN(64, counters[PRIORITY]! + 1n);
  priority[order] = counters[PRIORITY]!;
  const side = t & SELL;
  enqueue(order, bids(instrument[order]!) + side, bookRank(side, price[order]!));
}
