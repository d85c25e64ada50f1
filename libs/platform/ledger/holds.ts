import { account, type Account } from './account.js';
import { type Leg } from './transfer.js';

/** Whose money is held: the customer's available account that it comes from. */
export interface HoldRequest {
  readonly hold: string;
  /** A `customer_available` account. */
  readonly from: Account;
  readonly amount: bigint;
  readonly expiresAt?: Date;
}

/** The hold account beside an available one: same owner, same asset. */
export function holdAccount(available: Account): Account {
  return account('customer_hold', available.asset, available.owner ?? undefined);
}

/**
 * Legs that set money aside: it leaves `from` and can from then on only leave through this hold, to anywhere (capture) or back (release).
 * After `expiresAt` it can only go back.
 */
export function holdLegs({ hold, from, amount, expiresAt }: HoldRequest): readonly Leg[] {
  const opens: Leg = { account: holdAccount(from), amount: -amount, hold };
  return [{ account: from, amount }, expiresAt === undefined ? opens : { ...opens, holdExpiresAt: expiresAt }];
}

export interface CaptureRequest {
  readonly hold: string;
  /** The available account that the money was taken from. */
  readonly from: Account;
  /** Where it goes, in its asset; the sum is captured, in full or in part. */
  readonly to: readonly { readonly account: Account; readonly amount: bigint }[];
}

/** Legs that pay out of a hold, in full or in part, to one or several accounts. */
export function captureLegs({ hold, from, to }: CaptureRequest): readonly Leg[] {
  const total = to.reduce((sum, part) => sum + part.amount, 0n);
  return [
    { account: holdAccount(from), amount: total, hold },
    ...to.map((part) => ({ account: part.account, amount: -part.amount })),
  ];
}

/** Legs that give held money back. */
export function releaseLegs({ hold, from, amount }: Omit<HoldRequest, 'expiresAt'>): readonly Leg[] {
  return [
    { account: holdAccount(from), amount, hold },
    { account: from, amount: -amount },
  ];
}
