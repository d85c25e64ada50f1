/** The life of an order's record: drafted on arrival, registered with its account when accepted, closed when it ends. */
import { accountRecord, accounts, balanceOf, balances } from './balances.js';
import { capacity } from './capacity.js';
import { indexClientId, retireClientId } from './client-ids.js';
import { instruments, settlementRule } from './instruments.js';
import { dequeue } from './ladders.js';
import { orderCancelled } from './order-events.js';
import { HANDLE_SHIFT as SHIFT, orders, trait } from './orders.js';
import { life } from './scratch.js';

const { MAX_ORDERS } = capacity;

const { SPOT } = settlementRule;
const { SELL } = trait;
const HANDLE_SHIFT = SHIFT;
const { counters, ORDERS_ACCEPTED } = life;

const { next, accountNext, accountPrevious, account, instrument, traits, id, hold, clientOrderId } = orders;
const { newestOrder } = accounts;
const { held } = balances;
const { settlement, baseRow, quoteRow } = instruments;

/** Records in use are below FRESH; those given back are chained through `next` from FREE. */
const pool = new Int32Array(3);
const FREE = 0;
const FRESH = 1;
const COUNT = 2;
pool[FRESH] = 1;

/** An order's id is its number in the engine's life, and below that the number of its record. */
const RECORD_BITS = 20;
const RECORD_MASK = (1 << RECORD_BITS) - 1;

export const hasRoomForOrder = (): boolean => pool[FREE] !== 0 || pool[FRESH]! < MAX_ORDERS;
export const openOrderCount = (): number => pool[COUNT]!;

/** A record for an arriving order. Its caller has checked that there is room. */
export function draft(): number {
  const free = pool[FREE]!;
  if (free === 0) return pool[FRESH]!++ << HANDLE_SHIFT;
  pool[FREE] = next[free]!;
  return free;
}

/** Gives back a record. The last one given back is the next one drafted, while it is still in the cache. */
export function discard(order: number): void {
  next[order] = pool[FREE]!;
  pool[FREE] = order;
}

/** Gives the order its id, which names its record, and enters it under its account and client id. */
export function register(order: number): void {
  const number = BigInt.asIntN(64, counters[ORDERS_ACCEPTED]! + 1n);
  counters[ORDERS_ACCEPTED] = number;
  id[order] = BigInt.asIntN(64, BigInt.asIntN(64, number * 1_048_576n) + BigInt(order >> HANDLE_SHIFT));

  const record = accountRecord(account[order]!);
  const newest = newestOrder[record]!;
  accountNext[order] = newest;
  accountPrevious[order] = 0;
  if (newest !== 0) accountPrevious[newest] = order;
  newestOrder[record] = order;
  if (clientOrderId[order] !== 0n) indexClientId(order);
  pool[COUNT]! += 1;
}

/** Releases what the order holds and forgets the order. It is in no queue any more. */
export function close(order: number): void {
  release(order);
  const older = accountNext[order]!;
  const newer = accountPrevious[order]!;
  if (older !== 0) accountPrevious[older] = newer;
  if (newer !== 0) accountNext[newer] = older;
  else newestOrder[accountRecord(account[order]!)] = older;
  if (clientOrderId[order] !== 0n) retireClientId(order);
  id[order] = 0n;
  pool[COUNT]! -= 1;
  next[order] = pool[FREE]!;
  pool[FREE] = order;
}

/** The balance that an order pays from: base for a spot sell, quote for everything else. */
export function payingBalance(order: number): number {
  const i = instrument[order]!;
  const row = settlement[i] === SPOT && (traits[order]! & SELL) !== 0 ? baseRow[i]! : quoteRow[i]!;
  return balanceOf(row, account[order]!);
}

/** Takes an open order, in the book or dormant, out of its queue. `reason` indexes CANCEL_REASONS. */
export function cancelOpenOrder(order: number, reason: number): void {
  orderCancelled(order, reason);
  dequeue(order);
  close(order);
}

/** Visits every open order in the order of its records; the visitor may end the order that it is given. */
export function forEachOpenOrder(visit: (order: number) => void): void {
  for (let order = 1 << HANDLE_SHIFT; order < pool[FRESH]! << HANDLE_SHIFT; order += 1 << HANDLE_SHIFT) {
    if (id[order] !== 0n) visit(order);
  }
}

function release(order: number): void {
  const balance = payingBalance(order);
  held[balance] = BigInt.asIntN(64, held[balance]! - hold[order]!);
  hold[order] = 0n;
}

/** The open order whose id stands in `words[at]` (low half) and, as one amount, in `ids[at >> 1]`; 0 if there is none. */
export function findById(words: Int32Array, ids: BigInt64Array, at: number): number {
  const order = (words[at]! & RECORD_MASK) << HANDLE_SHIFT;
  return id[order] === ids[at >> 1] && order !== 0 ? order : 0;
}

export function resetPool(): void {
  pool[FREE] = 0;
  pool[FRESH] = 1;
}
