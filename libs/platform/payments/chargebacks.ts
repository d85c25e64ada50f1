import { type Queryable, type Tx } from '@base/database';
import { type Chargeback, type ChargebackState } from './chargeback.js';

const COLUMNS = `id, processor_id AS "processorId", processor_version AS "processorVersion", payment_id AS "paymentId",
  customer_id AS "customerId", asset, amount, fee, clawed_back AS "clawedBack", indebted, reason, state, created_at AS "createdAt"`;

export async function insertChargeback(tx: Tx, chargeback: Chargeback): Promise<void> {
  await tx.query(
    `INSERT INTO payments.chargeback (id, processor_id, processor_version, payment_id, customer_id, asset, amount, fee, clawed_back,
       indebted, reason, state, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`,
    [
      chargeback.id,
      chargeback.processorId,
      chargeback.processorVersion,
      chargeback.paymentId,
      chargeback.customerId,
      chargeback.asset,
      chargeback.amount,
      chargeback.fee,
      chargeback.clawedBack,
      chargeback.indebted,
      chargeback.reason,
      chargeback.state,
      chargeback.createdAt,
    ],
  );
}

export async function setChargeback(
  tx: Tx,
  id: string,
  to: { state: ChargebackState; version: bigint; now: Date },
): Promise<void> {
  await tx.query('UPDATE payments.chargeback SET state = $2, processor_version = $3, updated_at = $4 WHERE id = $1', [
    id,
    to.state,
    to.version,
    to.now,
  ]);
}

export function findChargeback(on: Queryable, id: string): Promise<Chargeback | undefined> {
  return on.maybeOne<Chargeback>(`SELECT ${COLUMNS} FROM payments.chargeback WHERE id = $1`, [id]);
}

export function chargebacksOf(on: Queryable, paymentId: string): Promise<Chargeback[]> {
  return on.query<Chargeback>(
    `SELECT ${COLUMNS} FROM payments.chargeback WHERE payment_id = $1 ORDER BY created_at, id LIMIT 100`,
    [paymentId],
  );
}

export function listChargebacks(
  on: Queryable,
  page: { limit: number; before?: { at: Date; id: string } | undefined },
): Promise<Chargeback[]> {
  return on.query<Chargeback>(
    `SELECT ${COLUMNS} FROM payments.chargeback
      WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3`,
    [page.before?.at ?? null, page.before?.id ?? null, page.limit],
  );
}
