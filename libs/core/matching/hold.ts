/**
 * What an order must set aside before it may enter the book. A spot sell holds the base it may deliver; a spot buy its
 * cost at its own limit and the worse of its two fees. After every fill the hold is what the rest still needs, so that a
 * fill below the limit frees the difference at once, and the sum of holds of open orders is the account's held balance.
 */
import { balances } from './balances.js';
import { addWorstFee } from './fee.js';
import { instruments } from './instruments.js';
import { payingBalance } from './open-orders.js';
import { orders, trait } from './orders.js';
import { registers } from './scratch.js';

const { ICEBERG, SELL } = trait;
const { BASE, LOTS, NEED, scratch } = registers;

const { price, instrument, traits, makerPpm, takerPpm, open, hidden, hold, notionalCarry } = orders;
const { total, held } = balances;
const { lotUnits, tickValue, tickValueScale, fractional } = instruments;

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
  if ((traits[order]! & SELL) !== 0) {
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
  scratch[NEED] = scratch[BASE]!;
  const worse = Math.max(makerPpm[order]!, takerPpm[order]!);
  addWorstFee(order, worse > 0 ? worse : 0, BASE, NEED);
}

/** Sets aside scratch[NEED] for an order that holds nothing yet; false if its account has less available. */
export function reserve(order: number): boolean {
  const balance = payingBalance(order);
  if (BigInt.asIntN(64, total[balance]! - held[balance]!) < scratch[NEED]!) return false;
  held[balance] = BigInt.asIntN(64, held[balance]! + scratch[NEED]!);
  hold[order] = scratch[NEED]!;
  return true;
}

/** Brings the hold of an open order to scratch[NEED]; false, and unchanged, if its account has too little available. */
export function adjustHold(order: number): boolean {
  const balance = payingBalance(order);
  const more = BigInt.asIntN(64, scratch[NEED]! - hold[order]!);
  if (more > 0n && BigInt.asIntN(64, total[balance]! - held[balance]!) < more) return false;
  held[balance] = BigInt.asIntN(64, held[balance]! + more);
  hold[order] = scratch[NEED]!;
  return true;
}

/** Frees everything that an order which will not enter has set aside. */
export function unreserve(order: number): void {
  const balance = payingBalance(order);
  held[balance] = BigInt.asIntN(64, held[balance]! - hold[order]!);
  hold[order] = 0n;
}
