import { createHash } from 'node:crypto';
import { type EngineEvent } from '@core/contracts';
import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { type Json } from '@platform/audit';

/** An operator's command to the engine, as it stands. */
export interface Operation {
  readonly id: string;
  readonly operatorId: string;
  readonly key: string;
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly request: Json;
  readonly reason: string;
  /** asked: nothing is with the engine. sent: it may be. done, refused: the engine's word. */
  readonly state: 'asked' | 'sent' | 'done' | 'refused';
  readonly sentAfter: bigint | null;
  readonly claimedUntil: Date;
  readonly sequence: bigint | null;
  readonly answer: Json | null;
  /** One of the engine's reject reasons. */
  readonly refusal: string | null;
  readonly createdAt: Date;
  readonly answeredAt: Date | null;
}

export type NewOperation = Pick<Operation, 'operatorId' | 'key' | 'action' | 'subject' | 'request' | 'reason'>;

const COLUMNS = `id, operator_id AS "operatorId", key, action, jsonb_build_object('kind', subject_kind, 'id', subject_id) AS subject, request,
  reason, state, sent_after AS "sentAfter", claimed_until AS "claimedUntil", sequence, answer, refusal, created_at AS "createdAt",
  answered_at AS "answeredAt"`;

/** The operation under this key, locked; inserted if there is none. `isSame` is false for another request under the same key. */
export async function lockOperation(
  tx: Tx,
  given: NewOperation,
  { at, claimedUntil }: { at: Date; claimedUntil: Date },
): Promise<{ operation: Operation; isNew: boolean; isSame: boolean }> {
  const { operatorId, key, action, subject, request, reason } = given;
  const digest = createHash('sha256').update(JSON.stringify([action, subject.kind, subject.id, request, reason])).digest(); // prettier-ignore
  const row = await tx.maybeOne<Operation>(
    `INSERT INTO venue.operation (id, operator_id, key, action, subject_kind, subject_id, request, digest, reason, state, claimed_until, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'asked', $10, $11) ON CONFLICT (operator_id, key) DO NOTHING RETURNING ${COLUMNS}`,
    [
      uuidV7(at.getTime()),
      operatorId,
      key,
      action,
      subject.kind,
      subject.id,
      JSON.stringify(request),
      digest,
      reason,
      claimedUntil,
      at,
    ],
  );
  if (row !== undefined) return { operation: row, isNew: true, isSame: true };
  const { digest: stored, ...operation } = await tx.one<Operation & { digest: Buffer }>(
    `SELECT ${COLUMNS}, digest FROM venue.operation WHERE operator_id = $1 AND key = $2 FOR UPDATE`,
    [operatorId, key],
  );
  return { operation, isNew: false, isSame: digest.equals(stored) };
}

/** What an operator's command under this key came to; undefined when the engine has not answered it. */
export function findAnswered(on: Queryable, operatorId: string, key: string): Promise<Operation | undefined> {
  return on.maybeOne<Operation>(
    `SELECT ${COLUMNS} FROM venue.operation WHERE operator_id = $1 AND key = $2 AND answered_at IS NOT NULL`,
    [operatorId, key],
  );
}

export async function claimOperation(on: Queryable, id: string, until: Date): Promise<void> {
  await on.query('UPDATE venue.operation SET claimed_until = $2 WHERE id = $1', [id, until]);
}

/** From now on the engine may have it, as a command behind `after`. */
export async function noteOperationSent(on: Queryable, id: string, after: number): Promise<void> {
  await on.query(`UPDATE venue.operation SET state = 'sent', sent_after = $2 WHERE id = $1`, [id, after]);
}

/** The engine has not got it, for certain. */
export async function noteOperationUnsent(on: Queryable, id: string): Promise<void> {
  await on.query(`UPDATE venue.operation SET state = 'asked' WHERE id = $1`, [id]);
}

/** The engine's word. */
export async function answerOperation(tx: Tx, id: string, event: EngineEvent, at: Date): Promise<Operation> {
  const isRefused = event.kind === 'command-rejected';
  return tx.one<Operation>(
    `UPDATE venue.operation SET state = $2, sequence = $3, answer = $4::jsonb, refusal = $5, answered_at = $6 WHERE id = $1 RETURNING ${COLUMNS}`,
    [
      id,
      isRefused ? 'refused' : 'done',
      event.sequence,
      isRefused ? null : JSON.stringify(presentEvent(event)),
      isRefused ? event.reason : null,
      at,
    ],
  );
}

/** The operation that stopped the venue last, as far as the engine has not refused it; null when none ever did. */
export async function lastEngagement(on: Queryable): Promise<string | null> {
  const row = await on.maybeOne<{ id: string }>(
    `SELECT id FROM venue.operation WHERE subject_kind = 'venue' AND subject_id = 'exchange' AND action = 'kill-switch-engaged' AND state <> 'refused'
      ORDER BY id DESC LIMIT 1`,
  );
  return row?.id ?? null;
}

export async function isOperationAt(on: Queryable, sequence: bigint): Promise<boolean> {
  return (await on.maybeOne('SELECT 1 FROM venue.operation WHERE sequence = $1', [sequence])) !== undefined;
}

/** The newest first. */
export function listOperations(
  on: Queryable,
  filter: {
    readonly subject?: { readonly kind: string; readonly id: string } | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<Operation[]> {
  return on.query<Operation>(
    `SELECT ${COLUMNS} FROM venue.operation
      WHERE ($1::text IS NULL OR (subject_kind = $1 AND subject_id = $2)) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
    [filter.subject?.kind ?? null, filter.subject?.id ?? null, filter.before ?? null, filter.limit],
  );
}

/** An event as JSON: whole numbers that may be large are text. */
export function presentEvent({ sequence, origin, time, ...event }: EngineEvent): Json {
  const fields = Object.entries(event).map(([name, value]) => [name, typeof value === 'number' ? value : String(value)]); // prettier-ignore
  const at = new Date(Number(time / 1_000n)).toISOString();
  return { sequence: sequence.toString(), index: origin, at, ...(Object.fromEntries(fields) as Record<string, Json>) };
}
