import { hash } from 'node:crypto';
import { MAX_MINOR } from '@core/money';
import { type Account, isUuid } from './account.js';
import { LedgerMisuse } from './refusals.js';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One side of a transfer. */
export interface Leg {
  readonly account: Account;
  /** Minor units of the account's asset: a debit is positive, a credit negative, so that a transfer sums to zero. */
  readonly amount: bigint;
  /** On a hold account: the hold that this leg opens, captures or releases. */
  readonly hold?: string;
  /** When a hold that this leg opens can no longer be captured. */
  readonly holdExpiresAt?: Date;
  /** Post only if the account is at this version (it counts the account's entries). */
  readonly expectedVersion?: bigint;
}

/** Value moving between accounts, all legs or none. */
export interface Transfer {
  /** A UUID the caller made and stored before asking, so that asking again is safe. */
  readonly id: string;
  /** `library.verb-noun`, declared by a migration with the account types it may pair. */
  readonly kind: string;
  readonly legs: readonly Leg[];
  /** Ties together the transfers of one business event. */
  readonly group?: string;
  /** The transfer this one mirrors exactly. Each can be reversed once. */
  readonly reverses?: string;
  /** When it takes effect, if not when it is posted. */
  readonly effectiveAt?: Date;
  /** For people and reports: references, never names or other personal data. */
  readonly meta?: { readonly [key: string]: Json };
}

type LegOptions = Pick<Leg, 'expectedVersion'>;

/** A leg that debits: assets and expenses grow, liabilities, equity and income shrink. `amount` in minor units, above zero. */
export const debit = (account: Account, amount: bigint, options: LegOptions = {}): Leg => ({
  account,
  amount,
  ...options,
});

/** A leg that credits: liabilities, equity and income grow, assets and expenses shrink. `amount` in minor units, above zero. */
export const credit = (account: Account, amount: bigint, options: LegOptions = {}): Leg => ({
  account,
  amount: -amount,
  ...options,
});

const MIN_LEGS = 2;
const MAX_LEGS = 64;

/**
 * Refuses what needs no database to refuse. The database checks the same again.
 * @throws LedgerMisuse, RangeError for ids that are not UUIDs in lower case (a bug of the caller)
 */
export function checkTransfer(transfer: Transfer): void {
  const { id, legs } = transfer;
  for (const uuid of [id, transfer.group, transfer.reverses, ...legs.map((leg) => leg.hold)]) {
    if (uuid !== undefined && !isUuid(uuid)) throw new RangeError(`not a UUID in lower case: ${uuid}`);
  }
  if (legs.length < MIN_LEGS || legs.length > MAX_LEGS) throw new LedgerMisuse('invalid_legs', id);
  const sums = new Map<string, bigint>();
  for (const { account, amount } of legs) {
    if (amount === 0n || amount > MAX_MINOR || amount < -MAX_MINOR)
      throw new LedgerMisuse('invalid_amount', id, account.path);
    sums.set(account.asset, (sums.get(account.asset) ?? 0n) + amount);
  }
  for (const sum of sums.values()) if (sum !== 0n) throw new LedgerMisuse('unbalanced', id);
}

const canonical = (value: Json): string => {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonical(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`; // prettier-ignore
};

/** SHA-256 of everything the transfer says but its id, in hex: what "the same transfer" means when an id comes again. */
export function requestHash(transfer: Transfer): string {
  const { kind, legs, group = '', reverses = '', effectiveAt, meta } = transfer;
  let text = `${kind}\n${group}\n${reverses}\n${effectiveAt?.getTime() ?? ''}\n`;
  for (const leg of legs) {
    text += `${leg.account.path} ${leg.amount} ${leg.hold ?? ''} ${leg.holdExpiresAt?.getTime() ?? ''} ${leg.expectedVersion ?? ''}\n`;
  }
  if (meta !== undefined) text += canonical(meta);
  return hash('sha256', text, 'hex');
}
