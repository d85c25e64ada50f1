/**
 * Continuous matching: an arriving order trades with the best orders of the other side, at their prices, until it is
 * filled or nothing acceptable is left. What happens to the rest of it is the caller's business.
 */
import * as Budget from './budget.js';
import { copying } from './copying.js';
import * as Hold from './hold.js';
import { instruments } from './instruments.js';
import * as Ladders from './ladders.js';
import * as Margin from './margin.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import * as Orders from './orders.js';
import * as Queue from './queue.js';
import { CANCELLED } from './reasons.js';
import { registers } from './scratch.js';
import * as Settle from './settle.js';
import * as Volatility from './volatility.js';

const { computeAffordable } = Budget;
const { adjustHold, computeNeed } = Hold;
const { bids, bookRank, dequeue, ladders, levels, requeue } = Ladders;
const { changeExposure, settleMargined } = Margin;
const { cancelOpenOrder, close } = OpenOrders;
const { orderDecremented, orderReplenished, traded } = OrderEvents;
const { orders, preserveOrder, selfTradeRule, trait } = Orders;
const { takePlaceInTime } = Queue;
const { settleSpot } = Settle;
const { haltForVolatility, isWithinHaltBand, rollHaltWindow } = Volatility;

const { BUDGETED, ICEBERG, MARGINED, SELF_TRADE_SHIFT, SELL } = trait;
const { CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH } = selfTradeRule;
const { immediate_remainder, protection_price, volatility_halt, self_trade, budget_spent } = CANCELLED;
const { scratch, AFFORDABLE, CHANGE, FILL } = registers;
const { isCopying } = copying;
const { price, account, instrument, traits, level: levelOf, makerPpm, takerPpm, open, hidden, display } = orders;
const { bestLevel } = ladders;
const { head, rank, shown } = levels;
const { lastPrice, haltPpm } = instruments;

/** Trades `taker`; returns why it stopped short of being filled, as the reason to cancel it should it not rest. */
export function match(taker: number): number {
  const i = instrument[taker]!;
  const opposite = 1 - (traits[taker]! & SELL);
  const ladder = bids(i) + opposite;
  const worst = bookRank(opposite, price[taker]!);
  if (haltPpm[i] !== 0) rollHaltWindow(i);

  while (open[taker]! > BigInt(0)) {
    const level = bestLevel[ladder]!;
    if (level === 0) return immediate_remainder;
    if (rank[level]! > worst) return protection_price;
    const at = bookRank(opposite, rank[level]!);
    if (!isWithinHaltBand(i, at)) {
      haltForVolatility(i);
      return volatility_halt;
    }
    const maker = head[level]!;
    if (isSelfTrade(maker, taker)) {
      if (!preventSelfTrade(maker, taker)) return self_trade;
      continue;
    }
    countFill(maker, taker);
    if ((traits[taker]! & BUDGETED) !== 0) {
      computeAffordable(taker, at);
      if (scratch[AFFORDABLE]! < scratch[FILL]!) scratch[FILL] = scratch[AFFORDABLE]!;
      if (scratch[FILL] === BigInt(0)) return budget_spent;
    }
    // A rebate comes out of the taker's fee.
    trade(maker, taker, at, Math.max(makerPpm[maker]!, -takerPpm[taker]!), takerPpm[taker]!);
    takeFromLevel(maker);
    traded(maker, taker, at, 0);
    if (open[maker] === BigInt(0)) deplete(maker);
  }
  return 0;
}

/** Whether two orders of one account have met, and the arriving one does not allow it. */
export const isSelfTrade = (maker: number, taker: number): boolean =>
  account[maker] === account[taker] && ((traits[taker]! >> SELF_TRADE_SHIFT) & 7) !== 0;

/** Leaves in scratch[FILL] what the two can trade at once. */
export function countFill(maker: number, taker: number): void {
  if (open[taker]! < open[maker]!) scratch[FILL] = open[taker]!;
  else scratch[FILL] = open[maker]!;
}

/** Settles scratch[FILL] lots under the instrument's rule; `at` is the last price from now on. */
export function trade(maker: number, taker: number, at: number, makerRate: number, takerRate: number): void {
  if (isCopying[0] !== 0) {
    preserveOrder(maker);
    preserveOrder(taker);
  }
  if ((traits[taker]! & MARGINED) === 0) settleSpot(maker, taker, at, makerRate, takerRate);
  else settleMargined(maker, taker, at, makerRate, takerRate);
  lastPrice[instrument[taker]!] = at;
}

/** scratch[FILL] lots of a queued order are shown no longer. */
export function takeFromLevel(order: number): void {
  const level = levelOf[order]!;
  shown[level] = BigInt.asIntN(64, shown[level]! - scratch[FILL]!);
}

/** A queued order has nothing left to trade: an iceberg shows its next part behind the others, any other is done. */
export function deplete(order: number): void {
  if ((traits[order]! & ICEBERG) !== 0 && hidden[order]! > BigInt(0)) {
    if (hidden[order]! < display[order]!) open[order] = hidden[order]!;
    else open[order] = display[order]!;
    hidden[order] = BigInt.asIntN(64, hidden[order]! - open[order]);
    takePlaceInTime(order);
    requeue(order);
    orderReplenished(order);
    return;
  }
  dequeue(order);
  close(order);
}

/** Applies the taker's rule to a queued order of its own account; returns whether the taker may go on. */
export function preventSelfTrade(maker: number, taker: number): boolean {
  const rule = (traits[taker]! >> SELF_TRADE_SHIFT) & 7;
  if (rule === CANCEL_NEWEST) return false;
  if (rule === CANCEL_OLDEST || rule === CANCEL_BOTH) {
    cancelOpenOrder(maker, self_trade);
    return rule === CANCEL_OLDEST;
  }
  countFill(maker, taker);
  takeFromLevel(maker);
  decrement(maker);
  decrement(taker);
  if (open[maker] === BigInt(0)) deplete(maker);
  return true;
}

/** Takes scratch[FILL] lots off an order without a trade. */
export function decrement(order: number): void {
  if (isCopying[0] !== 0) preserveOrder(order);
  open[order] = BigInt.asIntN(64, open[order]! - scratch[FILL]!);
  orderDecremented(order);
  if ((traits[order]! & BUDGETED) !== 0) return;
  computeNeed(order);
  adjustHold(order);
  if ((traits[order]! & MARGINED) === 0) return;
  scratch[CHANGE] = BigInt.asIntN(64, 0n - scratch[FILL]!);
  changeExposure(order);
}
