import { type Queryable, type Tx } from '@base/database';
import { type Refund, type RefundState } from './refund.js';

const COLUMNS = `id, payment_id AS "paymentId", amount, reason, origin, state, processor_id AS "processorId",
  processor_version AS "processorVersion", created_at AS "createdAt"`;

export async function insertRefund(tx: Tx, refund: Refund): Promise<void> {
  await tx.query(
    `INSERT INTO payments.refund (id, payment_id, amount, reason, origin, state, processor_id, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`,
    [
      refund.id,
      refund.paymentId,
      refund.amount,
      refund.reason,
      refund.origin,
      refund.state,
      refund.processorId,
      refund.createdAt,
    ],
  );
}

export function findRefund(on: Queryable, id: string): Promise<Refund | undefined> {
  return on.maybeOne<Refund>(`SELECT ${COLUMNS} FROM payments.refund WHERE id = $1`, [id]);
}

/** A refund is changed under the lock of its payment. */
export async function setRefund(
  tx: Tx,
  id: string,
  to: { state: RefundState; processorId: string | null; version: bigint; now: Date },
): Promise<void> {
  await tx.query(
    `UPDATE payments.refund SET state = $2, processor_id = coalesce($3, processor_id), processor_version = $4, updated_at = $5 WHERE id = $1`,
    [id, to.state, to.processorId, to.version, to.now],
  );
}

export function refundsOf(on: Queryable, paymentId: string): Promise<Refund[]> {
  return on.query<Refund>(
    `SELECT ${COLUMNS} FROM payments.refund WHERE payment_id = $1 ORDER BY created_at, id LIMIT 1000`,
    [paymentId],
  );
}

export function quietRefunds(on: Queryable, since: Date): Promise<Refund[]> {
  return on.query<Refund>(
    `SELECT ${COLUMNS} FROM payments.refund WHERE state IN ('REQUESTED', 'SUBMITTED') AND updated_at <= $1 ORDER BY updated_at LIMIT 200`,
    [since],
  );
}
