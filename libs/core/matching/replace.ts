/**
 * New terms for an open order. Less quantity at the same price keeps its place in the queue; anything else loses it, and
 * the order meets the book again as if it had just arrived. A refused replace leaves the order as it was.
 */
import { amountOffsets, engineCommands, wordOffsets } from '@core/contracts';
import * as Admission from './admission.js';
import * as Arrive from './arrive.js';
import * as Commands from './commands.js';
import { copying } from './copying.js';
import * as Hold from './hold.js';
import { instruments, instrumentState } from './instruments.js';
import * as Ladders from './ladders.js';
import * as Margin from './margin.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import * as Orders from './orders.js';
import * as Place from './place.js';
import * as Protection from './protection.js';
import * as Reasons from './reasons.js';
import { registers } from './scratch.js';
import * as Stops from './stops.js';

const { refusePrice, refuseTrading } = Admission;
const { arrive } = Arrive;
const { bytesOf, commands } = Commands;
const { adjustHold, computeNeed, computeNeedFor, countLots } = Hold;
const { dequeue, hasRoomForLevel, levels } = Ladders;
const { changeExposure, tryExposure } = Margin;
const { findById } = OpenOrders;
const { orderRejected, orderReplaced } = OrderEvents;
const { orders, preserveOrder, trait } = Orders;
const { wouldTrade } = Place;
const { protectionPrice } = Protection;
const { REFUSED } = Reasons;
const { sleep, wakeStops } = Stops;

const { OPEN } = instrumentState;
const { DORMANT, ICEBERG, MARGINED, MARKET, POST_ONLY, SELL, TRAILING } = trait;
const { scratch, CHANGE, LOTS, WANTED } = registers;
const { ADMITTED } = REFUSED;
const { isCopying } = copying;
const { words, amounts } = commands;
const { price, account, instrument, traits, trigger, level, open, hidden, filled } = orders;
const { state, maximumPrice, maximumQuantity } = instruments;
const { shown } = levels;

const REPLACE = engineCommands.messages.replace;
const word = wordOffsets(REPLACE);
const amount = amountOffsets(REPLACE);
const SHORT_BYTES = REPLACE.shortBytes;

/** Indices in QUEUE_PLACES and QUANTITY_MEANINGS. */
const LOST = 0;
const KEPT = 1;
const TOTAL = 1;
/** Indices in POST_ONLY_TERMS. */
const RELEASED = 1;
const SET = 2;

/** Carries out the `replace` at word `w`. */
export function replace(w: number): void {
  const order = findById(words, amounts, w + word.orderId);
  if (order === 0 || account[order] !== words[w + word.account]) return orderRejected(w, REFUSED.unknown_order);
  const i = instrument[order]!;
  countWanted(order, w);
  countLots(order);
  let reason = refuseReplace(order, w);
  if (reason === ADMITTED) {
    if (isCopying[0] !== 0) preserveOrder(order);
    const limit = words[w + word.price]!;
    if ((traits[order]! & DORMANT) !== 0) reason = moveDormant(order, w);
    else if (limit === price[order] && scratch[WANTED]! <= scratch[LOTS]!) reason = reduce(order, newTraits(order, w));
    else reason = move(order, limit, newTraits(order, w));
  }
  if (reason === ADMITTED) wakeStops(i);
  else orderRejected(w, reason);
}

/** Leaves in scratch[WANTED] the lots that shall be open: named as such, or as the order's size with what has traded. */
const countWanted = (order: number, w: number): void => {
  const quantity = (w >> 1) + amount.quantity;
  if ((words[w + word.quantityMeans]! & 255) === TOTAL) {
    scratch[WANTED] = BigInt.asIntN(64, amounts[quantity]! - filled[order]!);
  } else {
    scratch[WANTED] = amounts[quantity]!;
  }
};

const postOnlyTerm = (w: number): number => (words[w + word.quantityMeans]! >> 8) & 255;

/** Traits of `order` once the replace at `w` has had its way. */
const newTraits = (order: number, w: number): number => {
  const t = traits[order]!;
  const term = postOnlyTerm(w);
  if (term === RELEASED) return t & ~POST_ONLY;
  return term === SET ? t | POST_ONLY : t;
};

const newTrigger = (w: number): number => (bytesOf(words[w]!) === SHORT_BYTES ? 0 : words[w + word.triggerPrice]!);

const refuseReplace = (order: number, w: number): number => {
  const i = instrument[order]!;
  const t = traits[order]!;
  const barred = refuseTrading(account[order]!, i);
  if (barred !== ADMITTED) return barred;
  if ((words[w + word.quantityMeans]! & 255) > TOTAL || postOnlyTerm(w) > SET) return REFUSED.malformed;
  if (postOnlyTerm(w) === SET && (t & (DORMANT | MARKET)) !== 0) return REFUSED.invalid_combination;
  if (scratch[WANTED]! <= BigInt(0)) return REFUSED.invalid_quantity;
  if (scratch[WANTED]! > maximumQuantity[i]!) return REFUSED.quantity_above_maximum;
  const triggerPrice = newTrigger(w);
  // A trailing stop's trigger is not the client's to set, and only a dormant order has one.
  const mayMoveTrigger = (t & (DORMANT | TRAILING)) === DORMANT;
  if (triggerPrice !== 0 && (!mayMoveTrigger || triggerPrice < 1 || triggerPrice > maximumPrice[i]!)) {
    return REFUSED.invalid_trigger_price;
  }
  const limit = words[w + word.price]!;
  if ((t & (DORMANT | MARKET)) === (DORMANT | MARKET)) return limit === 0 ? ADMITTED : REFUSED.invalid_price;
  return refusePrice(i, t & SELL, limit);
};

/** Takes lots off an order where it stands, hidden ones first. */
const reduce = (order: number, t: number): number => {
  scratch[CHANGE] = BigInt.asIntN(64, scratch[WANTED]! - scratch[LOTS]!);
  if ((traits[order]! & ICEBERG) !== 0 && scratch[WANTED]! > open[order]!) {
    hidden[order] = BigInt.asIntN(64, scratch[WANTED]! - open[order]!);
  } else {
    const at = level[order]!;
    shown[at] = BigInt.asIntN(64, shown[at]! - BigInt.asIntN(64, open[order]! - scratch[WANTED]!));
    open[order] = scratch[WANTED]!;
    if ((traits[order]! & ICEBERG) !== 0) hidden[order] = 0n;
  }
  traits[order] = t;
  computeNeed(order);
  adjustHold(order);
  if ((t & MARGINED) !== 0) changeExposure(order);
  orderReplaced(order, KEPT);
  return ADMITTED;
};

/** Takes the order out and lets it arrive again on its new terms. */
const move = (order: number, limit: number, t: number): number => {
  const i = instrument[order]!;
  if ((t & POST_ONLY) !== 0 && state[i] === OPEN && wouldTrade(i, t & SELL, limit)) {
    return REFUSED.post_only_would_trade;
  }
  const reason = refund(order, limit);
  if (reason !== ADMITTED) return reason;
  dequeue(order);
  traits[order] = t;
  price[order] = limit;
  takeWanted(order);
  orderReplaced(order, LOST);
  arrive(order);
  return ADMITTED;
};

/** New terms for a stop that sleeps; it goes to the back of its trigger's queue, and wakes if that has been reached. */
const moveDormant = (order: number, w: number): number => {
  const given = newTrigger(w);
  const triggerPrice = given === 0 ? trigger[order]! : given;
  const t = traits[order]!;
  let limit = words[w + word.price]!;
  // What protects an unmoved trigger was settled when it was set.
  if ((t & MARKET) !== 0) {
    limit = given === 0 ? price[order]! : protectionPrice(instrument[order]!, t & SELL, triggerPrice);
  }
  const reason = refund(order, limit);
  if (reason !== ADMITTED) return reason;
  dequeue(order);
  price[order] = limit;
  trigger[order] = triggerPrice;
  takeWanted(order);
  orderReplaced(order, LOST);
  sleep(order);
  return ADMITTED;
};

/** Brings hold and margin to what scratch[WANTED] lots at `limit` need; or says what is lacking, and changes neither. */
const refund = (order: number, limit: number): number => {
  if (!hasRoomForLevel()) return REFUSED.order_capacity_reached;
  scratch[CHANGE] = BigInt.asIntN(64, scratch[WANTED]! - scratch[LOTS]!);
  scratch[LOTS] = scratch[WANTED]!;
  computeNeedFor(order, limit);
  if (!adjustHold(order)) return REFUSED.insufficient_funds;
  if ((traits[order]! & MARGINED) === 0) return ADMITTED;
  const reason = tryExposure(order, limit);
  if (reason !== ADMITTED) {
    computeNeed(order);
    adjustHold(order);
  }
  return reason;
};

const takeWanted = (order: number): void => {
  open[order] = scratch[WANTED]!;
  if ((traits[order]! & ICEBERG) !== 0) hidden[order] = 0n;
};
