import { type AssetCode } from '@core/money';
import { type TransitionTable } from './transitions.js';

export type WithdrawalState =
  | 'REQUESTED'
  /** Somebody has to look first: a large amount, a freeze. */
  | 'HELD'
  /** The point of no return: the bank may know of it, so only the bank's answer moves it on. */
  | 'SUBMITTING'
  | 'SUBMITTED'
  | 'SETTLED'
  | 'RETURNED'
  | 'FAILED'
  | 'CANCELLED';

export type WithdrawalEvent =
  'hold' | 'approve' | 'refuse' | 'cancel' | 'submit' | 'accepted' | 'settled' | 'rejected' | 'returned';

export const WITHDRAWAL: TransitionTable<WithdrawalState, WithdrawalEvent> = {
  REQUESTED: { submit: 'SUBMITTING', hold: 'HELD', cancel: 'CANCELLED' },
  HELD: { approve: 'REQUESTED', refuse: 'FAILED', cancel: 'CANCELLED' },
  SUBMITTING: { accepted: 'SUBMITTED', settled: 'SETTLED', rejected: 'FAILED', returned: 'RETURNED' },
  SUBMITTED: { settled: 'SETTLED', rejected: 'FAILED', returned: 'RETURNED' },
  SETTLED: { returned: 'RETURNED' },
  RETURNED: {},
  FAILED: {},
  CANCELLED: {},
};

export interface Withdrawal {
  readonly id: string;
  /** Whose money it is: a customer's, or an unidentified credit that goes back to its payer. */
  readonly source: 'customer' | 'suspense';
  readonly customerId: string | null;
  readonly beneficiaryId: string | null;
  readonly suspenseId: string | null;
  readonly payeeName: string;
  readonly payeeAccount: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly fee: bigint;
  /** The bank line that this payment sends back. */
  readonly returnOf: string | null;
  readonly state: WithdrawalState;
  readonly heldFor: HeldFor | null;
  readonly bankId: string | null;
  readonly bankVersion: bigint;
  readonly failureCode: string | null;
  readonly createdAt: Date;
  readonly submittedAt: Date | null;
  readonly settledAt: Date | null;
}

export type HeldFor = 'large_amount' | 'frozen';

/** How far along the bank's own states are; a message about an earlier one is late and says nothing new. */
const BANK_RANK = { accepted: 1, rejected: 2, settled: 2, returned: 3 } as const;
export type BankStatus = keyof typeof BANK_RANK;

const KNOWN_RANK: Partial<Record<WithdrawalState, number>> = { SUBMITTED: 1, FAILED: 2, SETTLED: 2, RETURNED: 3 };

/** Whether the bank's word is news to a withdrawal in this state. */
export const isNews = (state: WithdrawalState, status: BankStatus): boolean =>
  BANK_RANK[status] > (KNOWN_RANK[state] ?? 0);

/** Whether the bank's word cannot be true together with what it said before. */
export const contradicts = (state: WithdrawalState, status: BankStatus): boolean =>
  (status === 'rejected' && (state === 'SETTLED' || state === 'RETURNED')) ||
  (status !== 'rejected' && status !== 'accepted' && state === 'FAILED') ||
  state === 'REQUESTED' ||
  state === 'HELD' ||
  state === 'CANCELLED';
