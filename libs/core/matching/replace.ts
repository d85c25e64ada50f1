/**
 * New terms for an open order. Less quantity at the same price keeps its place in the queue; anything else loses it, and
 * the order meets the book again as if it had just arrived. A refused replace leaves the order as it was.
 */
import { amountOffsets, engineCommands, wordOffsets } from '@core/contracts';
import { refusePrice, refuseTrading } from './admission.js';
import { arrive } from './arrive.js';
import { commands } from './commands.js';
import { adjustHold, computeNeed, computeNeedFor, countLots } from './hold.js';
import { instruments, instrumentState } from './instruments.js';
import { dequeue, hasRoomForLevel, levels } from './ladders.js';
import { findById } from './open-orders.js';
import { orderRejected, orderReplaced } from './order-events.js';
import { orders, trait } from './orders.js';
import { wouldTrade } from './place.js';
import { REFUSED } from './reasons.js';
import { registers } from './scratch.js';

const { ADMITTED } = REFUSED;

const { OPEN } = instrumentState;
const { ICEBERG, POST_ONLY: POST_ONLY_TRAIT, SELL } = trait;
const { LOTS, scratch, WANTED } = registers;

const { words, amounts } = commands;
const { price, account, instrument, traits, level, open, hidden, filled } = orders;
const { state, maximumQuantity } = instruments;
const { shown } = levels;

const REPLACE = engineCommands.messages.replace;
const word = wordOffsets(REPLACE);
const amount = amountOffsets(REPLACE);

/** Indices in QUEUE_PLACES and QUANTITY_MEANINGS. */
const LOST = 0;
const KEPT = 1;
const TOTAL = 1;

/** Carries out the `replace` at word `w`. */
export function replace(w: number): void {
  const order = findById(words, amounts, w + word.orderId);
  if (order === 0 || account[order] !== words[w + word.account]) return orderRejected(w, REFUSED.unknown_order);
  countWanted(order, w);
  const limit = words[w + word.price]!;
  let reason = refuseReplace(order, limit);
  if (reason === ADMITTED) {
    countLots(order);
    reason = limit === price[order] && scratch[WANTED]! <= scratch[LOTS]! ? reduce(order) : move(order, limit);
  }
  if (reason !== ADMITTED) orderRejected(w, reason);
}

/** Leaves in scratch[WANTED] the lots that shall be open: named as such, or as the order's size with what has traded. */
function countWanted(order: number, w: number): void {
  const quantity = (w >> 1) + amount.quantity;
  if ((words[w + word.quantityMeans]! & 255) === TOTAL) {
    scratch[WANTED] = BigInt.asIntN(64, amounts[quantity]! - filled[order]!);
  } else {
    scratch[WANTED] = amounts[quantity]!;
  }
}

function refuseReplace(order: number, limit: number): number {
  const i = instrument[order]!;
  const barred = refuseTrading(account[order]!, i);
  if (barred !== ADMITTED) return barred;
  if (scratch[WANTED]! <= 0n) return REFUSED.invalid_quantity;
  if (scratch[WANTED]! > maximumQuantity[i]!) return REFUSED.quantity_above_maximum;
  return refusePrice(i, traits[order]! & SELL, limit);
}

/** Takes lots off an order where it stands, hidden ones first. */
function reduce(order: number): number {
  if ((traits[order]! & ICEBERG) !== 0 && scratch[WANTED]! > open[order]!) {
    hidden[order] = BigInt.asIntN(64, scratch[WANTED]! - open[order]!);
  } else {
    const at = level[order]!;
    shown[at] = BigInt.asIntN(64, shown[at]! - BigInt.asIntN(64, open[order]! - scratch[WANTED]!));
    open[order] = scratch[WANTED]!;
    if ((traits[order]! & ICEBERG) !== 0) hidden[order] = 0n;
  }
  computeNeed(order);
  adjustHold(order);
  orderReplaced(order, KEPT);
  return ADMITTED;
}

/** Takes the order out and lets it arrive again on its new terms. */
function move(order: number, limit: number): number {
  const i = instrument[order]!;
  const t = traits[order]!;
  if ((t & POST_ONLY_TRAIT) !== 0 && state[i] === OPEN && wouldTrade(i, t & SELL, limit)) {
    return REFUSED.post_only_would_trade;
  }
  if (!hasRoomForLevel()) return REFUSED.order_capacity_reached;
  scratch[LOTS] = scratch[WANTED]!;
  computeNeedFor(order, limit);
  if (!adjustHold(order)) return REFUSED.insufficient_funds;
  dequeue(order);
  price[order] = limit;
  open[order] = scratch[WANTED]!;
  if ((t & ICEBERG) !== 0) hidden[order] = 0n;
  orderReplaced(order, LOST);
  arrive(order);
  return ADMITTED;
}
