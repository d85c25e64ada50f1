/**
 * Money enters and leaves by transfers that carry ids of the ledger. An id has one effect and one answer: sent again, a
 * settled transfer is acknowledged and a refused one refused as before. Recognised are the last REMEMBERED_TRANSFERS.
 */
import { amountOffsets, engineCommands, FIRST_CUSTOMER, INSURANCE_ACCOUNT, wordOffsets } from '@core/contracts';
import { accountRecord, accounts, accountStanding, balanceOf, balances, preserveBalance, rowOf } from './balances.js';
import { capacity } from './capacity.js';
import { codeOf, commands } from './commands.js';
import { copying, TableCopy } from './copying.js';
import { REFUSED } from './reasons.js';
import { amountFields, wordFields } from './records.js';
import { transferRejected, transferSettled } from './venue-events.js';
import { venue } from './venue.js';

const { ACTIVE, UNKNOWN } = accountStanding;
const { MAX_ACCOUNTS, MAX_AMOUNT, MAX_ASSETS, REMEMBERED_TRANSFERS } = capacity;
const { ADMITTED } = REFUSED;

const { isCopying } = copying;
const { words, amounts } = commands;
const { total, held, supply } = balances;
const { standing } = accounts;

const CREDIT = engineCommands.messages.credit;
const word = wordOffsets(CREDIT);
const amount = amountOffsets(CREDIT);
const CREDIT_CODE = CREDIT.code;

/** Indices in TRANSFER_OUTCOMES. */
const APPLIED = 0;
const REPEATED = 1;

// A ring of the remembered, found through chains; slot 0 stays empty, so that 0 can end a chain.
const FIELDS = 4;
const rememberedAmounts = amountFields(REMEMBERED_TRANSFERS + 1, FIELDS);
const rememberedWords = wordFields(REMEMBERED_TRANSFERS + 1, FIELDS);
const remembered = {
  high: rememberedAmounts.field(0),
  low: rememberedAmounts.field(1),
  amount: rememberedAmounts.field(2),
  account: rememberedWords.field(0),
  /** Asset, and above it the code of the command. */
  what: rememberedWords.field(1),
  /** The answer: ADMITTED or why it was refused. */
  answer: rememberedWords.field(2),
  chain: rememberedWords.field(3),
} as const;
const BUCKETS = REMEMBERED_TRANSFERS;
const buckets = new Int32Array(BUCKETS);
const idWords = rememberedAmounts.words;
const ring = { place: 0, filled: 0 };

/** For snapshots. Slot 0 is copied along. */
export const transferCopy = new TableCopy(
  [
    { words: rememberedAmounts.words, perRecord: FIELDS * 2 },
    { words: rememberedWords.words, perRecord: FIELDS },
  ],
  (copy, at) => (copy[at + FIELDS * 3 - 1] = 0),
);

/** Carries out the `credit` or `debit` at word `w`. */
export function transfer(w: number): void {
  const nonsense = refuseNonsense(w);
  if (nonsense !== ADMITTED) return transferRejected(w, nonsense);
  const slot = find(w);
  if (slot !== 0) return repeat(w, slot);
  const reason = codeOf(words[w]!) === CREDIT_CODE ? credit(w) : debit(w);
  remember(w, reason);
  if (reason === ADMITTED) transferSettled(w, APPLIED);
  else transferRejected(w, reason);
}

/** What no ledger could have meant is refused without being remembered. */
function refuseNonsense(w: number): number {
  const account = words[w + word.account]!;
  const isVenue = account >= 0 && account <= INSURANCE_ACCOUNT;
  if (!isVenue && (account < FIRST_CUSTOMER || account >= MAX_ACCOUNTS)) return REFUSED.unknown_account;
  if (words[w + word.asset]! >>> 0 >= MAX_ASSETS) return REFUSED.unknown_asset;
  return amounts[(w >> 1) + amount.amount]! <= BigInt(0) ? REFUSED.invalid_amount : ADMITTED;
}

function repeat(w: number, slot: number): void {
  const isSame =
    remembered.amount[slot] === amounts[(w >> 1) + amount.amount] &&
    remembered.account[slot] === words[w + word.account] &&
    remembered.what[slot] === whatOf(w);
  if (!isSame) transferRejected(w, REFUSED.transfer_id_reused);
  else if (remembered.answer[slot] === ADMITTED) transferSettled(w, REPEATED);
  else transferRejected(w, remembered.answer[slot]!);
}

const whatOf = (w: number): number => words[w + word.asset]! | (codeOf(words[w]!) << 16);

function credit(w: number): number {
  const asset = words[w + word.asset]!;
  const value = amounts[(w >> 1) + amount.amount]!;
  if (value > MAX_AMOUNT - supply[asset]!) return REFUSED.balance_overflow;
  const account = words[w + word.account]!;
  openAccount(account);
  const balance = balanceOf(rowOf(asset), account);
  if (isCopying[0] !== 0) preserveBalance(balance);
  total[balance]! += value;
  supply[asset]! += value;
  return ADMITTED;
}

function debit(w: number): number {
  const account = words[w + word.account]!;
  // The venue's own accounts are filled by trades, without ever having been credited.
  if (account >= FIRST_CUSTOMER && standing[accountRecord(account)] === UNKNOWN) return REFUSED.unknown_account;
  const asset = words[w + word.asset]!;
  const balance = balanceOf(rowOf(asset), account);
  const value = amounts[(w >> 1) + amount.amount]!;
  if (total[balance]! - held[balance]! < value) return REFUSED.insufficient_funds;
  if (isCopying[0] !== 0) preserveBalance(balance);
  total[balance]! -= value;
  supply[asset]! -= value;
  return ADMITTED;
}

/** Makes an account known, active and of tier 0, if it was not. */
export function openAccount(account: number): void {
  const record = accountRecord(account);
  if (standing[record] === UNKNOWN) standing[record] = ACTIVE;
  if (account >= venue.accounts) venue.accounts = account + 1;
}

function hash(at: number, from: Int32Array): number {
  let h = Math.imul(from[at]!, 0x9e3779b1) ^ Math.imul(from[at + 1]!, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ from[at + 2]!, 0xc2b2ae35) ^ Math.imul(from[at + 3]!, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) & (BUCKETS - 1);
}

function find(w: number): number {
  const id = (w >> 1) + amount.transferHigh;
  let slot = buckets[hash(w + word.transferHigh, words)]! * FIELDS;
  while (slot !== 0) {
    if (remembered.high[slot] === amounts[id] && remembered.low[slot] === amounts[id + 1]) return slot;
    slot = remembered.chain[slot]! * FIELDS;
  }
  return 0;
}

function remember(w: number, answer: number): void {
  const place = ring.place + 1;
  const slot = place * FIELDS;
  if (isCopying[0] !== 0) transferCopy.preserve(place);
  if (ring.filled === REMEMBERED_TRANSFERS) forget(place);
  else ring.filled += 1;
  const id = (w >> 1) + amount.transferHigh;
  remembered.high[slot] = amounts[id]!;
  remembered.low[slot] = amounts[id + 1]!;
  remembered.amount[slot] = amounts[(w >> 1) + amount.amount]!;
  remembered.account[slot] = words[w + word.account]!;
  remembered.what[slot] = whatOf(w);
  remembered.answer[slot] = answer;
  chainIn(place);
  ring.place = place === REMEMBERED_TRANSFERS ? 0 : place;
}

function chainIn(place: number): void {
  const bucket = hash(place * FIELDS * 2, idWords);
  remembered.chain[place * FIELDS] = buckets[bucket]!;
  buckets[bucket] = place;
}

/** The oldest of its bucket stands last in the chain. */
function forget(place: number): void {
  const bucket = hash(place * FIELDS * 2, idWords);
  let at = buckets[bucket]!;
  if (at === place) {
    buckets[bucket] = 0;
    return;
  }
  while (remembered.chain[at * FIELDS] !== place) at = remembered.chain[at * FIELDS]!;
  remembered.chain[at * FIELDS] = 0;
}

/** The ring of the remembered: which slot was filled last, and how many are. */
export const transferRing = (): { place: number; filled: number } => ({ ...ring });

/** Enters the transfers of a restored ring, whose slots are filled already. */
export function restoreTransfers(place: number, filled: number): void {
  ring.place = place;
  ring.filled = filled;
  for (let k = 1; k <= filled; k += 1) chainIn(filled === REMEMBERED_TRANSFERS ? ((place + k - 1) % filled) + 1 : k);
}

/** Forgets every transfer. */
export function forgetTransfers(): void {
  for (let place = 1; place <= ring.filled; place += 1) buckets[hash(place * FIELDS * 2, idWords)] = 0;
  ring.place = 0;
  ring.filled = 0;
}
