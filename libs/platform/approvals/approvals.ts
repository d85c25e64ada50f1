import { type Queryable, type Tx } from '@base/database';
import { type Json } from '@platform/audit';
import { type Approval, type ApprovalEvent, type ApprovalState, nextState } from './approval.js';
import { canonicalJson } from '@platform/identity';
import { digestOf } from './payload-digest.js';
import { refusal } from './refusals.js';

const COLUMNS = `id, kind, payload::jsonb AS payload, encode(digest, 'hex') AS digest, reason, roles, requested_by AS "requestedBy",
  requested_at AS "requestedAt", expires_at AS "expiresAt", state, version, decided_by AS "decidedBy", decided_at AS "decidedAt",
  decision_reason AS "decisionReason", outcome`;

export function findApproval(on: Queryable, id: string): Promise<Approval | undefined> {
  return on.maybeOne<Approval>(`SELECT ${COLUMNS} FROM approvals.approval WHERE id = $1`, [id]);
}

/** The newest first. */
export function listApprovals(
  on: Queryable,
  filter: {
    readonly state?: ApprovalState | undefined;
    readonly kind?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<Approval[]> {
  return on.query<Approval>(
    `SELECT ${COLUMNS} FROM approvals.approval
      WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR kind = $2) AND ($3::uuid IS NULL OR id < $3)
      ORDER BY id DESC LIMIT $4`,
    [filter.state ?? null, filter.kind ?? null, filter.before ?? null, filter.limit],
  );
}

export interface ApprovalStep {
  readonly version: number;
  readonly event: ApprovalEvent;
  readonly from: ApprovalState | null;
  readonly to: ApprovalState;
  readonly operatorId: string | null;
  readonly reason: string | null;
  readonly at: Date;
}

/** Every transition, the first first. */
export function approvalHistory(on: Queryable, id: string): Promise<ApprovalStep[]> {
  return on.query<ApprovalStep>(
    `SELECT version, event, from_state AS "from", to_state AS "to", operator_id AS "operatorId", reason, at
       FROM approvals.history WHERE approval_id = $1 ORDER BY version`,
    [id],
  );
}

/** Locked until the transaction ends. @throws Refusal `approval_unknown` */
export async function lockApproval(tx: Tx, id: string): Promise<Approval> {
  const row = await tx.maybeOne<Approval>(`SELECT ${COLUMNS} FROM approvals.approval WHERE id = $1 FOR UPDATE`, [id]);
  if (row === undefined) throw refusal('approval_unknown');
  return row;
}

export type NewApproval = Pick<
  Approval,
  'id' | 'kind' | 'payload' | 'reason' | 'roles' | 'requestedBy' | 'requestedAt' | 'expiresAt'
>;

/** Stored once: a second one under the same id is the first one. */
export async function insertApproval(tx: Tx, given: NewApproval): Promise<{ approval: Approval; isNew: boolean }> {
  const payload = canonicalJson(given.payload);
  const row = await tx.maybeOne<Approval>(
    `INSERT INTO approvals.approval (id, kind, payload, digest, reason, roles, requested_by, requested_at, expires_at, state, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'requested', $8) ON CONFLICT (id) DO NOTHING RETURNING ${COLUMNS}`,
    [
      given.id,
      given.kind,
      payload,
      digestOf(given.kind, payload),
      given.reason,
      given.roles,
      given.requestedBy,
      given.requestedAt,
      given.expiresAt,
    ],
  );
  if (row === undefined) return { approval: await lockApproval(tx, given.id), isNew: false };
  await writeStep(tx, row, { from: null, event: 'request', by: given.requestedBy, reason: given.reason, at: given.requestedAt }); // prettier-ignore
  return { approval: row, isNew: true };
}

export interface Step {
  readonly at: Date;
  /** The operator; null where no person did it. */
  readonly by: string | null;
  readonly reason?: string | undefined;
  readonly outcome?: Json | undefined;
}

/** The next state by the table, with its row of history. @throws Refusal `approval_not_open` */
export async function advance(
  tx: Tx,
  approval: Approval,
  event: Exclude<ApprovalEvent, 'request'>,
  { at, by, reason, outcome }: Step,
): Promise<Approval> {
  const state = nextState(approval.state, event);
  if (state === undefined) throw refusal('approval_not_open');
  const isDecision = event === 'approve' || event === 'reject';
  const row = await tx.one<Approval>(
    `UPDATE approvals.approval SET state = $3, version = version + 1, updated_at = $4, outcome = $5::jsonb,
        decided_by = CASE WHEN $6 THEN $7 ELSE decided_by END, decided_at = CASE WHEN $6 THEN $4 ELSE decided_at END,
        decision_reason = CASE WHEN $6 THEN $8 ELSE decision_reason END
      WHERE id = $1 AND version = $2 RETURNING ${COLUMNS}`,
    [
      approval.id,
      approval.version,
      state,
      at,
      outcome === undefined ? null : JSON.stringify(outcome),
      isDecision,
      by,
      reason ?? null,
    ],
  );
  await writeStep(tx, row, { from: approval.state, event, by, reason, at });
  return row;
}

async function writeStep(
  tx: Tx,
  { id, version, state }: Approval,
  step: { from: ApprovalState | null; event: ApprovalEvent; by: string | null; reason?: string | undefined; at: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO approvals.history (approval_id, version, from_state, event, to_state, operator_id, reason, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, version, step.from, step.event, state, step.by, step.reason ?? null, step.at],
  );
}

/** Those that stand too long: open ones past their time, and approved ones that nobody has executed since `approvedBefore`. */
export function findOverdue(
  on: Queryable,
  { now, approvedBefore, limit }: { now: Date; approvedBefore: Date; limit: number },
): Promise<{ id: string }[]> {
  return on.query<{ id: string }>(
    `SELECT id FROM approvals.approval
      WHERE (state = 'requested' AND expires_at <= $1) OR (state = 'approved' AND decided_at <= $2) ORDER BY id LIMIT $3`,
    [now, approvedBefore, limit],
  );
}
