import { type AssetCode } from '@core/money';
import { type FeedPage, type OutsideEvent } from './card-processor.js';
import { type BankStatus } from './withdrawal.js';

/** A booked line of our account's statement: it happened, and never changes. */
export interface BankLine {
  readonly id: string;
  /** Counts the lines of all our accounts without gaps. */
  readonly seq: bigint;
  readonly asset: AssetCode;
  readonly direction: 'credit' | 'debit';
  readonly amount: bigint;
  readonly bookedAt: Date;
  readonly counterparty: { readonly name: string; readonly account: string };
  /** Whatever the payer wrote. */
  readonly reference: string;
  /** On lines of our own payments: our id of the payment. */
  readonly endToEndId: string | null;
  /** On money that comes back: the bank's id of the payment that it belongs to. */
  readonly returnOf: string | null;
}

/** A payment of ours as the bank has it now; the higher version is the later one. */
export interface BankPaymentSnapshot {
  readonly bankId: string;
  readonly endToEndId: string;
  readonly version: bigint;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly status: BankStatus;
  /** ISO 20022's code for a rejection or a return. */
  readonly reason: string | null;
}

export interface BankPaymentOrder {
  /** Our id of the payment: end-to-end id and idempotency key in one, so the bank never pays it twice. */
  readonly endToEndId: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly payee: { readonly name: string; readonly account: string };
  readonly reference: string;
  readonly returnOf: string | null;
}

export type BankFact =
  | { readonly kind: 'line'; readonly line: BankLine }
  | { readonly kind: 'payment'; readonly payment: BankPaymentSnapshot }
  | { readonly kind: 'other' };

export type NameMatch = 'match' | 'close_match' | 'no_match' | 'unknown_account';

/** A day of an account as the bank states it; `closing = opening + Σ lines`. */
export interface BankStatement {
  readonly asset: AssetCode;
  readonly date: string;
  readonly opening: bigint;
  readonly closing: bigint;
  readonly lines: readonly Pick<BankLine, 'id' | 'direction' | 'amount' | 'bookedAt' | 'endToEndId' | 'reference'>[];
}

export interface OwnBankAccount {
  readonly asset: AssetCode;
  readonly account: string;
  readonly holder: string;
}

/**
 * The bank where our customers' money is. Orders carry an id of ours that the bank takes once.
 * @throws OutsideUnavailable when the outcome is unknown or nothing happened; OutsideRefused when it said no
 */
export interface BankRail {
  ownAccounts(): Promise<readonly OwnBankAccount[]>;
  checkPayee(payee: { name: string; account: string }): Promise<NameMatch>;
  pay(order: BankPaymentOrder): Promise<BankPaymentSnapshot>;
  /** Undefined: the bank knows of no such payment. */
  findPayment(endToEndId: string): Promise<BankPaymentSnapshot | undefined>;
  linesAfter(position: bigint, limit: number): Promise<FeedPage<BankLine>>;
  eventsAfter(position: bigint, limit: number): Promise<FeedPage<OutsideEvent>>;
  statementDays(): Promise<readonly { readonly asset: AssetCode; readonly date: string }[]>;
  statement(asset: AssetCode, date: string): Promise<BankStatement>;
  /** What an event says. @throws OutsideNonsense when it is not what was agreed */
  factOf(event: Pick<OutsideEvent, 'type' | 'data'>): BankFact;
}
