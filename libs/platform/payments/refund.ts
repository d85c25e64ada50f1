import { type TransitionTable } from './transitions.js';

export type RefundState = 'REQUESTED' | 'SUBMITTED' | 'SUCCEEDED' | 'FAILED';
export type RefundEvent = 'submitted' | 'succeeded' | 'failed';

export const REFUND: TransitionTable<RefundState, RefundEvent> = {
  REQUESTED: { submitted: 'SUBMITTED', succeeded: 'SUCCEEDED', failed: 'FAILED' },
  SUBMITTED: { succeeded: 'SUCCEEDED', failed: 'FAILED' },
  SUCCEEDED: {},
  FAILED: {},
};

export interface Refund {
  readonly id: string;
  readonly paymentId: string;
  readonly amount: bigint;
  readonly reason: string;
  /** `processor`: made there without us, so no money of the customer's was set aside for it. */
  readonly origin: 'platform' | 'processor';
  readonly state: RefundState;
  readonly processorId: string | null;
  readonly processorVersion: bigint;
  readonly createdAt: Date;
}
