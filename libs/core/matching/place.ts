/** A new order: admitted, funded, given its id, and sent to the book. */
import { amountOffsets, engineCommands, wordOffsets } from '@core/contracts';
import { instrumentHandle, refusePlace } from './admission.js';
import { arrive } from './arrive.js';
import { couldTrade } from './available.js';
import { accountRecord, accounts, balances } from './balances.js';
import { bytesOf, commands, SESSION } from './commands.js';
import { computeNeed, reserve, unreserve } from './hold.js';
import { feeRecord, fees, instruments, instrumentState } from './instruments.js';
import { bids, bookRank, ladders, NO_RANK } from './ladders.js';
import { discard, draft, payingBalance, register } from './open-orders.js';
import { orderAccepted, orderRejected } from './order-events.js';
import { orders, orderType, timeInForce, trait } from './orders.js';
import { REFUSED } from './reasons.js';
import { registers } from './scratch.js';

const { FOK, IOC } = timeInForce;
const { LIMIT, MARKET_TYPE, STOP_LIMIT } = orderType;
const { ADMITTED } = REFUSED;

const { OPEN } = instrumentState;
const {
  BUDGETED,
  EXPIRES,
  ICEBERG,
  IMMEDIATE,
  MARKET,
  POST_ONLY: POST_ONLY_TRAIT,
  SELF_TRADE_SHIFT,
  SELL,
  TIME_IN_FORCE_SHIFT,
  TYPE_SHIFT,
} = trait;
const { LOTS, NEED, scratch } = registers;

const { words, amounts } = commands;
const { tier } = accounts;
const { total, held } = balances;
const { makerPpm: makerRate, takerPpm: takerRate } = fees;
const { state, maximumPrice, maximumQuantity, protectionPpm } = instruments;
const { bestRank } = ladders;
const { account, instrument, traits, price, trigger, session, makerPpm, takerPpm } = orders;
const { open, filled, hold, clientOrderId, notionalCarry, feeCarry, hidden, display, expiresAt } = orders;

const PLACE = engineCommands.messages.place;
const word = wordOffsets(PLACE);
const amount = amountOffsets(PLACE);
const SHORT_BYTES = PLACE.shortBytes;

/** Carries out the `place` at word `w`. */
export function place(w: number): void {
  let reason = refusePlace(w);
  if (reason === ADMITTED) {
    const order = draftFrom(w);
    reason = fund(order, w);
    if (reason === ADMITTED) reason = refuseByBook(order, w);
    if (reason === ADMITTED) {
      register(order);
      orderAccepted(order);
      arrive(order);
      return;
    }
    discard(order);
  }
  orderRejected(w, reason);
}

/** A record with the command's terms; nothing is set aside and nobody knows of it yet. */
function draftFrom(w: number): number {
  const order = draft();
  const at = w >> 1;
  const i = instrumentHandle(words[w + word.instrument]!);
  const owner = words[w + word.account]!;
  const t = traitsFrom(w);
  traits[order] = t;
  instrument[order] = i;
  account[order] = owner;
  session[order] = words[w + SESSION]!;
  trigger[order] = words[w + word.triggerPrice]!;
  price[order] = (t & MARKET) !== 0 ? protectionPrice(i, t & SELL) : words[w + word.price]!;
  const rates = feeRecord(i, tier[accountRecord(owner)]!);
  makerPpm[order] = makerRate[rates]!;
  takerPpm[order] = takerRate[rates]!;

  const lots = at + amount.quantity;
  if (amounts[lots] === 0n) open[order] = maximumQuantity[i]!;
  else open[order] = amounts[lots]!;
  clientOrderId[order] = amounts[at + amount.clientOrderId]!;
  filled[order] = 0n;
  hold[order] = 0n;
  notionalCarry[order] = 0n;
  feeCarry[order] = 0n;
  if ((t & (ICEBERG | EXPIRES)) !== 0) {
    hidden[order] = 0n;
    display[order] = amounts[at + amount.displayQuantity]!;
    expiresAt[order] = amounts[at + amount.expiresAt]!;
  }
  return order;
}

function traitsFrom(w: number): number {
  const kinds = words[w + word.side]!;
  const type = (kinds >> 8) & 255;
  const timeInForce = (kinds >> 16) & 255;
  let t =
    (kinds & 1) | (type << TYPE_SHIFT) | (timeInForce << TIME_IN_FORCE_SHIFT) | ((kinds >>> 24) << SELF_TRADE_SHIFT);
  // The bits of `instructions` follow SELL in the same order.
  t |= (words[w + word.instructions]! & 7) << 1;
  if (timeInForce === IOC || timeInForce === FOK) t |= IMMEDIATE;
  if (type !== LIMIT && type !== STOP_LIMIT) t |= MARKET;
  if (bytesOf(words[w]!) === SHORT_BYTES) {
    return type === MARKET_TYPE && timeInForce === IOC && (t & SELL) === 0 ? t | BUDGETED : t;
  }
  const at = w >> 1;
  if (amounts[at + amount.displayQuantity]! !== 0n) t |= ICEBERG;
  if (amounts[at + amount.expiresAt]! !== 0n) t |= EXPIRES;
  const isBudgeted = type === MARKET_TYPE && timeInForce === IOC && (t & SELL) === 0;
  return isBudgeted && amounts[at + amount.minimumQuantity] === 0n ? t | BUDGETED : t;
}

/** The worst price for a market order: the instrument's protection band beyond the best price that it meets. */
function protectionPrice(i: number, side: number): number {
  const ppm = protectionPpm[i]!;
  const best = bestRank[bids(i) + 1 - side]!;
  if (ppm === 0 || best === NO_RANK) return side === 0 ? maximumPrice[i]! : 1;
  const at = bookRank(1 - side, best);
  // Products stay below 2^46, where numbers are exact.
  if (side === 0) return Math.min(maximumPrice[i]!, Math.floor((at * (1_000_000 + ppm)) / 1_000_000));
  return Math.max(1, Math.ceil((at * (1_000_000 - ppm)) / 1_000_000));
}

/** Sets aside what the order may cost. A market buy takes its budget, or whatever there is, when that is less. */
function fund(order: number, w: number): number {
  computeNeed(order);
  if ((traits[order]! & BUDGETED) !== 0) {
    const balance = payingBalance(order);
    scratch[LOTS] = BigInt.asIntN(64, total[balance]! - held[balance]!);
    if (bytesOf(words[w]!) > SHORT_BYTES && amounts[(w >> 1) + amount.budget]! > 0n) {
      const budget = amounts[(w >> 1) + amount.budget]!;
      if (budget > scratch[LOTS]) return REFUSED.insufficient_funds;
      scratch[LOTS] = budget;
    }
    if (scratch[LOTS] < scratch[NEED]!) scratch[NEED] = scratch[LOTS]!;
    if (scratch[NEED]! <= 0n) return REFUSED.insufficient_funds;
  }
  return reserve(order) ? ADMITTED : REFUSED.insufficient_funds;
}

/** Conditions that depend on the other side: post-only, fill-or-kill, minimum quantity. Frees the money if one fails. */
function refuseByBook(order: number, w: number): number {
  const t = traits[order]!;
  const isLong = bytesOf(words[w]!) > SHORT_BYTES;
  const i = instrument[order]!;
  if ((t & (POST_ONLY_TRAIT | IMMEDIATE)) === 0 || state[i] !== OPEN) return ADMITTED;
  let reason: number = ADMITTED;
  if ((t & POST_ONLY_TRAIT) !== 0) {
    if (wouldTrade(i, t & SELL, price[order]!)) reason = REFUSED.post_only_would_trade;
  } else if (((t >> TIME_IN_FORCE_SHIFT) & 3) === FOK) {
    scratch[LOTS] = open[order]!;
    if (!couldTrade(order)) reason = REFUSED.fill_or_kill_unfilled;
  } else if (isLong && amounts[(w >> 1) + amount.minimumQuantity]! > 0n) {
    scratch[LOTS] = amounts[(w >> 1) + amount.minimumQuantity]!;
    if (!couldTrade(order)) reason = REFUSED.minimum_quantity_unavailable;
  }
  if (reason !== ADMITTED) unreserve(order);
  return reason;
}

/** Whether an order of `side` at `limit` would meet an order of the other side. */
export function wouldTrade(i: number, side: number, limit: number): boolean {
  return bestRank[bids(i) + 1 - side]! <= bookRank(1 - side, limit);
}
