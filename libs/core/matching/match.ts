/**
 * Continuous matching: an arriving order trades with the best orders of the other side, at their prices, until it is
 * filled or nothing acceptable is left. What happens to the rest of it is the caller's business.
 */
import { computeAffordable } from './budget.js';
import { orderDecremented, orderReplenished, traded } from './order-events.js';
import { adjustHold, computeNeed } from './hold.js';
import { instruments } from './instruments.js';
import { bids, bookRank, dequeue, ladders, levels, requeue } from './ladders.js';
import { cancelOpenOrder, close } from './open-orders.js';
import { orders, selfTradeRule, trait } from './orders.js';
import { CANCELLED } from './reasons.js';
import { life, registers } from './scratch.js';
import { settleSpot } from './settle.js';
import { haltForVolatility, isWithinHaltBand, rollHaltWindow } from './volatility.js';

const { BUDGETED, ICEBERG, SELF_TRADE_SHIFT, SELL } = trait;
const { AFFORDABLE, FILL, scratch } = registers;
const { counters, PRIORITY } = life;

const {
  price,
  account,
  instrument,
  traits,
  level: levelOf,
  makerPpm,
  takerPpm,
  open,
  hidden,
  display,
  priority,
} = orders;
const { bestLevel } = ladders;
const { head, rank, shown } = levels;
const { lastPrice, haltPpm } = instruments;

const { CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH } = selfTradeRule;

const { immediate_remainder, protection_price, volatility_halt, self_trade, budget_spent } = CANCELLED;

/** Trades `taker`; returns why it stopped short of being filled, as the reason to cancel it should it not rest. */
export function match(taker: number): number {
  const i = instrument[taker]!;
  const opposite = 1 - (traits[taker]! & SELL);
  const ladder = bids(i) + opposite;
  const worst = bookRank(opposite, price[taker]!);
  if (haltPpm[i] !== 0) rollHaltWindow(i);

  while (open[taker]! > 0n) {
    const level = bestLevel[ladder]!;
    if (level === 0) return immediate_remainder;
    if (rank[level]! > worst) return protection_price;
    const at = bookRank(opposite, rank[level]!);
    if (!isWithinHaltBand(i, at)) {
      haltForVolatility(i);
      return volatility_halt;
    }
    const maker = head[level]!;
    const rule = (traits[taker]! >> SELF_TRADE_SHIFT) & 7;
    if (rule !== 0 && account[maker] === account[taker]) {
      if (!preventSelfTrade(maker, taker, rule)) return self_trade;
      continue;
    }
    if (open[taker]! < open[maker]!) scratch[FILL] = open[taker]!;
    else scratch[FILL] = open[maker]!;
    if ((traits[taker]! & BUDGETED) !== 0) {
      computeAffordable(taker, at);
      if (scratch[AFFORDABLE]! < scratch[FILL]) scratch[FILL] = scratch[AFFORDABLE]!;
      if (scratch[FILL] === 0n) return budget_spent;
    }
    settleSpot(maker, taker, at, makerPpm[maker]!, takerPpm[taker]!);
    shown[level] = BigInt.asIntN(64, shown[level]! - scratch[FILL]);
    lastPrice[i] = at;
    traded(maker, taker, at, 0);
    if (open[maker] === 0n) deplete(maker);
  }
  return 0;
}

/** A resting order has nothing left to trade: an iceberg shows its next part behind the others, any other is done. */
export function deplete(maker: number): void {
  if ((traits[maker]! & ICEBERG) !== 0 && hidden[maker]! > 0n) {
    if (hidden[maker]! < display[maker]!) open[maker] = hidden[maker]!;
    else open[maker] = display[maker]!;
    hidden[maker] = BigInt.asIntN(64, hidden[maker]! - open[maker]);
    counters[PRIORITY] = BigInt.asIntN(64, counters[PRIORITY]! + 1n);
    priority[maker] = counters[PRIORITY]!;
    requeue(maker);
    orderReplenished(maker);
    return;
  }
  dequeue(maker);
  close(maker);
}

/** Two orders of one account have met; returns whether the arriving one may go on. */
function preventSelfTrade(maker: number, taker: number, rule: number): boolean {
  if (rule === CANCEL_NEWEST) return false;
  if (rule === CANCEL_OLDEST || rule === CANCEL_BOTH) {
    cancelOpenOrder(maker, self_trade);
    return rule === CANCEL_OLDEST;
  }
  decrement(maker, taker);
  return true;
}

/** Both lose what the smaller shows, without a trade. */
function decrement(maker: number, taker: number): void {
  if (open[taker]! < open[maker]!) scratch[FILL] = open[taker]!;
  else scratch[FILL] = open[maker]!;
  open[taker] = BigInt.asIntN(64, open[taker]! - scratch[FILL]);
  open[maker] = BigInt.asIntN(64, open[maker]! - scratch[FILL]);
  const level = levelOf[maker]!;
  shown[level] = BigInt.asIntN(64, shown[level]! - scratch[FILL]);
  orderDecremented(maker);
  orderDecremented(taker);
  freeUnneeded(maker);
  freeUnneeded(taker);
  if (open[maker] === 0n) deplete(maker);
}

function freeUnneeded(order: number): void {
  if ((traits[order]! & BUDGETED) !== 0) return;
  computeNeed(order);
  adjustHold(order);
}
