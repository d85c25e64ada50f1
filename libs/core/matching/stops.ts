/**
 * Stop orders sleep on ladders of their own, by trigger price: buys wake when the last trade is at or above it, sells at
 * or below. After whatever traded is done with, they wake one at a time, nearest trigger first, buys before sells; each
 * may trade and wake others.
 */
import * as Arrive from './arrive.js';
import { copying } from './copying.js';
import { instruments, instrumentState } from './instruments.js';
import * as Ladders from './ladders.js';
import * as Margin from './margin.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import * as Orders from './orders.js';
import * as Protection from './protection.js';
import * as Queue from './queue.js';
import * as Reasons from './reasons.js';
import { registers } from './scratch.js';
import * as Trailing from './trailing.js';

const { arrive } = Arrive;
const { dequeue, ladders, levels, NO_RANK, stopRank, stops } = Ladders;
const { clipToPosition } = Margin;
const { close } = OpenOrders;
const { orderCancelled, orderDecremented, orderTriggered } = OrderEvents;
const { orders, preserveOrder, trait } = Orders;
const { protectionPrice } = Protection;
const { queue, takePlaceInTime } = Queue;
const { CANCELLED } = Reasons;
const { scratch, FILL } = registers;
const { trailedPrice, trailingAt, trailingCount } = Trailing;

const { DORMANT, IMMEDIATE, MARKET, REDUCE_ONLY, SELL, TRAILING } = trait;
const { OPEN } = instrumentState;
const { isCopying } = copying;
const { price, instrument, open, traits, trigger, distance } = orders;
const { state, lastPrice } = instruments;
const { bestRank, bestLevel } = ladders;
const { head } = levels;

/** Puts a dormant order to sleep, behind others with its trigger. */
export function sleep(order: number): void {
  takePlaceInTime(order);
  queue(order);
}

/** Wakes every stop of the instrument that the last trade price has reached. */
export function wakeStops(i: number): void {
  const ladder = stops(i);
  while (bestRank[ladder] !== NO_RANK || bestRank[ladder + 1] !== NO_RANK) {
    const last = lastPrice[i]!;
    if (state[i] !== OPEN || last === 0) return;
    trail(i, 0, last);
    trail(i, 1, last);
    if (bestRank[ladder]! <= stopRank(0, last)) wake(head[bestLevel[ladder]!]!, last);
    else if (bestRank[ladder + 1]! <= stopRank(1, last)) wake(head[bestLevel[ladder + 1]!]!, last);
    else return;
  }
}

const wake = (order: number, last: number): void => {
  if (isCopying[0] !== 0) preserveOrder(order);
  dequeue(order);
  let t = traits[order]! & ~DORMANT;
  if ((t & MARKET) !== 0) t |= IMMEDIATE;
  traits[order] = t;
  if ((t & TRAILING) !== 0) tightenProtection(order);
  orderTriggered(order, last);
  if ((t & REDUCE_ONLY) !== 0 && !reduceToPosition(order)) {
    orderCancelled(order, CANCELLED.nothing_to_reduce);
    close(order);
  } else arrive(order);
};

/** The position may have shrunk while the order slept: what goes beyond it is taken off and told. False when nothing is left to reduce. */
const reduceToPosition = (order: number): boolean => {
  scratch[FILL] = open[order]!;
  if (!clipToPosition(order)) return false;
  scratch[FILL] = BigInt.asIntN(64, scratch[FILL] - open[order]!);
  if (scratch[FILL] !== BigInt(0)) orderDecremented(order);
  return true;
};

/** A trigger that has moved takes the protection price along, for a buy never above what its hold was made for. */
const tightenProtection = (order: number): void => {
  const side = traits[order]! & SELL;
  const worst = protectionPrice(instrument[order]!, side, trigger[order]!);
  price[order] = side === 0 ? Math.min(price[order]!, worst) : worst;
};

/** Moves the triggers of trailing stops that the last price has pulled along. */
const trail = (i: number, side: number, last: number): void => {
  for (let k = 0; k < trailingCount(i, side); k += 1) {
    const order = trailingAt(i, side, k);
    if ((traits[order]! & DORMANT) === 0) continue;
    const moved = trailedPrice(i, side, last, distance[order]!);
    if (side === 0 ? moved >= trigger[order]! : moved <= trigger[order]!) continue;
    if (isCopying[0] !== 0) preserveOrder(order);
    dequeue(order);
    trigger[order] = moved;
    sleep(order);
  }
};
