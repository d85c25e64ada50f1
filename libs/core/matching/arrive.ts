/** What becomes of an order that has its money set aside: it trades, and what is left of it rests or leaves. */
import { instruments, instrumentState } from './instruments.js';
import * as Ladders from './ladders.js';
import * as Match from './match.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import { orders, trait } from './orders.js';
import * as Queue from './queue.js';
import { CANCELLED } from './reasons.js';

const { hasRoomForLevel } = Ladders;
const { match } = Match;
const { close } = OpenOrders;
const { orderCancelled } = OrderEvents;
const { queue, takePlaceInTime } = Queue;

const { OPEN } = instrumentState;
const { ICEBERG, IMMEDIATE } = trait;
const { self_trade, capacity } = CANCELLED;
const { instrument, traits, open, hidden, display } = orders;
const { state } = instruments;

/** Lets a registered order, in no queue, meet the book of its instrument. */
export function arrive(order: number): void {
  const stopped = state[instrument[order]!] === OPEN ? match(order) : 0;
  if (open[order] === BigInt(0)) close(order);
  else if ((traits[order]! & IMMEDIATE) !== 0 || stopped === self_trade) leave(order, stopped);
  else if (!hasRoomForLevel()) leave(order, capacity);
  else rest(order);
}

const leave = (order: number, reason: number): void => {
  orderCancelled(order, reason);
  close(order);
};

const rest = (order: number): void => {
  if ((traits[order]! & ICEBERG) !== 0 && open[order]! > display[order]!) {
    hidden[order] = BigInt.asIntN(64, open[order]! - display[order]!);
    open[order] = display[order]!;
  }
  takePlaceInTime(order);
  queue(order);
};
