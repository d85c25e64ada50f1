/**
 * The risk book: what each account owns of each asset and how much of that its open orders hold. Rows are asset-major,
 * since the orders of one instrument touch two assets of many accounts. A *row* is an asset's first balance; a *balance*
 * is `row + 2 * account`.
 */
import { capacity } from './capacity.js';
import * as Copying from './copying.js';
import { amountFields, wordFields } from './records.js';

const { TableCopy } = Copying;

const { MAX_ACCOUNTS, MAX_ASSETS } = capacity;

/**
 * From an asset's row to the next, in balances. Not a power of two: an account's balances of all assets, or those of the first accounts, would
 * then want the same few sets of the processor's caches. An odd number of cache lines apart they spread over all of them.
 */
export const ROW_BALANCES = MAX_ACCOUNTS + 2529 * 4;

const pairs = amountFields(MAX_ASSETS * ROW_BALANCES, 2);
const people = wordFields(MAX_ACCOUNTS, 4);

export const balances = {
  /** All of it, in units of the asset. `total - held` may be withdrawn or put into a new order. */
  total: pairs.field(0),
  held: pairs.field(1),
  /** Sum of an asset over all accounts; only credits and debits change it. Indexed by asset. */
  supply: new BigInt64Array(MAX_ASSETS),
} as const;

/** Records of accounts; index with `accountRecord(account)`. */
export const accounts = {
  /** One of `accountStanding`. */
  standing: people.field(0),
  tier: people.field(1),
  /** Newest open order. */
  newestOrder: people.field(2),
} as const;

export const accountStanding = { UNKNOWN: 0, ACTIVE: 1, SUSPENDED: 2 } as const;

export const accountRecord = (account: number): number => account << 2;
const ROW = ROW_BALANCES * 2;
export const rowOf = (asset: number): number => asset * ROW;
export const balanceOf = (row: number, account: number): number => row + (account << 1);

/** For snapshots: the balances of each asset. */
export const balanceCopies = Array.from(
  { length: MAX_ASSETS },
  (_, asset) => new TableCopy([{ words: pairs.words, perRecord: 4, first: rowOf(asset) * 2 }]),
);

/** Before a balance changes while a snapshot is being taken. */
export function preserveBalance(balance: number): void {
  const record = balance >> 1;
  balanceCopies[Math.floor(record / ROW_BALANCES)]!.preserve(record % ROW_BALANCES);
}

/** Clears the first `count` accounts and all that they own. */
export function clearAccounts(count: number): void {
  for (let asset = 0; asset < MAX_ASSETS; asset += 1) {
    if (balances.supply[asset] !== BigInt(0)) pairs.words.fill(0, rowOf(asset) * 2, (rowOf(asset) + count * 2) * 2);
  }
  people.words.fill(0, 0, count * 4);
  balances.supply.fill(0n);
}
