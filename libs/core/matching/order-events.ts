/** Events in the life of an order, one function each; amounts come from the order or from `scratch`. */
import { amountOffsets, ANY, engineCommands, engineEvents, wordOffsets } from '@core/contracts';
import * as Commands from './commands.js';
import * as EventBuffer from './event-buffer.js';
import * as Instruments from './instruments.js';
import { orders, trait } from './orders.js';
import { registers } from './scratch.js';

const { codeOf, commands, SESSION } = Commands;
const { beginEvent, written } = EventBuffer;
const { INSTRUMENT_SHIFT } = Instruments;

const { EXPIRES, ICEBERG, LIQUIDATION, POST_ONLY, SELF_TRADE_SHIFT, SELL, TIME_IN_FORCE_SHIFT, TYPE_SHIFT } = trait;
const { FILL, MAKER_FEE, PAYS, RECEIVES, scratch, TAKER_FEE } = registers;

const { id, account, instrument, clientOrderId, open, hidden, display, price, trigger, traits, session, expiresAt } =
  orders;
const { words, amounts } = written;
const { words: commandWords, amounts: commandAmounts } = commands;

const ACCEPTED = engineEvents.messages['order-accepted'];
const accepted = wordOffsets(ACCEPTED);
const acceptedAmount = amountOffsets(ACCEPTED);
const ACCEPTED_BYTES = ACCEPTED.shortBytes;
const ACCEPTED_LONG_BYTES = ACCEPTED.bytes;
const ACCEPTED_CODE = ACCEPTED.code;

/** `order` has just been registered; all of it is open. */
export function orderAccepted(order: number): void {
  const t = traits[order]!;
  const isLong = (t & (ICEBERG | EXPIRES)) !== 0;
  const at = beginEvent(isLong ? ACCEPTED_LONG_BYTES : ACCEPTED_BYTES, ACCEPTED_CODE);
  const half = at >> 1;
  words[at + accepted.instrument] = instrument[order]! >> INSTRUMENT_SHIFT;
  words[at + accepted.account] = account[order]!;
  amounts[half + acceptedAmount.orderId] = id[order]!;
  amounts[half + acceptedAmount.clientOrderId] = clientOrderId[order]!;
  amounts[half + acceptedAmount.quantity] = open[order]!;
  words[at + accepted.price] = price[order]!;
  words[at + accepted.triggerPrice] = trigger[order]!;
  words[at + accepted.session] = session[order]!;
  words[at + accepted.side] = termsWord(t);
  words[at + accepted.instructions] = ((t >> 1) & 7) | ((t & LIQUIDATION) !== 0 ? 256 : 0);
  words[at + accepted.instructions + 1] = 0;
  if (!isLong) return;
  amounts[half + acceptedAmount.displayQuantity] = (t & ICEBERG) !== 0 ? display[order]! : 0n;
  amounts[half + acceptedAmount.expiresAt] = (t & EXPIRES) !== 0 ? expiresAt[order]! : 0n;
}

/** Side, type, time in force and self-trade rule, a byte each. */
const termsWord = (t: number): number =>
  (t & SELL) |
  (((t >> TYPE_SHIFT) & 7) << 8) |
  (((t >> TIME_IN_FORCE_SHIFT) & 3) << 16) |
  (((t >> SELF_TRADE_SHIFT) & 7) << 24);

const REJECTED = engineEvents.messages['order-rejected'];
const rejected = wordOffsets(REJECTED);
const rejectedAmount = amountOffsets(REJECTED);
const REJECTED_BYTES = REJECTED.shortBytes;
const REJECTED_CODE = REJECTED.code;

const place = wordOffsets(engineCommands.messages.place);
const placeAmount = amountOffsets(engineCommands.messages.place);
const cancelAmount = amountOffsets(engineCommands.messages.cancel);
const cancelByClientIdAmount = amountOffsets(engineCommands.messages['cancel-by-client-id']);
const replaceAmount = amountOffsets(engineCommands.messages.replace);
/** Every order command but `place` starts with its account. */
const ACCOUNT = wordOffsets(engineCommands.messages.cancel).account;
const PLACE_CODE = engineCommands.messages.place.code;
const CANCEL_CODE = engineCommands.messages.cancel.code;
const REPLACE_CODE = engineCommands.messages.replace.code;

/** The order command at word `w` was refused. */
export function orderRejected(w: number, reason: number): void {
  const code = codeOf(commandWords[w]!);
  const at = beginEvent(REJECTED_BYTES, REJECTED_CODE);
  const half = at >> 1;
  const command = w >> 1;
  words[at + rejected.session] = commandWords[w + SESSION]!;
  words[at + rejected.account] = commandWords[w + (code === PLACE_CODE ? place.account : ACCOUNT)]!;
  words[at + rejected.instrument] = code === PLACE_CODE ? commandWords[w + place.instrument]! : ANY;
  words[at + rejected.command] = code | (reason << 8);
  amounts[half + rejectedAmount.orderId] = 0n;
  amounts[half + rejectedAmount.clientOrderId] = 0n;
  if (code === PLACE_CODE) {
    amounts[half + rejectedAmount.clientOrderId] = commandAmounts[command + placeAmount.clientOrderId]!;
  } else if (code === CANCEL_CODE) {
    amounts[half + rejectedAmount.orderId] = commandAmounts[command + cancelAmount.orderId]!;
  } else if (code === REPLACE_CODE) {
    amounts[half + rejectedAmount.orderId] = commandAmounts[command + replaceAmount.orderId]!;
  } else {
    // cancel-by-client-id and name-client-order begin alike.
    amounts[half + rejectedAmount.clientOrderId] = commandAmounts[command + cancelByClientIdAmount.clientOrderId]!;
  }
}

const TRADE = engineEvents.messages.trade;
const trade = wordOffsets(TRADE);
const tradeAmount = amountOffsets(TRADE);
const TRADE_BYTES = TRADE.shortBytes;
const TRADE_CODE = TRADE.code;

/** The settled trade of scratch[FILL] lots at `at`. */
export function traded(maker: number, taker: number, tradePrice: number, auction: number): void {
  const at = beginEvent(TRADE_BYTES, TRADE_CODE);
  const half = at >> 1;
  words[at + trade.instrument] = instrument[taker]! >> INSTRUMENT_SHIFT;
  words[at + trade.price] = tradePrice;
  amounts[half + tradeAmount.quantity] = scratch[FILL]!;
  amounts[half + tradeAmount.makerOrderId] = id[maker]!;
  amounts[half + tradeAmount.takerOrderId] = id[taker]!;
  words[at + trade.makerAccount] = account[maker]!;
  words[at + trade.takerAccount] = account[taker]!;
  amounts[half + tradeAmount.buyerPays] = scratch[PAYS]!;
  amounts[half + tradeAmount.sellerReceives] = scratch[RECEIVES]!;
  amounts[half + tradeAmount.makerFee] = scratch[MAKER_FEE]!;
  amounts[half + tradeAmount.takerFee] = scratch[TAKER_FEE]!;
  words[at + trade.takerSide] = (traits[taker]! & SELL) | (auction << 8);
  words[at + trade.takerSide + 1] = 0;
}

const CANCELLED = engineEvents.messages['order-cancelled'];
const cancelled = wordOffsets(CANCELLED);
const cancelledAmount = amountOffsets(CANCELLED);
const CANCELLED_BYTES = CANCELLED.shortBytes;
const CANCELLED_CODE = CANCELLED.code;

/** `order` leaves with what is still open of it. */
export function orderCancelled(order: number, reason: number): void {
  const t = traits[order]!;
  const at = beginEvent(CANCELLED_BYTES, CANCELLED_CODE);
  const half = at >> 1;
  words[at + cancelled.instrument] = instrument[order]! >> INSTRUMENT_SHIFT;
  words[at + cancelled.account] = account[order]!;
  amounts[half + cancelledAmount.orderId] = id[order]!;
  amounts[half + cancelledAmount.clientOrderId] = clientOrderId[order]!;
  if ((t & ICEBERG) === 0) amounts[half + cancelledAmount.quantity] = open[order]!;
  else amounts[half + cancelledAmount.quantity] = BigInt.asIntN(64, open[order]! + hidden[order]!);
  words[at + cancelled.price] = price[order]!;
  words[at + cancelled.side] = (t & SELL) | (reason << 8);
}

const REPLACED = engineEvents.messages['order-replaced'];
const replaced = wordOffsets(REPLACED);
const replacedAmount = amountOffsets(REPLACED);
const REPLACED_BYTES = REPLACED.shortBytes;
const REPLACED_CODE = REPLACED.code;

/** `order` has its new terms; `place` is an index in QUEUE_PLACES. */
export function orderReplaced(order: number, queuePlace: number): void {
  const t = traits[order]!;
  const at = beginEvent(REPLACED_BYTES, REPLACED_CODE);
  const half = at >> 1;
  words[at + replaced.instrument] = instrument[order]! >> INSTRUMENT_SHIFT;
  words[at + replaced.account] = account[order]!;
  amounts[half + replacedAmount.orderId] = id[order]!;
  if ((t & ICEBERG) === 0) amounts[half + replacedAmount.quantity] = open[order]!;
  else amounts[half + replacedAmount.quantity] = BigInt.asIntN(64, open[order]! + hidden[order]!);
  words[at + replaced.price] = price[order]!;
  words[at + replaced.triggerPrice] = trigger[order]!;
  words[at + replaced.side] = (t & SELL) | (queuePlace << 8) | ((t & POST_ONLY) === 0 ? 0 : 1 << 16);
  words[at + replaced.side + 1] = 0;
}

const REPLENISHED = engineEvents.messages['order-replenished'];
const replenished = wordOffsets(REPLENISHED);
const replenishedAmount = amountOffsets(REPLENISHED);
const REPLENISHED_BYTES = REPLENISHED.shortBytes;
const REPLENISHED_CODE = REPLENISHED.code;

/** An iceberg shows `open` lots again. */
export function orderReplenished(order: number): void {
  const at = beginEvent(REPLENISHED_BYTES, REPLENISHED_CODE);
  const half = at >> 1;
  words[at + replenished.instrument] = instrument[order]! >> INSTRUMENT_SHIFT;
  words[at + replenished.account] = account[order]!;
  amounts[half + replenishedAmount.orderId] = id[order]!;
  amounts[half + replenishedAmount.shown] = open[order]!;
  words[at + replenished.price] = price[order]!;
  words[at + replenished.side] = traits[order]! & SELL;
}

const DECREMENTED = engineEvents.messages['order-decremented'];
const decremented = wordOffsets(DECREMENTED);
const decrementedAmount = amountOffsets(DECREMENTED);
const DECREMENTED_BYTES = DECREMENTED.shortBytes;
const DECREMENTED_CODE = DECREMENTED.code;

/** scratch[FILL] lots have been taken off `order` without a trade. */
export function orderDecremented(order: number): void {
  const at = beginEvent(DECREMENTED_BYTES, DECREMENTED_CODE);
  const half = at >> 1;
  words[at + decremented.instrument] = instrument[order]! >> INSTRUMENT_SHIFT;
  words[at + decremented.account] = account[order]!;
  amounts[half + decrementedAmount.orderId] = id[order]!;
  amounts[half + decrementedAmount.quantity] = scratch[FILL]!;
  if ((traits[order]! & ICEBERG) === 0) amounts[half + decrementedAmount.open] = open[order]!;
  else amounts[half + decrementedAmount.open] = BigInt.asIntN(64, open[order]! + hidden[order]!);
  words[at + decremented.price] = price[order]!;
  words[at + decremented.side] = traits[order]! & SELL;
}

const TRIGGERED = engineEvents.messages['order-triggered'];
const triggered = wordOffsets(TRIGGERED);
const triggeredAmount = amountOffsets(TRIGGERED);
const TRIGGERED_BYTES = TRIGGERED.shortBytes;
const TRIGGERED_CODE = TRIGGERED.code;

/** A stop has woken at the trade price `last`. */
export function orderTriggered(order: number, last: number): void {
  const at = beginEvent(TRIGGERED_BYTES, TRIGGERED_CODE);
  words[at + triggered.instrument] = instrument[order]! >> INSTRUMENT_SHIFT;
  words[at + triggered.account] = account[order]!;
  amounts[(at >> 1) + triggeredAmount.orderId] = id[order]!;
  words[at + triggered.price] = last;
  words[at + triggered.side] = traits[order]! & SELL;
}
