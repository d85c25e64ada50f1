/**
 * May this order enter at all? Everything that can be told from the command and the instrument, before any money is
 * touched; the first thing wrong is the reason.
 */
import { amountOffsets, engineCommands, FIRST_CUSTOMER, POST_ONLY, REDUCE_ONLY, wordOffsets } from '@core/contracts';
import * as Balances from './balances.js';
import { capacity } from './capacity.js';
import * as ClientIds from './client-ids.js';
import * as Commands from './commands.js';
import * as Instruments from './instruments.js';
import * as Ladders from './ladders.js';
import * as FreeRecords from './free-records.js';
import { orderType, timeInForce as inForce } from './orders.js';
import * as Reasons from './reasons.js';
import { life } from './scratch.js';
import * as Trailing from './trailing.js';
import { venue } from './venue.js';

const { accountRecord, accounts, accountStanding } = Balances;
const { findByClientId } = ClientIds;
const { bytesOf, commands } = Commands;
const { INSTRUMENT_SHIFT, instruments, instrumentState, settlementRule } = Instruments;
const { hasRoomForLevel } = Ladders;
const { hasFreeRecord } = FreeRecords;
const { REFUSED } = Reasons;
const { hasRoomForTrailing } = Trailing;

const { ACTIVE, UNKNOWN } = accountStanding;
const { MAX_ACCOUNTS, MAX_INSTRUMENTS } = capacity;
const { ADMITTED } = REFUSED;
const { LIMIT, MARKET_TYPE, STOP, STOP_LIMIT, TRAILING_STOP } = orderType;
const { GTC, IOC, FOK, GTD } = inForce;

const { CLOSED, HALTED, OPEN, PRE_OPEN } = instrumentState;
const { SPOT } = settlementRule;
const { counters, NOW } = life;

const { words, amounts } = commands;
const { standing } = accounts;
const { killed } = venue;
const {
  listed,
  state,
  settlement,
  maximumPrice,
  lastPrice,
  referencePrice,
  pricePpm,
  minimumQuantity,
  maximumQuantity,
} = instruments;

const PLACE = engineCommands.messages.place;
const word = wordOffsets(PLACE);
const amount = amountOffsets(PLACE);
const SHORT_BYTES = PLACE.shortBytes;

/** Whether an account may trade: known and a customer. The venue's own accounts never do. */
export function refuseAccount(account: number): number {
  const isCustomer = account >= FIRST_CUSTOMER && account < MAX_ACCOUNTS;
  if (!isCustomer || standing[accountRecord(account)] === UNKNOWN) return REFUSED.unknown_account;
  return ADMITTED;
}

/** Whether orders of this account may enter or change in this instrument now. */
export function refuseTrading(account: number, i: number): number {
  if (killed[0] !== 0) return REFUSED.kill_switch_engaged;
  if (standing[accountRecord(account)] !== ACTIVE) return REFUSED.account_suspended;
  const now = state[i]!;
  if (now === OPEN || now === PRE_OPEN) return ADMITTED;
  if (now === CLOSED) return REFUSED.instrument_closed;
  return now === HALTED ? REFUSED.instrument_halted : REFUSED.instrument_cancel_only;
}

/** The handle of a listed instrument's number, or -1. */
export function instrumentHandle(number: number): number {
  if (number >>> 0 >= MAX_INSTRUMENTS) return -1;
  const i = number << INSTRUMENT_SHIFT;
  return listed[i] === 0 ? -1 : i;
}

/** Why the `place` at word `w` is refused, or ADMITTED. */
export function refusePlace(w: number): number {
  const account = words[w + word.account]!;
  const unknown = refuseAccount(account);
  if (unknown !== ADMITTED) return unknown;
  const i = instrumentHandle(words[w + word.instrument]!);
  if (i < 0) return REFUSED.unknown_instrument;
  const barred = refuseTrading(account, i);
  if (barred !== ADMITTED) return barred;

  const wrong = refuseTerms(w, i);
  if (wrong !== ADMITTED) return wrong;

  const id = w + word.clientOrderId;
  if ((words[id]! | words[id + 1]!) !== 0) {
    if (findByClientId(words, id, account) !== 0) return REFUSED.duplicate_client_order_id;
  }
  if (!hasFreeRecord() || !hasRoomForLevel()) return REFUSED.order_capacity_reached;
  return ADMITTED;
}

const refuseTerms = (w: number, i: number): number => {
  const kinds = words[w + word.side]!;
  const side = kinds & 255;
  const type = (kinds >> 8) & 255;
  const timeInForce = (kinds >> 16) & 255;
  const rule = kinds >>> 24;
  const instructions = words[w + word.instructions]! & 255;
  if (side > 1 || type > TRAILING_STOP || timeInForce > GTD || rule > 4 || instructions > 7) return REFUSED.malformed;

  const isLong = bytesOf(words[w]!) > SHORT_BYTES;
  const isPlain = type === LIMIT && timeInForce === GTC && instructions === 0 && words[w + word.triggerPrice] === 0;
  if (!isPlain || isLong) {
    const wrong = refuseCombination(w, i, type, timeInForce, instructions);
    if (wrong !== ADMITTED) return wrong;
  }
  const unquantified = refuseQuantity(w, i, isLong);
  if (unquantified !== ADMITTED) return unquantified;
  if (type === LIMIT || type === STOP_LIMIT) return refusePrice(i, side, words[w + word.price]!);
  return words[w + word.price] === 0 ? ADMITTED : REFUSED.invalid_price;
};

/** Why a limit price is refused: off the ladder, or so far through the market that it must be a mistake. */
export function refusePrice(i: number, side: number, price: number): number {
  if (price < 1 || price > maximumPrice[i]!) return REFUSED.invalid_price;
  const ppm = pricePpm[i]!;
  const reference = referencePrice[i] !== 0 ? referencePrice[i]! : lastPrice[i]!;
  if (ppm === 0 || reference === 0) return ADMITTED;
  // Products stay below 2^46, where numbers are exact.
  const beyond =
    side === 0 ? price * 1_000_000 > reference * (1_000_000 + ppm) : price * 1_000_000 < reference * (1_000_000 - ppm);
  return beyond ? REFUSED.price_outside_band : ADMITTED;
}

const refuseQuantity = (w: number, i: number, isLong: boolean): number => {
  const quantity = amounts[(w >> 1) + amount.quantity]!;
  if (quantity === BigInt(0) && isLong && amounts[(w >> 1) + amount.budget]! > BigInt(0)) return ADMITTED;
  return quantity <= BigInt(0)
    ? REFUSED.invalid_quantity
    : quantity < minimumQuantity[i]!
      ? REFUSED.quantity_below_minimum
      : quantity > maximumQuantity[i]!
        ? REFUSED.quantity_above_maximum
        : ADMITTED;
};

const refuseCombination = (w: number, i: number, type: number, timeInForce: number, instructions: number): number => {
  const isImmediate = timeInForce === IOC || timeInForce === FOK;
  const isStop = type >= STOP;
  if (type === MARKET_TYPE ? !isImmediate : isStop && isImmediate) return REFUSED.invalid_combination;
  if ((instructions & POST_ONLY) !== 0 && (type !== LIMIT || isImmediate)) return REFUSED.invalid_combination;
  if ((instructions & REDUCE_ONLY) !== 0) {
    if (settlement[i] === SPOT) return REFUSED.not_margined;
    if (!isImmediate && type !== STOP && type !== TRAILING_STOP) return REFUSED.invalid_combination;
  }
  if (state[i] === PRE_OPEN && isImmediate) return REFUSED.not_in_auction;

  const trigger = words[w + word.triggerPrice]!;
  if (isStop ? trigger < 1 || trigger > maximumPrice[i]! : trigger !== 0) return REFUSED.invalid_trigger_price;
  if (type === TRAILING_STOP) {
    // It trails the last trade, so there must have been one.
    if (lastPrice[i] === 0) return REFUSED.invalid_trigger_price;
    if (!hasRoomForTrailing(i, words[w + word.side]! & 1)) return REFUSED.order_capacity_reached;
  }
  return refuseSpecialTerms(w, i, type, timeInForce, isImmediate);
};

/** The long form's fields; in the short form they read as zero. */
const refuseSpecialTerms = (w: number, i: number, type: number, timeInForce: number, isImmediate: boolean): number => {
  if (bytesOf(words[w]!) === SHORT_BYTES) return timeInForce === GTD ? REFUSED.invalid_expiry : ADMITTED;
  const at = w >> 1;
  const quantity = amounts[at + amount.quantity]!;
  const display = amounts[at + amount.displayQuantity]!;
  if (display !== BigInt(0)) {
    if (type !== LIMIT || isImmediate) return REFUSED.invalid_combination;
    if (display < BigInt(0) || display > quantity) return REFUSED.invalid_display_quantity;
  }
  const minimum = amounts[at + amount.minimumQuantity]!;
  if (minimum !== BigInt(0)) {
    if (timeInForce !== IOC) return REFUSED.invalid_combination;
    if (minimum < BigInt(0) || minimum > quantity) return REFUSED.invalid_minimum_quantity;
  }
  const budget = amounts[at + amount.budget]!;
  if (budget !== BigInt(0)) {
    const isMarketBuy = type === MARKET_TYPE && (words[w + word.side]! & 255) === 0;
    if (!isMarketBuy || timeInForce !== IOC || minimum !== BigInt(0) || settlement[i] !== SPOT)
      return REFUSED.invalid_combination;
    if (budget < BigInt(0)) return REFUSED.invalid_budget;
  }
  const expiresAt = amounts[at + amount.expiresAt]!;
  if (timeInForce === GTD) return expiresAt <= counters[NOW]! ? REFUSED.invalid_expiry : ADMITTED;
  return expiresAt === BigInt(0) ? ADMITTED : REFUSED.invalid_expiry;
};
