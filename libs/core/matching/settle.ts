/**
 * Settlement of one spot trade, to the unit. The buyer pays ceil and the seller receives floor of the exact quote amount
 * (each order carrying its own rounding to its next fill, as fees do); the difference is the rounding account's. Fees go
 * to the fee account. Every unit that leaves one balance enters another, so each asset's sum stands still.
 */
import { FEE_ACCOUNT as FEES, ROUNDING_ACCOUNT as ROUNDING } from '@core/contracts';
import * as Balances from './balances.js';
import { copying } from './copying.js';
import * as Fee from './fee.js';
import * as Hold from './hold.js';
import { instruments } from './instruments.js';
import { orders, trait } from './orders.js';
import { registers } from './scratch.js';

const { balanceOf, balances, preserveBalance } = Balances;
const { charge } = Fee;
const { computeNeed } = Hold;

const { BUDGETED, SELL } = trait;
const { BASE, FILL, MAKER_FEE, NEED, PAYS, RECEIVES, scratch, TAKER_FEE } = registers;
const { isCopying } = copying;
const { account, instrument, traits, open, hold, filled, notionalCarry } = orders;
const { total, held } = balances;
const { baseRow, quoteRow, lotUnits, tickValue, tickValueScale, fractional } = instruments;

const FEE_ACCOUNT = FEES;
const ROUNDING_ACCOUNT = ROUNDING;

/**
 * Moves scratch[FILL] lots between the two orders at `price`, which both limits allow, and the money the other way, at the
 * given fee rates. Leaves amounts in PAYS, RECEIVES, MAKER_FEE, TAKER_FEE.
 */
export function settleSpot(maker: number, taker: number, price: number, makerPpm: number, takerPpm: number): void {
  const takerBuys = (traits[taker]! & SELL) === 0;
  const buyer = takerBuys ? taker : maker;
  const seller = takerBuys ? maker : taker;
  const i = instrument[taker]!;

  const gross = BigInt.asIntN(64, BigInt.asIntN(64, BigInt(price | 0) * scratch[FILL]!) * tickValue[i]!);
  scratch[PAYS] = gross;
  scratch[RECEIVES] = gross;
  if (fractional[i] !== 0) roundNotional(buyer, seller, i);
  charge(taker, takerPpm, takerBuys ? PAYS : RECEIVES, TAKER_FEE);
  if (makerPpm < 0 && fractional[i] !== 0) {
    // A rebate on units that rounding made up could exceed the fee that pays for it.
    scratch[BASE] = BigInt.asIntN(64, gross / tickValueScale[i]!);
    charge(maker, makerPpm, BASE, MAKER_FEE);
  } else charge(maker, makerPpm, takerBuys ? RECEIVES : PAYS, MAKER_FEE);

  payForBase(buyer, i, takerBuys ? TAKER_FEE : MAKER_FEE);
  deliverBase(seller, i, takerBuys ? MAKER_FEE : TAKER_FEE);

  const venue = balanceOf(quoteRow[i]!, FEE_ACCOUNT);
  if (isCopying[0] !== 0) preserveBalance(venue);
  total[venue] = BigInt.asIntN(64, total[venue]! + BigInt.asIntN(64, scratch[MAKER_FEE]! + scratch[TAKER_FEE]!));
  if (fractional[i] !== 0) keepRounding(i);
}

const payForBase = (buyer: number, i: number, fee: number): void => {
  const quote = balanceOf(quoteRow[i]!, account[buyer]!);
  const base = balanceOf(baseRow[i]!, account[buyer]!);
  if (isCopying[0] !== 0) {
    preserveBalance(quote);
    preserveBalance(base);
  }
  open[buyer] = BigInt.asIntN(64, open[buyer]! - scratch[FILL]!);
  filled[buyer] = BigInt.asIntN(64, filled[buyer]! + scratch[FILL]!);
  const cost = BigInt.asIntN(64, scratch[PAYS]! + scratch[fee]!);
  if ((traits[buyer]! & BUDGETED) === 0) computeNeed(buyer);
  else scratch[NEED] = BigInt.asIntN(64, hold[buyer]! - cost);
  held[quote] = BigInt.asIntN(64, held[quote]! + BigInt.asIntN(64, scratch[NEED]! - hold[buyer]!));
  hold[buyer] = scratch[NEED]!;
  total[quote] = BigInt.asIntN(64, total[quote]! - cost);
  total[base] = BigInt.asIntN(64, total[base]! + BigInt.asIntN(64, scratch[FILL]! * lotUnits[i]!));
};

const deliverBase = (seller: number, i: number, fee: number): void => {
  const quote = balanceOf(quoteRow[i]!, account[seller]!);
  const base = balanceOf(baseRow[i]!, account[seller]!);
  if (isCopying[0] !== 0) {
    preserveBalance(quote);
    preserveBalance(base);
  }
  open[seller] = BigInt.asIntN(64, open[seller]! - scratch[FILL]!);
  filled[seller] = BigInt.asIntN(64, filled[seller]! + scratch[FILL]!);
  const delivered = BigInt.asIntN(64, scratch[FILL]! * lotUnits[i]!);
  hold[seller] = BigInt.asIntN(64, hold[seller]! - delivered);
  held[base] = BigInt.asIntN(64, held[base]! - delivered);
  total[base] = BigInt.asIntN(64, total[base]! - delivered);
  total[quote] = BigInt.asIntN(64, total[quote]! + BigInt.asIntN(64, scratch[RECEIVES]! - scratch[fee]!));
};

/** scratch[PAYS] becomes what the buyer pays in whole units, scratch[RECEIVES] what the seller gets. */
const roundNotional = (buyer: number, seller: number, i: number): void => {
  const scale = tickValueScale[i]!;
  const due = BigInt.asIntN(64, scratch[PAYS]! - notionalCarry[buyer]!);
  const pays = BigInt.asIntN(64, BigInt.asIntN(64, due + BigInt.asIntN(64, scale - 1n)) / scale);
  notionalCarry[buyer] = BigInt.asIntN(64, BigInt.asIntN(64, pays * scale) - due);
  const owed = BigInt.asIntN(64, scratch[RECEIVES]! + notionalCarry[seller]!);
  const receives = BigInt.asIntN(64, owed / scale);
  notionalCarry[seller] = BigInt.asIntN(64, owed - BigInt.asIntN(64, receives * scale));
  scratch[PAYS] = pays;
  scratch[RECEIVES] = receives;
};

const keepRounding = (i: number): void => {
  const rounding = balanceOf(quoteRow[i]!, ROUNDING_ACCOUNT);
  if (isCopying[0] !== 0) preserveBalance(rounding);
  total[rounding] = BigInt.asIntN(64, total[rounding]! + BigInt.asIntN(64, scratch[PAYS]! - scratch[RECEIVES]!));
};
