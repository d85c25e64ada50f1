/**
 * Snapshots: the whole state at one sequence number, copied in slices while the engine goes on. What follows from the rest
 * (queues, indexes, the heap of expiries) is not in it and is built anew on restore. A snapshot is canonical: two engines
 * that have applied the same commands give the same bytes, whether or not one of them was restored on the way.
 *
 * The host frames, checks and stores the bytes; the engine trusts those that it is given back.
 */
import { accountRecord, accounts, balanceCopies, balances, clearAccounts, rowOf } from './balances.js';
import { capacity } from './capacity.js';
import { closedIdCopy, closedIdRing, forgetClientIds, restoreClosedIds } from './client-ids.js';
import { copying, giveBackPiece, type TableCopy } from './copying.js';
import { forgetExpiries } from './expiry.js';
import { freeAllRecords, markTaken, recordMark } from './free-records.js';
import { BASE_ROW, INSTRUMENT_SHIFT, instruments, instrumentTables, QUOTE_ROW } from './instruments.js';
import { clearLadders } from './ladders.js';
import { enterIndexes, forgetOpenOrders } from './open-orders.js';
import { HANDLE_SHIFT, orderCopy, orders, trait } from './orders.js';
import { clearPositions, positionCopies } from './positions.js';
import { queue } from './queue.js';
import { life, NEVER } from './scratch.js';
import { refreshDue } from './time.js';
import { forgetAllTrailing, rememberTrailing } from './trailing.js';
import { forgetTransfers, restoreTransfers, transferCopy, transferRing } from './transfers.js';
import { venue } from './venue.js';

const { counters, DUE } = life;

const MAGIC = 0x4d525453;
const SNAPSHOT_VERSION = 1;
interface Section {
  readonly table: TableCopy;
  readonly records: () => number;
}

/** The tables that are too large to copy at once, in the order of the snapshot. */
const TABLES: readonly Section[] = [
  { table: orderCopy, records: recordsInUse },
  { table: closedIdCopy, records: () => closedIdRing().taken },
  { table: transferCopy, records: () => (transferRing().filled === 0 ? 0 : transferRing().filled + 1) },
  ...balanceCopies.map((table, asset) => ({
    table,
    records: () => (balances.supply[asset] === 0n ? 0 : venue.accounts),
  })),
  ...positionCopies.map((table, place) => ({ table, records: () => (place < venue.margined ? venue.accounts : 0) })),
];

const job: { small: Int32Array; next: number } = { small: new Int32Array(0), next: 0 };

/** Fixes the snapshot at the engine's present sequence number. Call `advanceSnapshot` between batches until it is done. */
export function beginSnapshot(): void {
  if (copying.isCopying[0] !== 0) throw new Error('a snapshot is being taken already');
  job.small = copySmall();
  job.next = 0;
  for (const { table, records } of TABLES) table.begin(records());
  copying.isCopying[0] = 1;
}

/** Copies about `bytes` more and returns whether the snapshot is complete. */
export function advanceSnapshot(bytes: number): boolean {
  let left = bytes >> 2;
  for (; job.next < TABLES.length; job.next += 1) {
    const { table } = TABLES[job.next]!;
    left = table.advance(left);
    if (!table.isDone) return false;
  }
  return true;
}

/** The complete snapshot, in pieces that follow each other; `giveBackPiece` when one has been read. */
export function takeSnapshot(): Uint8Array[] {
  if (job.next !== TABLES.length) throw new Error('the snapshot is not complete');
  copying.isCopying[0] = 0;
  const sections = [[job.small], ...TABLES.map(({ table }) => table.take())];
  const sizes = sections.map((pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0));
  const head = Int32Array.of(MAGIC, SNAPSHOT_VERSION, sections.length, ...sizes);
  return [head, ...sections.flat()].filter(({ length }) => length > 0).map((piece) => new Uint8Array(piece.buffer));
}

/** A snapshot of this moment, at once. */
export function snapshot(): Uint8Array[] {
  beginSnapshot();
  while (!advanceSnapshot(1 << 20));
  return takeSnapshot();
}

/** 128 bits, in hexadecimal, that are equal when two engines' states are and hardly otherwise. Takes a whole snapshot. */
export function digest(): string {
  const lanes = Int32Array.of(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);
  for (const piece of snapshot()) {
    const words = new Int32Array(piece.buffer, piece.byteOffset, piece.byteLength >> 2);
    for (let k = 0; k < words.length; k += 1) {
      const lane = k & 3;
      const mixed = Math.imul(lanes[lane]! ^ words[k]!, 0x9e3779b1);
      lanes[lane] = mixed ^ (mixed >>> 15) ^ lanes[(lane + 1) & 3]!;
    }
    giveBackPiece(piece);
  }
  return Array.from(lanes, (lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Puts the engine into the state of a snapshot, given as one run of bytes. Throws, with the engine empty, if it is none. */
export function restore(bytes: Uint8Array): void {
  reset();
  // A copy, because the bytes may lie anywhere and words may not.
  const words = new Int32Array(bytes.length >> 2);
  new Uint8Array(words.buffer).set(bytes.subarray(0, words.byteLength));
  if (words[0] !== MAGIC) throw new Error('this is not a snapshot of the engine');
  if (words[1] !== SNAPSHOT_VERSION) throw new Error(`snapshots of version ${words[1]} are not understood`);
  const count = words[2]!;
  const sizes = words.subarray(3, 3 + count);
  const total = sizes.reduce((sum, size) => sum + size, 3 + count);
  if (count !== TABLES.length + 1 || total << 2 !== bytes.length)
    throw new Error('the snapshot is cut or has been added to');
  let at = 3 + count;
  const sections = Array.from(sizes, (size) => words.subarray(at, (at += size)));
  const rings = restoreSmall(sections[0]!);
  TABLES.forEach(({ table }, k) => table.restore(sections[k + 1]!));
  restoreClosedIds(rings.closedPlace, rings.closedTaken);
  restoreTransfers(rings.transferPlace, rings.transfersFilled);
  restoreOrders(sections[1]!.length / orderCopy.perRecord);
  refreshDue();
}

/** Queues, indexes and heaps follow from the orders: by time within a price, by id within an account. */
function restoreOrders(records: number): void {
  const open: number[] = [];
  for (let record = 1; record < records; record += 1) {
    if (orders.id[record << HANDLE_SHIFT] !== 0n) open.push(record << HANDLE_SHIFT);
  }
  for (const order of open) markTaken(order >> HANDLE_SHIFT);
  for (const order of sortedBy(orders.id, open)) {
    enterIndexes(order);
    if ((orders.traits[order]! & trait.TRAILING) !== 0) rememberTrailing(order);
  }
  for (const order of sortedBy(orders.priority, open)) queue(order);
}

const sortedBy = (field: BigInt64Array, handles: readonly number[]): number[] =>
  [...handles].sort((one, other) => (field[one]! < field[other]! ? -1 : 1));

/** Forgets everything: the engine before its first command. */
export function reset(): void {
  copying.isCopying[0] = 0;
  forgetOpenOrders();
  freeAllRecords();
  clearLadders();
  forgetExpiries();
  forgetAllTrailing();
  forgetClientIds();
  forgetTransfers();
  clearPositions(venue.accounts);
  clearAccounts(venue.accounts);
  for (const { words, perInstrument } of instrumentTables) words.fill(0, 0, venue.instruments * perInstrument);
  venue.killed[0] = 0;
  Object.assign(venue, { margined: 0, accounts: 0, instruments: 0 });
  counters.fill(0n);
  counters[DUE] = NEVER;
}

/** Records up to the highest that holds an open order. */
function recordsInUse(): number {
  let records = recordMark();
  while (records > 1 && orders.id[(records - 1) << HANDLE_SHIFT] === 0n) records -= 1;
  return records;
}

/** What is small enough to be copied in one go: counters, rings, supplies, instruments, standings of accounts. */
function copySmall(): Int32Array {
  const closed = closedIdRing();
  const transfers = transferRing();
  const scalars = [venue.killed[0]!, venue.margined, venue.accounts, venue.instruments];
  const rings = [closed.place, closed.taken, transfers.place, transfers.filled];
  const lifetime = counters.slice();
  // When something falls due follows from what there is.
  lifetime[DUE] = 0n;
  const people = new Int32Array(venue.accounts * 2);
  for (let account = 0; account < venue.accounts; account += 1) {
    people[account * 2] = accounts.standing[accountRecord(account)]!;
    people[account * 2 + 1] = accounts.tier[accountRecord(account)]!;
  }
  const parts = [
    Int32Array.of(...scalars, ...rings),
    new Int32Array(lifetime.buffer),
    new Int32Array(balances.supply.slice().buffer),
    copyInstruments(),
    ...otherTables.map(({ words, perInstrument }) => words.slice(0, venue.instruments * perInstrument)),
    people,
  ];
  const small = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    small.set(part, at);
    at += part.length;
  }
  return small;
}

/** Rows of balances as snapshots name them. Where they lie in memory is this build's affair, and a snapshot may be of another. */
const SNAPSHOT_ROW = capacity.MAX_ACCOUNTS * 2;
const { base, quote, baseRow, quoteRow } = instruments;
const [{ words: instrumentWords }, ...otherTables] = instrumentTables;

/** The instruments' words as they go into a snapshot. */
function copyInstruments(): Int32Array {
  const copy = instrumentWords.slice(0, venue.instruments << INSTRUMENT_SHIFT);
  for (let i = 0; i < copy.length; i += 1 << INSTRUMENT_SHIFT) {
    copy[i + BASE_ROW] = base[i]! * SNAPSHOT_ROW;
    copy[i + QUOTE_ROW] = quote[i]! * SNAPSHOT_ROW;
  }
  return copy;
}

function placeRows(): void {
  for (let i = 0; i < venue.instruments << INSTRUMENT_SHIFT; i += 1 << INSTRUMENT_SHIFT) {
    baseRow[i] = rowOf(base[i]!);
    quoteRow[i] = rowOf(quote[i]!);
  }
}

interface Rings {
  readonly closedPlace: number;
  readonly closedTaken: number;
  readonly transferPlace: number;
  readonly transfersFilled: number;
}

function restoreSmall(words: Int32Array): Rings {
  let at = 0;
  const next = (count: number): Int32Array => words.subarray(at, (at += count));
  const [killed = 0, margined = 0, accountCount = 0, instrumentCount = 0] = next(4);
  venue.killed[0] = killed;
  Object.assign(venue, { margined, accounts: accountCount, instruments: instrumentCount });
  const [closedPlace = 0, closedTaken = 0, transferPlace = 0, transfersFilled = 0] = next(4);
  new Int32Array(counters.buffer).set(next(counters.length * 2));
  new Int32Array(balances.supply.buffer).set(next(balances.supply.length * 2));
  for (const table of instrumentTables) table.words.set(next(instrumentCount * table.perInstrument));
  placeRows();
  for (let account = 0; account < accountCount; account += 1) {
    accounts.standing[accountRecord(account)] = next(1)[0]!;
    accounts.tier[accountRecord(account)] = next(1)[0]!;
  }
  return { closedPlace, closedTaken, transferPlace, transfersFilled };
}
