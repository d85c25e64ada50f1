/**
 * The mark price moves cash. Every position is brought to the new mark: losers pay what they lost since the last one,
 * winners receive it, and bases become what the lots are worth now. What a loser lacks, its insurance fund pays; what
 * that lacks, the winners of this mark go without, in proportion. Then whoever has less than the maintenance margin is
 * liquidated, in order of account number.
 *
 * Once a second at most, and over all accounts: plain bigints.
 */
import { engineCommands, engineEvents, FIRST_CUSTOMER, INSURANCE_ACCOUNT, wordOffsets } from '@core/contracts';
import { instrumentHandle } from './admission.js';
import { accountRecord, accounts, balanceOf, balances, preserveBalance } from './balances.js';
import { commands } from './commands.js';
import { instruments, instrumentState, settlementRule } from './instruments.js';
import { liquidate } from './liquidate.js';
import { computeMaintenance, remargin } from './margin.js';
import { cancelOpenOrder } from './open-orders.js';
import { orders } from './orders.js';
import { positionOf, positions, preservePosition } from './positions.js';
import { CANCELLED, REFUSED } from './reasons.js';
import { registers } from './scratch.js';
import { wakeStops } from './stops.js';
import { commandDone, commandRejected, deficitCovered, liquidationStarted, variationSettled } from './venue-events.js';
import { venue } from './venue.js';

const { words } = commands;
const { scratch, REQUIRED } = registers;
const { OPEN } = instrumentState;
const { MARGINED } = settlementRule;
const { total, held } = balances;
const { lots, basis, margin } = positions;
const { state, settlement, quoteRow, positionsRow, tickValue, markPrice, referencePrice, maximumPrice } = instruments;
const { newestOrder } = accounts;
const { accountNext, instrument } = orders;

const word = wordOffsets(engineCommands.messages['mark-price']);

/** Carries out the `mark-price` at word `w`. */
export function setMarkPrice(w: number): void {
  const number = words[w + word.instrument]!;
  const price = words[w + word.price]!;
  const i = instrumentHandle(number);
  if (i < 0) return commandRejected(w, number, REFUSED.unknown_instrument);
  if (settlement[i] !== MARGINED) return commandRejected(w, number, REFUSED.not_margined);
  if (price < 1 || price > maximumPrice[i]!) return commandRejected(w, number, REFUSED.invalid_price);
  markPrice[i] = price;
  referencePrice[i] = price;
  commandDone(engineEvents.messages['mark-price-set'], w);
  settleVariation(i);
  for (let owner = FIRST_CUSTOMER; owner < venue.accounts; owner += 1) {
    const p = positionOf(positionsRow[i]!, owner);
    if (lots[p] !== BigInt(0) || margin[p] !== BigInt(0)) remargin(p, i, owner);
  }
  if (state[i] !== OPEN) return;
  for (let owner = FIRST_CUSTOMER; owner < venue.accounts; owner += 1) liquidateIfDue(i, owner);
  wakeStops(i);
}

export function hasPositions(i: number): boolean {
  for (let owner = FIRST_CUSTOMER; owner < venue.accounts; owner += 1) {
    const p = positionOf(positionsRow[i]!, owner);
    if (lots[p] !== BigInt(0) || basis[p] !== BigInt(0)) return true;
  }
  return false;
}

/** The instrument ends: cash is settled at the last mark price, and the positions are gone. */
export function settleFinally(i: number): void {
  settleVariation(i);
  for (let owner = FIRST_CUSTOMER; owner < venue.accounts; owner += 1) {
    const p = positionOf(positionsRow[i]!, owner);
    if (lots[p] === BigInt(0) && margin[p] === BigInt(0)) continue;
    preservePosition(p);
    lots[p] = 0n;
    basis[p] = 0n;
    remargin(p, i, owner);
  }
}

interface Gain {
  readonly owner: number;
  readonly amount: bigint;
}

function settleVariation(i: number): void {
  const winners: Gain[] = [];
  const losers: Gain[] = [];
  for (let owner = FIRST_CUSTOMER; owner < venue.accounts; owner += 1) {
    const p = positionOf(positionsRow[i]!, owner);
    if (lots[p] === BigInt(0) && basis[p] === BigInt(0)) continue;
    const worth = BigInt(markPrice[i]!) * lots[p]! * tickValue[i]!;
    const amount = worth - basis[p]!;
    preservePosition(p);
    basis[p] = worth;
    if (amount > BigInt(0)) winners.push({ owner, amount });
    else if (amount < BigInt(0)) losers.push({ owner, amount: -amount });
  }
  const collected = losers.reduce((sum, loser) => sum + collect(i, loser), 0n);
  pay(i, winners, collected);
}

/** Takes a loss from the account's cash, then from the insurance fund; returns what could be taken. */
function collect(i: number, { owner, amount }: Gain): bigint {
  const p = positionOf(positionsRow[i]!, owner);
  if (roomOf(p, i, owner) < amount) cancelOrdersThatHold(quoteRow[i]!, owner);
  const paid = lesser(amount, roomOf(p, i, owner));
  releaseMargin(p, i, owner);
  addCash(i, owner, -paid);
  variationSettled(i, owner, -paid, lots[p]!);
  if (paid === amount) return paid;
  const fund = balanceOf(quoteRow[i]!, INSURANCE_ACCOUNT);
  const insured = lesser(amount - paid, total[fund]! - held[fund]!);
  addCash(i, INSURANCE_ACCOUNT, -insured);
  deficitCovered(i, owner, amount - paid, insured);
  return paid + insured;
}

/** Cash that may serve the position: what is available, and the margin that it has. */
function roomOf(p: number, i: number, owner: number): bigint {
  const cash = balanceOf(quoteRow[i]!, owner);
  return total[cash]! - held[cash]! + margin[p]!;
}

/** Gives what was collected to those who gained; rounding and what nobody gained goes to the insurance fund. */
function pay(i: number, winners: readonly Gain[], collected: bigint): void {
  const gained = winners.reduce((sum, winner) => sum + winner.amount, 0n);
  let left = collected;
  for (const { owner, amount } of winners) {
    const share = collected >= gained ? amount : (amount * collected) / gained;
    left -= share;
    addCash(i, owner, share);
    variationSettled(i, owner, share, lots[positionOf(positionsRow[i]!, owner)]!);
  }
  if (left > BigInt(0)) addCash(i, INSURANCE_ACCOUNT, left);
}

function addCash(i: number, owner: number, amount: bigint): void {
  const cash = balanceOf(quoteRow[i]!, owner);
  preserveBalance(cash);
  total[cash]! += amount;
}

function releaseMargin(p: number, i: number, owner: number): void {
  const cash = balanceOf(quoteRow[i]!, owner);
  preserveBalance(cash);
  preservePosition(p);
  held[cash]! -= margin[p]!;
  margin[p] = 0n;
}

const lesser = (one: bigint, other: bigint): bigint => (one < other ? one : other);

/** An account that cannot pay its loss has its open orders cancelled that hold the same cash, newest first. */
function cancelOrdersThatHold(row: number, owner: number): void {
  for (let order = newestOrder[accountRecord(owner)]!; order !== 0;) {
    const older = accountNext[order]!;
    if (quoteRow[instrument[order]!] === row) cancelOpenOrder(order, CANCELLED.liquidation);
    order = older;
  }
}

function liquidateIfDue(i: number, owner: number): void {
  const p = positionOf(positionsRow[i]!, owner);
  if (!isUnderMaintenance(p, i)) return;
  liquidationStarted(i, owner, lots[p]!, scratch[REQUIRED]!, margin[p]!);
  for (let order = newestOrder[accountRecord(owner)]!; order !== 0;) {
    const older = accountNext[order]!;
    if (instrument[order] === i) cancelOpenOrder(order, CANCELLED.liquidation);
    order = older;
  }
  if (isUnderMaintenance(p, i) && state[i] === OPEN) liquidate(i, owner);
}

function isUnderMaintenance(p: number, i: number): boolean {
  if (lots[p] === BigInt(0)) return false;
  computeMaintenance(p, i);
  return margin[p]! < scratch[REQUIRED]!;
}
