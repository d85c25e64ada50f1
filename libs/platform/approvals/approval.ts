import { type OperatorRole } from '@base/http';
import { type Json } from '@platform/audit';

/**
 * The life of something that one operator may ask for and only another one may allow. `approved` is certain to end: its executor
 * succeeds, or refuses, or is given up. Everything else that is not `requested` is over.
 */
export const APPROVAL_STATES = [
  'requested',
  'approved',
  'rejected',
  'withdrawn',
  'expired',
  'executed',
  'failed',
] as const;
export type ApprovalState = (typeof APPROVAL_STATES)[number];

export type ApprovalEvent = 'request' | 'approve' | 'reject' | 'withdraw' | 'expire' | 'execute' | 'fail';

export const APPROVAL_TABLE: Readonly<Record<ApprovalState, Partial<Record<ApprovalEvent, ApprovalState>>>> = {
  requested: { approve: 'approved', reject: 'rejected', withdraw: 'withdrawn', expire: 'expired' },
  approved: { execute: 'executed', fail: 'failed' },
  rejected: {},
  withdrawn: {},
  expired: {},
  executed: {},
  failed: {},
};

/** The state after `event`, or undefined when the table does not allow it. */
export const nextState = (from: ApprovalState, event: ApprovalEvent): ApprovalState | undefined =>
  APPROVAL_TABLE[from][event];

export interface Approval {
  readonly id: string;
  readonly kind: string;
  readonly payload: Json;
  /** Hexadecimal SHA-256 of kind and payload: what an approver signs for. */
  readonly digest: string;
  readonly reason: string;
  /** Who may decide, besides administrators. */
  readonly roles: readonly OperatorRole[];
  readonly requestedBy: string;
  readonly requestedAt: Date;
  readonly expiresAt: Date;
  readonly state: ApprovalState;
  readonly version: number;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly decisionReason: string | null;
  readonly outcome: Json | null;
}
