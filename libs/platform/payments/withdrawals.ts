import { type Queryable, type Tx } from '@base/database';
import { type HeldFor, type Withdrawal, type WithdrawalState } from './withdrawal.js';

const COLUMNS = `id, source, customer_id AS "customerId", beneficiary_id AS "beneficiaryId", suspense_id AS "suspenseId",
  payee_name AS "payeeName", payee_account AS "payeeAccount", asset, amount, fee, return_of AS "returnOf", state,
  held_for AS "heldFor", bank_id AS "bankId", bank_version AS "bankVersion", failure_code AS "failureCode",
  created_at AS "createdAt", submitted_at AS "submittedAt", settled_at AS "settledAt"`;

export async function insertWithdrawal(tx: Tx, withdrawal: Withdrawal): Promise<void> {
  await tx.query(
    `INSERT INTO payments.withdrawal (id, source, customer_id, beneficiary_id, suspense_id, payee_name, payee_account, asset, amount,
       fee, return_of, state, held_for, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)`,
    [
      withdrawal.id,
      withdrawal.source,
      withdrawal.customerId,
      withdrawal.beneficiaryId,
      withdrawal.suspenseId,
      withdrawal.payeeName,
      withdrawal.payeeAccount,
      withdrawal.asset,
      withdrawal.amount,
      withdrawal.fee,
      withdrawal.returnOf,
      withdrawal.state,
      withdrawal.heldFor,
      withdrawal.createdAt,
    ],
  );
}

export function findWithdrawal(on: Queryable, id: string): Promise<Withdrawal | undefined> {
  return on.maybeOne<Withdrawal>(`SELECT ${COLUMNS} FROM payments.withdrawal WHERE id = $1`, [id]);
}

export function lockWithdrawal(tx: Tx, id: string): Promise<Withdrawal | undefined> {
  return tx.maybeOne<Withdrawal>(`SELECT ${COLUMNS} FROM payments.withdrawal WHERE id = $1 FOR UPDATE`, [id]);
}

export interface WithdrawalChange {
  readonly state: WithdrawalState;
  readonly now: Date;
  readonly heldFor?: HeldFor | null | undefined;
  readonly bankId?: string | undefined;
  readonly bankVersion?: bigint | undefined;
  readonly failureCode?: string | null | undefined;
}

/** What is not given stays as it was, but a reason to hold, which goes with its state. */
export async function setWithdrawal(tx: Tx, id: string, to: WithdrawalChange): Promise<void> {
  await tx.query(
    `UPDATE payments.withdrawal
        SET state = $2, updated_at = $3, held_for = $4, bank_id = coalesce($5, bank_id), bank_version = coalesce($6, bank_version),
            failure_code = coalesce($7, failure_code),
            submitted_at = CASE WHEN $2 IN ('SUBMITTED', 'SETTLED', 'RETURNED') THEN coalesce(submitted_at, $3) ELSE submitted_at END,
            settled_at = CASE WHEN $2 IN ('SETTLED', 'RETURNED') THEN coalesce(settled_at, $3) ELSE settled_at END
      WHERE id = $1`,
    [id, to.state, to.now, to.heldFor ?? null, to.bankId ?? null, to.bankVersion ?? null, to.failureCode ?? null],
  );
}

export function listWithdrawals(
  on: Queryable,
  customerId: string,
  page: { limit: number; before?: { at: Date; id: string } | undefined },
): Promise<Withdrawal[]> {
  return on.query<Withdrawal>(
    `SELECT ${COLUMNS} FROM payments.withdrawal
      WHERE customer_id = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3)) ORDER BY created_at DESC, id DESC LIMIT $4`,
    [customerId, page.before?.at ?? null, page.before?.id ?? null, page.limit],
  );
}

/** Withdrawals in these states that have not moved since then, those that stand longest first. */
export function quietWithdrawals(
  on: Queryable,
  states: readonly WithdrawalState[],
  since: Date,
  limit = 200,
): Promise<Withdrawal[]> {
  return on.query<Withdrawal>(
    `SELECT ${COLUMNS} FROM payments.withdrawal WHERE state = ANY ($1) AND updated_at <= $2 ORDER BY updated_at, id LIMIT $3`,
    [states, since, limit],
  );
}

/** Called when the bank was asked about it, so that others get their turn before it is asked again. */
export async function touchWithdrawal(on: Queryable, id: string, now: Date): Promise<void> {
  await on.query('UPDATE payments.withdrawal SET updated_at = $2 WHERE id = $1', [id, now]);
}

/** What the bank says of a payment that is further along already. */
export async function recordBankWord(
  tx: Tx,
  id: string,
  word: { bankId: string; bankVersion: bigint; failureCode: string | null },
): Promise<void> {
  await tx.query(
    `UPDATE payments.withdrawal SET bank_id = $2, bank_version = $3, failure_code = coalesce(failure_code, $4) WHERE id = $1`,
    [id, word.bankId, word.bankVersion, word.failureCode],
  );
}
