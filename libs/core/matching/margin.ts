/**
 * Linear contracts settled in cash. Nothing is delivered: a trade moves the position and its basis, and cash follows when
 * the mark price does (`mark-price.ts`). Until then an account has *margin* held for each position: the initial margin
 * of the largest position that it and its open orders could become, at the mark price, and the loss since cash last
 * followed. What an account lacks is not held, so no balance is ever overdrawn; an account whose margin falls under
 * the maintenance margin is liquidated.
 *
 * Over all accounts lots and basis sum to zero, so what the losers owe is what the winners are due, to the unit.
 */
import { FEE_ACCOUNT as VENUE } from '@core/contracts';
import * as Balances from './balances.js';
import { copying } from './copying.js';
import * as Fee from './fee.js';
import * as Hold from './hold.js';
import { instruments } from './instruments.js';
import { orders, trait } from './orders.js';
import * as Positions from './positions.js';
import * as Reasons from './reasons.js';
import { registers } from './scratch.js';

const { balanceOf, balances, preserveBalance } = Balances;
const { charge } = Fee;
const { computeNeed } = Hold;
const { positionOf, positions, preservePosition } = Positions;
const { REFUSED } = Reasons;

const { SELL, REDUCE_ONLY, LIQUIDATION, ICEBERG } = trait;
const { scratch, FILL, NEED, PAYS, RECEIVES, MAKER_FEE, TAKER_FEE, LOTS, CHANGE, REQUIRED, ROOM, TERM } = registers;
const { ADMITTED } = REFUSED;
const { isCopying } = copying;
const { account, instrument, traits, open, hidden, hold, filled } = orders;
const { total, held } = balances;
const { lots, basis, openBuys, openSells, margin } = positions;
const { quoteRow, positionsRow, tickValue, markPrice, initialMarginPpm, maintenanceMarginPpm, maximumQuantity } =
  instruments;

const FEE_ACCOUNT = VENUE;
const PPM = 1_000_000n;
/** Beyond this the basis waits for a mark price, so that open orders cannot bring it near 2^63. */
const MAX_BASIS = 1n << 60n;
const MIN_BASIS = -MAX_BASIS;

/** Whether the order could add to its account's position and so needs margin of its own. */
const needsMargin = (order: number): boolean => (traits[order]! & (REDUCE_ONLY | LIQUIDATION)) === 0;

/**
 * Adds scratch[CHANGE] lots, which may be negative, to what `order` could add to its account's position, if the account
 * can margin that and the loss of trading it at `limit`. Otherwise changes nothing and returns why.
 */
export function tryExposure(order: number, limit: number): number {
  if (!needsMargin(order)) return ADMITTED;
  const i = instrument[order]!;
  const owner = account[order]!;
  const p = positionOf(positionsRow[i]!, owner);
  if (basis[p]! > MAX_BASIS || basis[p]! < MIN_BASIS) return REFUSED.balance_overflow;
  addToOpen(p, order);
  computeRequired(p, i);
  computeRoom(p, i, owner);
  const isTooLarge = scratch[LOTS]! > maximumQuantity[i]!;
  addLossAtLimit(order, i, limit);
  if (isTooLarge || scratch[ROOM]! < scratch[REQUIRED]!) {
    scratch[CHANGE] = BigInt.asIntN(64, 0n - scratch[CHANGE]!);
    addToOpen(p, order);
    return isTooLarge ? REFUSED.quantity_above_maximum : REFUSED.insufficient_funds;
  }
  remargin(p, i, owner);
  return ADMITTED;
}

/** Adds scratch[CHANGE] lots, usually fewer than none, to what `order` could add to its account's position. */
export function changeExposure(order: number): void {
  if (!needsMargin(order)) return;
  const i = instrument[order]!;
  const p = positionOf(positionsRow[i]!, account[order]!);
  addToOpen(p, order);
  remargin(p, i, account[order]!);
}

/** `order` ends: whatever is left of it can add to nothing any more. */
export function endExposure(order: number): void {
  scratch[CHANGE] = BigInt.asIntN(64, 0n - open[order]!);
  if ((traits[order]! & ICEBERG) !== 0) scratch[CHANGE] = BigInt.asIntN(64, scratch[CHANGE] - hidden[order]!);
  changeExposure(order);
}

const addToOpen = (p: number, order: number): void => {
  if (isCopying[0] !== 0) preservePosition(p);
  if ((traits[order]! & SELL) === 0) openBuys[p] = BigInt.asIntN(64, openBuys[p]! + scratch[CHANGE]!);
  else openSells[p] = BigInt.asIntN(64, openSells[p]! + scratch[CHANGE]!);
};

/** Holds what the position and its orders require, or as much of that as the account has. */
export function remargin(p: number, i: number, owner: number): void {
  computeRequired(p, i);
  computeRoom(p, i, owner);
  if (scratch[ROOM]! < scratch[REQUIRED]!) scratch[REQUIRED] = scratch[ROOM]!;
  const cash = balanceOf(quoteRow[i]!, owner);
  if (isCopying[0] !== 0) {
    preservePosition(p);
    preserveBalance(cash);
  }
  held[cash] = BigInt.asIntN(64, held[cash]! + BigInt.asIntN(64, scratch[REQUIRED]! - margin[p]!));
  margin[p] = scratch[REQUIRED]!;
}

/** Leaves the cash that may serve as margin of this position in scratch[ROOM]: what is available and what it has. */
export function computeRoom(p: number, i: number, owner: number): void {
  const cash = balanceOf(quoteRow[i]!, owner);
  scratch[ROOM] = BigInt.asIntN(64, BigInt.asIntN(64, total[cash]! - held[cash]!) + margin[p]!);
}

/** Leaves in scratch[REQUIRED] the initial margin and pending loss, and in scratch[LOTS] the largest position possible. */
export function computeRequired(p: number, i: number): void {
  countPosition(p);
  scratch[TERM] = BigInt.asIntN(64, lots[p]! + openBuys[p]!);
  if (scratch[TERM] > scratch[LOTS]!) scratch[LOTS] = scratch[TERM]!;
  scratch[TERM] = BigInt.asIntN(64, openSells[p]! - lots[p]!);
  if (scratch[TERM] > scratch[LOTS]!) scratch[LOTS] = scratch[TERM]!;
  computeMargin(i, initialMarginPpm[i]!);
  addPendingLoss(p, i);
}

/** Leaves in scratch[REQUIRED] the maintenance margin and pending loss of the position alone. */
export function computeMaintenance(p: number, i: number): void {
  countPosition(p);
  computeMargin(i, maintenanceMarginPpm[i]!);
  addPendingLoss(p, i);
}

const countPosition = (p: number): void => {
  scratch[LOTS] = lots[p]!;
  if (scratch[LOTS] < BigInt(0)) scratch[LOTS] = BigInt.asIntN(64, 0n - scratch[LOTS]);
};

/** ceil(scratch[LOTS] at the mark price × ppm / 10⁶); `fee.ts` explains the split. */
const computeMargin = (i: number, ppm: number): void => {
  const rate = BigInt(ppm | 0);
  const notional = BigInt.asIntN(64, BigInt.asIntN(64, BigInt(markPrice[i]!) * scratch[LOTS]!) * tickValue[i]!);
  const millions = BigInt.asIntN(64, notional / PPM);
  const rest = BigInt.asIntN(64, notional - BigInt.asIntN(64, millions * PPM));
  const units = BigInt.asIntN(64, BigInt.asIntN(64, BigInt.asIntN(64, rest * rate) + 999_999n) / PPM);
  scratch[REQUIRED] = BigInt.asIntN(64, BigInt.asIntN(64, millions * rate) + units);
};

const addPendingLoss = (p: number, i: number): void => {
  const worth = BigInt.asIntN(64, BigInt.asIntN(64, BigInt(markPrice[i]!) * lots[p]!) * tickValue[i]!);
  scratch[TERM] = BigInt.asIntN(64, basis[p]! - worth);
  if (scratch[TERM] > BigInt(0)) scratch[REQUIRED] = BigInt.asIntN(64, scratch[REQUIRED]! + scratch[TERM]);
};

/** What trading scratch[CHANGE] lots of `order` at `limit` would lose at once against the mark price. */
const addLossAtLimit = (order: number, i: number, limit: number): void => {
  const beyond = (traits[order]! & SELL) === 0 ? limit - markPrice[i]! : markPrice[i]! - limit;
  if (beyond <= 0 || scratch[CHANGE]! <= BigInt(0)) return;
  const loss = BigInt.asIntN(64, BigInt.asIntN(64, BigInt(beyond | 0) * scratch[CHANGE]!) * tickValue[i]!);
  scratch[REQUIRED] = BigInt.asIntN(64, scratch[REQUIRED]! + loss);
};

/**
 * Settles scratch[FILL] lots between the two orders at `price`: positions and bases move against each other, each side
 * pays its fee. Leaves amounts in PAYS, RECEIVES, MAKER_FEE, TAKER_FEE.
 */
export function settleMargined(maker: number, taker: number, price: number, makerPpm: number, takerPpm: number): void {
  const i = instrument[taker]!;
  const notional = BigInt.asIntN(64, BigInt.asIntN(64, BigInt(price | 0) * scratch[FILL]!) * tickValue[i]!);
  scratch[PAYS] = notional;
  scratch[RECEIVES] = notional;
  charge(taker, takerPpm, PAYS, TAKER_FEE);
  charge(maker, makerPpm, PAYS, MAKER_FEE);
  fillPosition(taker, i, TAKER_FEE);
  // The taker may have lacked some of its fee; a rebate is never more than was paid.
  scratch[TERM] = BigInt.asIntN(64, 0n - scratch[TAKER_FEE]!);
  if (scratch[MAKER_FEE]! < scratch[TERM]) scratch[MAKER_FEE] = scratch[TERM]!;
  fillPosition(maker, i, MAKER_FEE);
  const venue = balanceOf(quoteRow[i]!, FEE_ACCOUNT);
  if (isCopying[0] !== 0) preserveBalance(venue);
  total[venue] = BigInt.asIntN(64, total[venue]! + BigInt.asIntN(64, scratch[MAKER_FEE]! + scratch[TAKER_FEE]!));
}

const fillPosition = (order: number, i: number, fee: number): void => {
  const owner = account[order]!;
  const cash = balanceOf(quoteRow[i]!, owner);
  const p = positionOf(positionsRow[i]!, owner);
  if (isCopying[0] !== 0) {
    preserveBalance(cash);
    preservePosition(p);
  }
  open[order] = BigInt.asIntN(64, open[order]! - scratch[FILL]!);
  filled[order] = BigInt.asIntN(64, filled[order]! + scratch[FILL]!);
  computeNeed(order);
  held[cash] = BigInt.asIntN(64, held[cash]! + BigInt.asIntN(64, scratch[NEED]! - hold[order]!));
  hold[order] = scratch[NEED]!;

  if ((traits[order]! & SELL) === 0) {
    lots[p] = BigInt.asIntN(64, lots[p]! + scratch[FILL]!);
    basis[p] = BigInt.asIntN(64, basis[p]! + scratch[PAYS]!);
  } else {
    lots[p] = BigInt.asIntN(64, lots[p]! - scratch[FILL]!);
    basis[p] = BigInt.asIntN(64, basis[p]! - scratch[PAYS]!);
  }
  if (needsMargin(order)) {
    scratch[CHANGE] = BigInt.asIntN(64, 0n - scratch[FILL]!);
    addToOpen(p, order);
  }
  // Margin gives way to the fee, and is taken anew from what is left.
  computeRoom(p, i, owner);
  if (scratch[fee]! > scratch[ROOM]!) scratch[fee] = scratch[ROOM]!;
  held[cash] = BigInt.asIntN(64, held[cash] - margin[p]!);
  margin[p] = 0n;
  total[cash] = BigInt.asIntN(64, total[cash]! - scratch[fee]!);
  remargin(p, i, owner);
};

/** Cuts a reduce-only order down to the position that it may reduce; false if there is none on the other side. */
export function clipToPosition(order: number): boolean {
  const i = instrument[order]!;
  const p = positionOf(positionsRow[i]!, account[order]!);
  const isShort = lots[p]! < BigInt(0);
  const isBuy = (traits[order]! & SELL) === 0;
  if (lots[p] === BigInt(0) || isBuy !== isShort) return false;
  countPosition(p);
  if (open[order]! > scratch[LOTS]!) open[order] = scratch[LOTS]!;
  return true;
}
