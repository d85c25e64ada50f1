/** A new order: admitted, funded, given its id, and sent to the book or to sleep. */
import { amountOffsets, engineCommands, wordOffsets } from '@core/contracts';
import * as Admission from './admission.js';
import * as Arrive from './arrive.js';
import * as Available from './available.js';
import * as Balances from './balances.js';
import * as Commands from './commands.js';
import * as Hold from './hold.js';
import * as Instruments from './instruments.js';
import * as Ladders from './ladders.js';
import * as Margin from './margin.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import { orders, orderType, timeInForce as inForce, trait } from './orders.js';
import * as Protection from './protection.js';
import * as Reasons from './reasons.js';
import { registers } from './scratch.js';
import * as Stops from './stops.js';
import * as Trailing from './trailing.js';

const { instrumentHandle, refusePlace } = Admission;
const { arrive } = Arrive;
const { couldTrade } = Available;
const { accountRecord, accounts, balances } = Balances;
const { bytesOf, commands, SESSION: ORIGIN } = Commands;
const { adjustHold, computeNeed, payingBalance, releaseHold } = Hold;
const { feeRecord, fees, instruments, instrumentState, settlementRule } = Instruments;
const { bids, bookRank, ladders, NO_RANK } = Ladders;
const { clipToPosition, tryExposure } = Margin;
const { discard, draft, register } = OpenOrders;
const { orderAccepted, orderRejected } = OrderEvents;
const { protectionPrice } = Protection;
const { REFUSED } = Reasons;
const { sleep, wakeStops } = Stops;
const { rememberTrailing, trailedPrice } = Trailing;

const { OPEN } = instrumentState;
const { SPOT } = settlementRule;
const { LIMIT, MARKET_TYPE, STOP, STOP_LIMIT, TRAILING_STOP } = orderType;
const { FOK, IOC } = inForce;
const { BUDGETED, DORMANT, EXPIRES, ICEBERG, IMMEDIATE, MARGINED, MARKET, POST_ONLY, REDUCE_ONLY, SELL, TRAILING } =
  trait;
const { SELF_TRADE_SHIFT, TIME_IN_FORCE_SHIFT, TYPE_SHIFT } = trait;
const { scratch, CHANGE, LOTS, NEED } = registers;
const { ADMITTED } = REFUSED;
const { words, amounts } = commands;
const { tier } = accounts;
const { total, held } = balances;
const { makerPpm: makerRate, takerPpm: takerRate } = fees;
const { state, settlement, lastPrice, maximumQuantity } = instruments;
const { bestRank } = ladders;
const { account, instrument, traits, price, trigger, distance, session, makerPpm, takerPpm } = orders;
const { open, filled, hold, clientOrderId, notionalCarry, feeCarry, hidden, display, expiresAt } = orders;

const PLACE = engineCommands.messages.place;
const word = wordOffsets(PLACE);
const amount = amountOffsets(PLACE);
const SHORT_BYTES = PLACE.shortBytes;
const SESSION = ORIGIN;

/** Carries out the `place` at word `w`. */
export function place(w: number): void {
  let reason = refusePlace(w);
  if (reason === ADMITTED) {
    const order = draftFrom(w);
    reason = fund(order, w);
    if (reason === ADMITTED) return enter(order);
    discard(order);
  }
  orderRejected(w, reason);
}

const enter = (order: number): void => {
  register(order);
  orderAccepted(order);
  if ((traits[order]! & TRAILING) !== 0) rememberTrailing(order);
  if ((traits[order]! & DORMANT) === 0) arrive(order);
  else sleep(order);
  wakeStops(instrument[order]!);
};

/** A record with the command's terms; nothing is set aside and nobody knows of it yet. */
const draftFrom = (w: number): number => {
  const order = draft();
  const at = w >> 1;
  const i = instrumentHandle(words[w + word.instrument]!);
  const owner = words[w + word.account]!;
  const t = traitsFrom(w, i);
  traits[order] = t;
  instrument[order] = i;
  account[order] = owner;
  session[order] = words[w + SESSION]!;
  price[order] = words[w + word.price]!;
  trigger[order] = words[w + word.triggerPrice]!;
  const rates = feeRecord(i, tier[accountRecord(owner)]!);
  makerPpm[order] = makerRate[rates]!;
  takerPpm[order] = takerRate[rates]!;

  const lots = at + amount.quantity;
  if (amounts[lots] === BigInt(0)) open[order] = maximumQuantity[i]!;
  else open[order] = amounts[lots]!;
  clientOrderId[order] = amounts[at + amount.clientOrderId]!;
  filled[order] = 0n;
  hold[order] = 0n;
  notionalCarry[order] = 0n;
  feeCarry[order] = 0n;
  if ((t & (MARKET | ICEBERG | EXPIRES)) !== 0) draftSpecial(order, w, i, t);
  return order;
};

const draftSpecial = (order: number, w: number, i: number, t: number): void => {
  const at = w >> 1;
  const side = t & SELL;
  if ((t & ICEBERG) !== 0) {
    hidden[order] = 0n;
    display[order] = amounts[at + amount.displayQuantity]!;
  }
  if ((t & EXPIRES) !== 0) expiresAt[order] = amounts[at + amount.expiresAt]!;
  if ((t & MARKET) === 0) return;
  if ((t & TRAILING) !== 0) {
    distance[order] = trigger[order]!;
    trigger[order] = trailedPrice(i, side, lastPrice[i]!, trigger[order]!);
  }
  if ((t & DORMANT) !== 0) {
    price[order] = protectionPrice(i, side, trigger[order]!);
    return;
  }
  const best = bestRank[bids(i) + 1 - side]!;
  price[order] = protectionPrice(i, side, best === NO_RANK ? 0 : bookRank(1 - side, best));
};

const traitsFrom = (w: number, i: number): number => {
  const kinds = words[w + word.side]!;
  const type = (kinds >> 8) & 255;
  const timeInForce = (kinds >> 16) & 255;
  const isLong = bytesOf(words[w]!) > SHORT_BYTES;
  let t = (kinds & SELL) | (type << TYPE_SHIFT) | (timeInForce << TIME_IN_FORCE_SHIFT);
  t |= (kinds >>> 24) << SELF_TRADE_SHIFT;
  // The command's instructions are the traits after SELL, in the same order.
  t |= (words[w + word.instructions]! & 7) << 1;
  if (settlement[i] !== SPOT) t |= MARGINED;
  if (timeInForce === IOC || timeInForce === FOK) t |= IMMEDIATE;
  if (isLong && amounts[(w >> 1) + amount.displayQuantity]! !== BigInt(0)) t |= ICEBERG;
  if (isLong && amounts[(w >> 1) + amount.expiresAt]! !== BigInt(0)) t |= EXPIRES;
  if (type === LIMIT) return t;
  if (type !== STOP_LIMIT) t |= MARKET;
  if (type >= STOP) t |= DORMANT;
  if (type === TRAILING_STOP) t |= TRAILING;
  return isBudgeted(w, t, isLong) ? t | BUDGETED : t;
};

/** A market buy that need not be filled spends up to its budget, or what its account has; fill-or-kill needs it all. */
const isBudgeted = (w: number, t: number, isLong: boolean): boolean => {
  const isMarketIoc = ((t >> TYPE_SHIFT) & 7) === MARKET_TYPE && ((t >> TIME_IN_FORCE_SHIFT) & 3) === IOC;
  if (!isMarketIoc || (t & (SELL | MARGINED)) !== 0) return false;
  return !isLong || amounts[(w >> 1) + amount.minimumQuantity] === BigInt(0);
};

/** Sets aside what the order needs, if the book would let it in and its account has it; or says why not. */
const fund = (order: number, w: number): number => {
  const t = traits[order]!;
  if ((t & (REDUCE_ONLY | DORMANT)) === REDUCE_ONLY && !clipToPosition(order)) return REFUSED.nothing_to_reduce;
  if ((t & (POST_ONLY | IMMEDIATE)) !== 0) {
    const reason = refuseByBook(order, w);
    if (reason !== ADMITTED) return reason;
  }
  computeNeed(order);
  if ((t & BUDGETED) !== 0) {
    const reason = capByBudget(order, w);
    if (reason !== ADMITTED) return reason;
  }
  if (!adjustHold(order)) return REFUSED.insufficient_funds;
  if ((t & MARGINED) === 0) return ADMITTED;
  scratch[CHANGE] = open[order]!;
  const reason = tryExposure(order, price[order]!);
  if (reason !== ADMITTED) releaseHold(order);
  return reason;
};

/** A market buy sets aside its budget, or what there is; no more than its quantity can cost. */
const capByBudget = (order: number, w: number): number => {
  const balance = payingBalance(order);
  scratch[LOTS] = BigInt.asIntN(64, total[balance]! - held[balance]!);
  if (bytesOf(words[w]!) > SHORT_BYTES && amounts[(w >> 1) + amount.budget]! > BigInt(0)) {
    if (amounts[(w >> 1) + amount.budget]! > scratch[LOTS]) return REFUSED.insufficient_funds;
    scratch[LOTS] = amounts[(w >> 1) + amount.budget]!;
  }
  if (scratch[LOTS] < scratch[NEED]!) scratch[NEED] = scratch[LOTS]!;
  return scratch[NEED]! <= BigInt(0) ? REFUSED.insufficient_funds : ADMITTED;
};

/** Conditions that depend on the other side: post-only, fill-or-kill, minimum quantity. */
const refuseByBook = (order: number, w: number): number => {
  const t = traits[order]!;
  const i = instrument[order]!;
  if (state[i] !== OPEN) return ADMITTED;
  if ((t & POST_ONLY) !== 0) {
    return wouldTrade(i, t & SELL, price[order]!) ? REFUSED.post_only_would_trade : ADMITTED;
  }
  if (((t >> TIME_IN_FORCE_SHIFT) & 3) === FOK) {
    scratch[LOTS] = open[order]!;
    return couldTrade(order) ? ADMITTED : REFUSED.fill_or_kill_unfilled;
  }
  if (bytesOf(words[w]!) === SHORT_BYTES || amounts[(w >> 1) + amount.minimumQuantity] === BigInt(0)) return ADMITTED;
  scratch[LOTS] = amounts[(w >> 1) + amount.minimumQuantity]!;
  return couldTrade(order) ? ADMITTED : REFUSED.minimum_quantity_unavailable;
};

/** Whether an order of `side` at `limit` would meet an order of the other side. */
export function wouldTrade(i: number, side: number, limit: number): boolean {
  return bestRank[bids(i) + 1 - side]! <= bookRank(1 - side, limit);
}
