/** Events about instruments, accounts, money coming and going, and the venue; rare, so written plainly. */
import { amountOffsets, engineCommands, engineEvents, HEADER_BYTES, type Message, wordOffsets } from '@core/contracts';
import { codeOf, commands, SESSION } from './commands.js';
import { beginEvent, written } from './event-buffer.js';
import { INSTRUMENT_SHIFT, instruments } from './instruments.js';

const { words, amounts } = written;
const { words: commandWords } = commands;
const { state } = instruments;
const BODY = HEADER_BYTES >> 2;

/** An event whose body is zero so far. */
function beginBlank(event: Message): number {
  const at = beginEvent(event.shortBytes, event.code);
  words.fill(0, at + BODY, at + (event.shortBytes >> 2));
  return at;
}

const STATE = engineEvents.messages['instrument-state'];
const stateWord = wordOffsets(STATE);
const stateAmount = amountOffsets(STATE);

/** `i` has entered its present state; `reason` indexes STATE_CHANGE_REASONS. Price and lots of the auction that follows, or 0. */
export function instrumentStateChanged(i: number, reason: number, auctionPrice: number, auctionQuantity: bigint): void {
  const at = beginBlank(STATE);
  words[at + stateWord.instrument] = i >> INSTRUMENT_SHIFT;
  words[at + stateWord.state] = state[i]! | (reason << 8);
  words[at + stateWord.auctionPrice] = auctionPrice;
  amounts[(at >> 1) + stateAmount.auctionQuantity] = auctionQuantity;
}

/** Repeats the body of the operator's command at word `w`, which has been done, under the event of the same layout. */
export function commandDone(event: Message, w: number): void {
  const at = beginBlank(event);
  words.set(commandWords.subarray(w + BODY, w + (event.shortBytes >> 2)), at + BODY);
}

const COMMAND_REJECTED = engineEvents.messages['command-rejected'];
const commandRejectedWord = wordOffsets(COMMAND_REJECTED);

/** The operator's command at word `w`, about instrument number `instrument` or ANY, was refused. */
export function commandRejected(w: number, instrument: number, reason: number): void {
  const at = beginBlank(COMMAND_REJECTED);
  words[at + commandRejectedWord.session] = commandWords[w + SESSION]!;
  words[at + commandRejectedWord.command] = codeOf(commandWords[w]!) | (reason << 8);
  words[at + commandRejectedWord.instrument] = instrument;
}

const SETTLED = engineEvents.messages['transfer-settled'];
const REFUSED_TRANSFER = engineEvents.messages['transfer-rejected'];
const settledWord = wordOffsets(SETTLED);
const CREDIT_CODE = engineCommands.messages.credit.code;

/** The transfer at word `w` is settled: `outcome` indexes TRANSFER_OUTCOMES. */
export function transferSettled(w: number, outcome: number): void {
  const at = beginBlank(SETTLED);
  copyTransfer(w, at);
  words[at + settledWord.direction] = directionOf(w) | (outcome << 8);
}

export function transferRejected(w: number, reason: number): void {
  const at = beginBlank(REFUSED_TRANSFER);
  copyTransfer(w, at);
  words[at + settledWord.direction] = directionOf(w) | (reason << 8);
}

/** Both events and both commands name account, asset, amount and id in the same places. */
function copyTransfer(w: number, at: number): void {
  words.set(commandWords.subarray(w + BODY, w + settledWord.direction), at + BODY);
}
const directionOf = (w: number): number => (codeOf(commandWords[w]!) === CREDIT_CODE ? 0 : 1);

const MASS_CANCELLED = engineEvents.messages['orders-cancelled'];
const massCancelledWord = wordOffsets(MASS_CANCELLED);

export function ordersCancelled(account: number, instrument: number, session: number, count: number): void {
  const at = beginBlank(MASS_CANCELLED);
  words[at + massCancelledWord.account] = account;
  words[at + massCancelledWord.instrument] = instrument;
  words[at + massCancelledWord.session] = session;
  words[at + massCancelledWord.count] = count;
}

const VARIATION = engineEvents.messages['variation-settled'];
const variationWord = wordOffsets(VARIATION);
const variationAmount = amountOffsets(VARIATION);

export function variationSettled(i: number, account: number, amount: bigint, position: bigint): void {
  const at = beginBlank(VARIATION);
  words[at + variationWord.instrument] = i >> INSTRUMENT_SHIFT;
  words[at + variationWord.account] = account;
  amounts[(at >> 1) + variationAmount.amount] = amount;
  amounts[(at >> 1) + variationAmount.position] = position;
}

const DEFICIT = engineEvents.messages['deficit-covered'];
const deficitWord = wordOffsets(DEFICIT);
const deficitAmount = amountOffsets(DEFICIT);

export function deficitCovered(i: number, account: number, amount: bigint, byInsurance: bigint): void {
  const at = beginBlank(DEFICIT);
  words[at + deficitWord.instrument] = i >> INSTRUMENT_SHIFT;
  words[at + deficitWord.account] = account;
  amounts[(at >> 1) + deficitAmount.amount] = amount;
  amounts[(at >> 1) + deficitAmount.byInsurance] = byInsurance;
}

const LIQUIDATION = engineEvents.messages['liquidation-started'];
const liquidationWord = wordOffsets(LIQUIDATION);
const liquidationAmount = amountOffsets(LIQUIDATION);

export function liquidationStarted(
  i: number,
  account: number,
  position: bigint,
  required: bigint,
  available: bigint,
): void {
  const at = beginBlank(LIQUIDATION);
  words[at + liquidationWord.instrument] = i >> INSTRUMENT_SHIFT;
  words[at + liquidationWord.account] = account;
  amounts[(at >> 1) + liquidationAmount.position] = position;
  amounts[(at >> 1) + liquidationAmount.required] = required;
  amounts[(at >> 1) + liquidationAmount.available] = available;
}

const AUDITED = engineEvents.messages.audited;
const auditedWord = wordOffsets(AUDITED);

/** `outcome` indexes AUDIT_OUTCOMES. */
export function audited(outcome: number, accounts: number, assets: number, openOrders: number): void {
  const at = beginBlank(AUDITED);
  words[at + auditedWord.accounts] = accounts;
  words[at + auditedWord.assets] = assets;
  words[at + auditedWord.openOrders] = openOrders;
  words[at + auditedWord.outcome] = outcome;
}
