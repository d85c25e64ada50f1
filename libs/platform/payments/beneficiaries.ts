import { type Queryable, type Tx } from '@base/database';
import { type Beneficiary, type BeneficiaryState, type Review } from './beneficiary.js';
import { refused } from './refusals.js';

const COLUMNS = `id, customer_id AS "customerId", asset, name, account, state, review, usable_at AS "usableAt", created_at AS "createdAt"`;

/** @throws Refusal 409 `beneficiary_exists` when the customer has one with this account */
export async function insertBeneficiary(tx: Tx, beneficiary: Beneficiary): Promise<void> {
  const { id, customerId, asset, name, account, state, usableAt, createdAt } = beneficiary;
  const inserted = await tx.maybeOne(
    `INSERT INTO payments.beneficiary (id, customer_id, asset, name, account, state, usable_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT DO NOTHING RETURNING id`,
    [id, customerId, asset, name, account, state, usableAt, createdAt],
  );
  if (inserted === undefined) throw refused('beneficiary_exists', { field: 'account' });
}

export function findBeneficiary(on: Queryable, id: string): Promise<Beneficiary | undefined> {
  return on.maybeOne<Beneficiary>(`SELECT ${COLUMNS} FROM payments.beneficiary WHERE id = $1`, [id]);
}

export function lockBeneficiary(tx: Tx, id: string): Promise<Beneficiary | undefined> {
  return tx.maybeOne<Beneficiary>(`SELECT ${COLUMNS} FROM payments.beneficiary WHERE id = $1 FOR UPDATE`, [id]);
}

export async function setBeneficiary(
  tx: Tx,
  id: string,
  to: { state: BeneficiaryState; review: Review | null; now: Date },
): Promise<void> {
  await tx.query('UPDATE payments.beneficiary SET state = $2, review = $3, updated_at = $4 WHERE id = $1', [
    id,
    to.state,
    to.review,
    to.now,
  ]);
}

export function listBeneficiaries(on: Queryable, customerId: string): Promise<Beneficiary[]> {
  return on.query<Beneficiary>(
    `SELECT ${COLUMNS} FROM payments.beneficiary WHERE customer_id = $1 AND state <> 'DISABLED' ORDER BY created_at, id LIMIT 200`,
    [customerId],
  );
}

/** What a person has to look at, oldest first; those that only wait for their time are not among them. */
export function beneficiariesInReview(on: Queryable, limit: number): Promise<Beneficiary[]> {
  return on.query<Beneficiary>(
    `SELECT ${COLUMNS} FROM payments.beneficiary
      WHERE state = 'UNDER_REVIEW' AND review <> 'cooling_off' ORDER BY created_at, id LIMIT $1`,
    [limit],
  );
}

/** Those whose check was lost, and those whose cooling-off is over. */
export function overdueBeneficiaries(on: Queryable, now: Date, quietSince: Date): Promise<Beneficiary[]> {
  return on.query<Beneficiary>(
    `SELECT ${COLUMNS} FROM payments.beneficiary
      WHERE (state = 'CREATED' AND updated_at <= $2) OR (state = 'UNDER_REVIEW' AND review = 'cooling_off' AND usable_at <= $1)
      ORDER BY created_at, id LIMIT 200`,
    [now, quietSince],
  );
}
