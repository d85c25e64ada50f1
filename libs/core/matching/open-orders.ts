/** The life of an order's record: drafted on arrival, registered with its account when accepted, closed when it ends. */
import * as Balances from './balances.js';
import * as ClientIds from './client-ids.js';
import { copying } from './copying.js';
import * as Expiry from './expiry.js';
import * as FreeRecords from './free-records.js';
import * as Hold from './hold.js';
import * as Ladders from './ladders.js';
import * as Margin from './margin.js';
import * as OrderEvents from './order-events.js';
import * as Orders from './orders.js';
import { wordCells } from './records.js';
import { life } from './scratch.js';
import * as Trailing from './trailing.js';

const { accountRecord, accounts } = Balances;
const { indexClientId, retireClientId } = ClientIds;
const { cancelExpiry, scheduleExpiry } = Expiry;
const { giveBackRecord, recordMark, takeRecord } = FreeRecords;
const { releaseHold } = Hold;
const { dequeue } = Ladders;
const { endExposure } = Margin;
const { orderCancelled } = OrderEvents;
const { HANDLE_SHIFT: SHIFT, orders, preserveOrder, trait } = Orders;
const { forgetTrailing } = Trailing;

const { EXPIRES, MARGINED, TRAILING } = trait;
const { counters, ORDERS_ACCEPTED } = life;
const { isCopying } = copying;
const { accountNext, accountPrevious, account, traits, id, clientOrderId } = orders;
const { newestOrder } = accounts;

const HANDLE_SHIFT = SHIFT;
/** An order's id is its number in the engine's life, and below that the number of its record. */
const RECORD_BITS = 20;
const RECORD_MASK = (1 << RECORD_BITS) - 1;

const tally = wordCells(1);
export const openOrderCount = (): number => tally[0]!;

/** A record for an arriving order. Its caller has checked that there is one. */
export function draft(): number {
  const order = takeRecord() << HANDLE_SHIFT;
  if (isCopying[0] !== 0) preserveOrder(order);
  return order;
}

/** Gives back the record of an order that was never registered. */
export function discard(order: number): void {
  giveBackRecord(order >> HANDLE_SHIFT);
}

/** Gives the order its id, which names its record, and makes it known. */
export function register(order: number): void {
  const number = BigInt.asIntN(64, counters[ORDERS_ACCEPTED]! + 1n);
  counters[ORDERS_ACCEPTED] = number;
  id[order] = BigInt.asIntN(64, BigInt.asIntN(64, number * 1_048_576n) + BigInt(order >> HANDLE_SHIFT));
  enterIndexes(order);
}

/** Enters a registered order under its account, its client id and its time of expiry. */
export function enterIndexes(order: number): void {
  const record = accountRecord(account[order]!);
  const newest = newestOrder[record]!;
  accountNext[order] = newest;
  accountPrevious[order] = 0;
  if (newest !== 0) accountPrevious[newest] = order;
  newestOrder[record] = order;
  if (clientOrderId[order] !== BigInt(0)) indexClientId(order);
  if ((traits[order]! & EXPIRES) !== 0) scheduleExpiry(order);
  tally[0]! += 1;
}

/** Frees what the order holds and forgets the order. It is in no queue any more. */
export function close(order: number): void {
  const t = traits[order]!;
  releaseHold(order);
  if ((t & (MARGINED | EXPIRES | TRAILING)) !== 0) closeSpecial(order, t);
  const older = accountNext[order]!;
  const newer = accountPrevious[order]!;
  if (older !== 0) accountPrevious[older] = newer;
  if (newer !== 0) accountNext[newer] = older;
  else newestOrder[accountRecord(account[order]!)] = older;
  if (clientOrderId[order] !== BigInt(0)) retireClientId(order);
  id[order] = 0n;
  tally[0]! -= 1;
  giveBackRecord(order >> HANDLE_SHIFT);
}

const closeSpecial = (order: number, t: number): void => {
  if ((t & MARGINED) !== 0) endExposure(order);
  if ((t & EXPIRES) !== 0) cancelExpiry(order);
  if ((t & TRAILING) !== 0) forgetTrailing(order);
};

/** Takes an open order, in the book or dormant, out of its queue. `reason` indexes CANCEL_REASONS. */
export function cancelOpenOrder(order: number, reason: number): void {
  orderCancelled(order, reason);
  dequeue(order);
  close(order);
}

/** Visits every open order in the order of its records; the visitor may end the order that it is given. */
export function forEachOpenOrder(visit: (order: number) => void): void {
  const end = recordMark() << HANDLE_SHIFT;
  for (let order = 1 << HANDLE_SHIFT; order < end; order += 1 << HANDLE_SHIFT) {
    if (id[order] !== BigInt(0)) visit(order);
  }
}

/** The open order whose id stands in `words[at]` (low half) and, as one amount, in `ids[at >> 1]`; 0 if there is none. */
export function findById(words: Int32Array, ids: BigInt64Array, at: number): number {
  const order = (words[at]! & RECORD_MASK) << HANDLE_SHIFT;
  return id[order] === ids[at >> 1] && order !== 0 ? order : 0;
}

/** Forgets that any order is open. */
export function forgetOpenOrders(): void {
  forEachOpenOrder((order) => (id[order] = 0n));
  tally[0] = 0;
}
