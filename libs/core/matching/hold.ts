/**
 * What an order must set aside before it may enter the book. A spot sell holds the base it may deliver; a spot buy its
 * cost at its own limit and the worse of its two fees; an order in a margined instrument its worse fee (its margin is
 * the position's, `margin.ts`). After every fill the hold is what the rest still needs, so that a fill below the limit
 * frees the difference at once, and the holds of an account's open orders and its margins sum to its held balance.
 */
import * as Balances from './balances.js';
import { copying } from './copying.js';
import * as Fee from './fee.js';
import { instruments } from './instruments.js';
import * as Orders from './orders.js';
import { registers } from './scratch.js';

const { balanceOf, balances, preserveBalance } = Balances;
const { addWorstFee } = Fee;
const { orders, preserveOrder, trait } = Orders;

const { ICEBERG, LIQUIDATION, MARGINED, SELL } = trait;
const { scratch, BASE, LOTS, NEED } = registers;
const { isCopying } = copying;
const { price, account, instrument, traits, makerPpm, takerPpm, open, hidden, hold, notionalCarry } = orders;
const { total, held } = balances;
const { baseRow, quoteRow, lotUnits, tickValue, tickValueScale, fractional } = instruments;

/** The balance that an order pays from: base for a spot sell, quote for everything else. */
export function payingBalance(order: number): number {
  const i = instrument[order]!;
  const row = (traits[order]! & (SELL | MARGINED)) === SELL ? baseRow[i]! : quoteRow[i]!;
  return balanceOf(row, account[order]!);
}

/** Leaves in scratch[LOTS] everything that can still trade of `order`, shown or hidden. */
export function countLots(order: number): void {
  if ((traits[order]! & ICEBERG) !== 0) scratch[LOTS] = BigInt.asIntN(64, open[order]! + hidden[order]!);
  else scratch[LOTS] = open[order]!;
}

/** Leaves in scratch[NEED] what `order` needs for all its lots at its limit. */
export function computeNeed(order: number): void {
  countLots(order);
  computeNeedFor(order, price[order]!);
}

/** Leaves in scratch[NEED] what `order` would need for scratch[LOTS] lots at `limit`. */
export function computeNeedFor(order: number, limit: number): void {
  const i = instrument[order]!;
  const t = traits[order]!;
  if ((t & (SELL | MARGINED)) === SELL) {
    scratch[NEED] = BigInt.asIntN(64, scratch[LOTS]! * lotUnits[i]!);
    return;
  }
  const cost = BigInt.asIntN(64, BigInt.asIntN(64, BigInt(limit | 0) * scratch[LOTS]!) * tickValue[i]!);
  if (fractional[i] === 0) {
    scratch[BASE] = cost;
  } else {
    const scale = tickValueScale[i]!;
    const due = BigInt.asIntN(64, cost - notionalCarry[order]!);
    scratch[BASE] = BigInt.asIntN(64, BigInt.asIntN(64, due + BigInt.asIntN(64, scale - 1n)) / scale);
  }
  if ((t & MARGINED) === 0) scratch[NEED] = scratch[BASE]!;
  else scratch[NEED] = 0n;
  // A liquidated account pays its fee from what there is.
  if ((t & LIQUIDATION) !== 0) return;
  const worse = Math.max(makerPpm[order]!, takerPpm[order]!);
  addWorstFee(order, worse > 0 ? worse : 0, BASE, NEED);
}

/** Brings the hold of an order to scratch[NEED]; false, and unchanged, if its account has too little available. */
export function adjustHold(order: number): boolean {
  const balance = payingBalance(order);
  const more = BigInt.asIntN(64, scratch[NEED]! - hold[order]!);
  if (more > BigInt(0) && BigInt.asIntN(64, total[balance]! - held[balance]!) < more) return false;
  if (isCopying[0] !== 0) {
    preserveBalance(balance);
    preserveOrder(order);
  }
  held[balance] = BigInt.asIntN(64, held[balance]! + more);
  hold[order] = scratch[NEED]!;
  return true;
}

/** Frees everything that an order has set aside. */
export function releaseHold(order: number): void {
  const balance = payingBalance(order);
  if (isCopying[0] !== 0) {
    preserveBalance(balance);
    preserveOrder(order);
  }
  held[balance] = BigInt.asIntN(64, held[balance]! - hold[order]!);
  hold[order] = 0n;
}
