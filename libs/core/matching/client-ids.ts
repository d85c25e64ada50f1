/**
 * Client order ids. A client's id names its open order, and is refused as a duplicate while that order is open and for
 * the next REMEMBERED_CLIENT_IDS orders that close after it: a request that is sent again because its answer was lost
 * cannot trade twice.
 *
 * One hash table of chains holds both. A *holder* of an id is an open order, by its record's number, or above those a
 * slot in the ring of the closed. Sixteen consecutive ids of an account share a cache line of buckets, so that a client
 * that counts its orders finds its table warm.
 */
import { capacity } from './capacity.js';
import * as Copying from './copying.js';
import * as Orders from './orders.js';
import { amountFields, wordCells, wordFields } from './records.js';

const { copying, TableCopy } = Copying;
const { HANDLE_SHIFT: SHIFT, orders } = Orders;

const { isCopying } = copying;
const { MAX_ORDERS, REMEMBERED_CLIENT_IDS } = capacity;
const { account, clientOrderId, amountWords } = orders;

const HANDLE_SHIFT = SHIFT;
/** Words from a record's first amount to its client id. */
const CLIENT_ID_WORD = 6;

const RUN = 16;
const RUNS = 1 << 14;
const buckets = new Int32Array(RUNS * RUN);
const nextHolder = new Int32Array(MAX_ORDERS + REMEMBERED_CLIENT_IDS);

const closed = amountFields(REMEMBERED_CLIENT_IDS, 1);
const closedId = closed.field(0);
const closedWords = closed.words;
const closedAccount = wordFields(REMEMBERED_CLIENT_IDS, 1).field(0);
/** For snapshots. */
export const closedIdCopy = new TableCopy([
  { words: closedWords, perRecord: 2 },
  { words: closedAccount, perRecord: 1 },
]);
/** The slot that the next closed order takes, and how many are taken. */
const ring = wordCells(2);
const PLACE = 0;
const TAKEN = 1;

const bucketOf = (low: number, high: number, owner: number): number => {
  let run = Math.imul(low >>> 4, 0x85ebca6b) ^ Math.imul(owner, 0x9e3779b1) ^ Math.imul(high, 0xc2b2ae35);
  run = Math.imul(run ^ (run >>> 15), 0x2c1b3c6d);
  return (((run ^ (run >>> 13)) & (RUNS - 1)) << 4) | (low & (RUN - 1));
};

const bucketOfOrder = (order: number): number => {
  const id = (order << 1) + CLIENT_ID_WORD;
  return bucketOf(amountWords[id]!, amountWords[id + 1]!, account[order]!);
};

const bucketOfClosed = (slot: number): number => {
  return bucketOf(closedWords[slot << 1]!, closedWords[(slot << 1) + 1]!, closedAccount[slot]!);
};

/** The open order that `owner` calls by the id in `words[at]` (low half) and `words[at + 1]`; 0 if none, -1 if it is closed. */
export function findByClientId(words: Int32Array, at: number, owner: number): number {
  const low = words[at]!;
  const high = words[at + 1]!;
  for (let holder = buckets[bucketOf(low, high, owner)]!; holder !== 0; holder = nextHolder[holder]!) {
    if (holder < MAX_ORDERS) {
      const order = holder << HANDLE_SHIFT;
      const id = (order << 1) + CLIENT_ID_WORD;
      if (amountWords[id] === low && amountWords[id + 1] === high && account[order] === owner) return order;
    } else {
      const slot = holder - MAX_ORDERS;
      const isSame = closedWords[slot << 1] === low && closedWords[(slot << 1) + 1] === high;
      if (isSame && closedAccount[slot] === owner) return -1;
    }
  }
  return 0;
}

/** Enters an accepted order, whose client id is not 0 and not taken. */
export function indexClientId(order: number): void {
  link(bucketOfOrder(order), order >> HANDLE_SHIFT);
}

/** Moves the id of a closing order to the ring of the closed, where it pushes out the oldest. */
export function retireClientId(order: number): void {
  const bucket = bucketOfOrder(order);
  unlink(bucket, order >> HANDLE_SHIFT);
  const slot = ring[PLACE]!;
  if (isCopying[0] !== 0) closedIdCopy.preserve(slot);
  if (ring[TAKEN] === REMEMBERED_CLIENT_IDS) unlink(bucketOfClosed(slot), MAX_ORDERS + slot);
  else ring[TAKEN]! += 1;
  closedId[slot] = clientOrderId[order]!;
  closedAccount[slot] = account[order]!;
  link(bucket, MAX_ORDERS + slot);
  ring[PLACE] = slot + 1 === REMEMBERED_CLIENT_IDS ? 0 : slot + 1;
}

const link = (bucket: number, holder: number): void => {
  nextHolder[holder] = buckets[bucket]!;
  buckets[bucket] = holder;
};

const unlink = (bucket: number, holder: number): void => {
  const first = buckets[bucket]!;
  if (first === holder) {
    buckets[bucket] = nextHolder[holder]!;
    return;
  }
  let before = first;
  while (nextHolder[before] !== holder) before = nextHolder[before]!;
  nextHolder[before] = nextHolder[holder]!;
};

/** Forgets every id. */
export function forgetClientIds(): void {
  buckets.fill(0);
  ring.fill(0);
}

/** The ring of the closed: how many it holds, and which slot is next. */
export const closedIdRing = (): { place: number; taken: number } => ({ place: ring[PLACE]!, taken: ring[TAKEN]! });

/** Enters the ids of a restored ring, whose slots are filled already. */
export function restoreClosedIds(place: number, taken: number): void {
  ring[PLACE] = place;
  ring[TAKEN] = taken;
  for (let slot = 0; slot < taken; slot += 1) link(bucketOfClosed(slot), MAX_ORDERS + slot);
}
