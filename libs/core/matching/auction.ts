/**
 * The call auction. While an instrument is pre-open its book collects orders and may cross; opening it trades everything
 * that crosses at one price: the one at which most lots trade; of those, the one that leaves the fewest lots of crossing
 * orders over; of those, the highest if only buyers are left over, the lowest if only sellers, and else the one nearest
 * to the reference (the last trade price without one; the higher of two as near).
 *
 * Rare, so it is written with plain numbers and lists.
 */
import { instruments } from './instruments.js';
import * as Ladders from './ladders.js';
import * as Match from './match.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import * as Orders from './orders.js';
import * as Reasons from './reasons.js';

const { bids, bookRank, ladders, levelBehind, levels } = Ladders;
const { countFill, decrement, deplete, isSelfTrade, takeFromLevel, trade } = Match;
const { cancelOpenOrder } = OpenOrders;
const { traded } = OrderEvents;
const { orders, selfTradeRule, trait } = Orders;
const { CANCELLED } = Reasons;

const { bestLevel, bestRank } = ladders;
const { head, rank } = levels;
const { next, traits, open, hidden, priority, makerPpm } = orders;
const { lastPrice, referencePrice } = instruments;
const { ICEBERG, SELF_TRADE_SHIFT } = trait;

export interface Equilibrium {
  readonly price: number;
  readonly quantity: bigint;
}

interface Level {
  readonly price: number;
  readonly lots: bigint;
}

/** Price and lots of the auction if it were held now; null when nothing crosses. */
export function equilibrium(i: number): Equilibrium | null {
  const buyers = bids(i);
  const sellers = buyers + 1;
  if (bestLevel[buyers] === 0 || bestLevel[sellers] === 0) return null;
  const highest = bookRank(0, bestRank[buyers]!);
  const lowest = bookRank(1, bestRank[sellers]!);
  if (highest < lowest) return null;
  const demand = crossing(buyers, 0, (price) => price >= lowest);
  const supply = crossing(sellers, 1, (price) => price <= highest);
  return choose(demand, supply, referencePrice[i] !== 0 ? referencePrice[i]! : lastPrice[i]!);
}

/** Levels from the best on while their price crosses. */
const crossing = (ladder: number, side: number, crosses: (price: number) => boolean): Level[] => {
  const found: Level[] = [];
  for (let level = bestLevel[ladder]!; level !== 0; level = levelBehind(ladder, rank[level]!)) {
    const price = bookRank(side, rank[level]!);
    if (!crosses(price)) break;
    let lots = 0n;
    for (let order = head[level]!; order !== 0; order = next[order]!) {
      lots += open[order]! + ((traits[order]! & ICEBERG) !== 0 ? hidden[order]! : 0n);
    }
    found.push({ price, lots });
  }
  return found;
};

/** Buyers' levels from the highest price down, sellers' from the lowest up. */
const choose = (demand: readonly Level[], supply: readonly Level[], reference: number): Equilibrium => {
  const prices = [...new Set([...demand, ...supply].map((level) => level.price))].sort((a, b) => a - b);
  // Sweeping the price upwards, supply only grows and demand only shrinks.
  let offered = 0n;
  let wanted = demand.reduce((sum, level) => sum + level.lots, 0n);
  let nextSeller = 0;
  let lastBuyer = demand.length - 1;
  let best: { price: number; quantity: bigint; surplus: bigint }[] = [];
  for (const price of prices) {
    for (; nextSeller < supply.length && supply[nextSeller]!.price <= price; nextSeller += 1) {
      offered += supply[nextSeller]!.lots;
    }
    for (; lastBuyer >= 0 && demand[lastBuyer]!.price < price; lastBuyer -= 1) wanted -= demand[lastBuyer]!.lots;
    const quantity = wanted < offered ? wanted : offered;
    const candidate = { price, quantity, surplus: wanted - offered };
    const lead = best[0];
    if (
      lead === undefined ||
      quantity > lead.quantity ||
      (quantity === lead.quantity && abs(candidate.surplus) < abs(lead.surplus))
    ) {
      best = [candidate];
    } else if (quantity === lead.quantity && abs(candidate.surplus) === abs(lead.surplus)) best.push(candidate);
  }
  return { price: preferred(best, reference), quantity: best[0]!.quantity };
};

const preferred = (tied: readonly { price: number; surplus: bigint }[], reference: number): number => {
  if (tied.every(({ surplus }) => surplus > BigInt(0))) return tied.at(-1)!.price;
  if (tied.every(({ surplus }) => surplus < BigInt(0))) return tied[0]!.price;
  let nearest = tied[0]!.price;
  for (const { price } of tied) if (Math.abs(price - reference) <= Math.abs(nearest - reference)) nearest = price;
  return nearest;
};

const abs = (value: bigint): bigint => (value < BigInt(0) ? -value : value);

/**
 * Trades all that crosses at `price`, in priority. Both sides pay the maker's rate (and nobody a rebate, as nobody takes).
 * Two orders of one account follow the rule of the later one, as in continuous trading.
 */
export function uncross(i: number, price: number): void {
  const buyers = bids(i);
  for (;;) {
    const buyLevel = bestLevel[buyers]!;
    const sellLevel = bestLevel[buyers + 1]!;
    if (buyLevel === 0 || sellLevel === 0) return;
    if (bookRank(0, rank[buyLevel]!) < price || bookRank(1, rank[sellLevel]!) > price) return;
    const buyer = head[buyLevel]!;
    const seller = head[sellLevel]!;
    const isBuyerFirst = priority[buyer]! < priority[seller]!;
    meet(isBuyerFirst ? buyer : seller, isBuyerFirst ? seller : buyer, price);
  }
}

const meet = (earlier: number, later: number, price: number): void => {
  if (isSelfTrade(earlier, later)) return keepApart(earlier, later);
  countFill(earlier, later);
  trade(earlier, later, price, Math.max(makerPpm[earlier]!, 0), Math.max(makerPpm[later]!, 0));
  takeFromLevel(earlier);
  takeFromLevel(later);
  traded(earlier, later, price, 1);
  if (open[earlier] === BigInt(0)) deplete(earlier);
  if (open[later] === BigInt(0)) deplete(later);
};

const keepApart = (earlier: number, later: number): void => {
  const rule = (traits[later]! >> SELF_TRADE_SHIFT) & 7;
  if (rule === selfTradeRule.DECREMENT) {
    countFill(earlier, later);
    takeFromLevel(earlier);
    takeFromLevel(later);
    decrement(earlier);
    decrement(later);
    if (open[earlier] === BigInt(0)) deplete(earlier);
    if (open[later] === BigInt(0)) deplete(later);
    return;
  }
  if (rule !== selfTradeRule.CANCEL_NEWEST) cancelOpenOrder(earlier, CANCELLED.self_trade);
  if (rule !== selfTradeRule.CANCEL_OLDEST) cancelOpenOrder(later, CANCELLED.self_trade);
};
