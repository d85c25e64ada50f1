/**
 * The risk book: what each account owns of each asset and how much of that its open orders hold. Rows are asset-major,
 * since the orders of one instrument touch two assets of many accounts. A *row* is an asset's first balance; a *balance*
 * is `row + 2 * account`.
 */
import { capacity } from './capacity.js';
import { amountFields, wordFields } from './records.js';

const { MAX_ACCOUNTS, MAX_ASSETS } = capacity;

const pairs = amountFields(MAX_ASSETS * MAX_ACCOUNTS, 2);
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
const ROW = MAX_ACCOUNTS * 2;
export const rowOf = (asset: number): number => asset * ROW;
export const balanceOf = (row: number, account: number): number => row + (account << 1);
