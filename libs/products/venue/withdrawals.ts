import { type Queryable, type Tx } from '@base/database';
import { type VenueWithdrawal, VENUE_WITHDRAWAL_TABLE, type VenueWithdrawalEvent } from './withdrawal.js';

const WITHDRAWAL = `SELECT w.id, w.customer_id AS "customerId", w.idempotency_key AS "idempotencyKey", w.asset, w.whitelist_id AS "whitelistId",
    w.destination, w.amount, w.fee, w.transfer_id AS "transferId", w.state, w.reason, i.state AS "intentState",
    w.created_at AS "createdAt", w.updated_at AS "updatedAt"
  FROM venue.withdrawal w LEFT JOIN custody.intent i ON i.id = w.intent_id`;

/** The customer's own of this id. */
export function findVenueWithdrawal(
  on: Queryable,
  customerId: string,
  id: string,
): Promise<VenueWithdrawal | undefined> {
  return on.maybeOne<VenueWithdrawal>(`${WITHDRAWAL} WHERE w.customer_id = $1 AND w.id = $2`, [customerId, id]);
}

/** What was asked for under this key before. */
export function findVenueWithdrawalByKey(
  on: Queryable,
  customerId: string,
  key: string,
): Promise<VenueWithdrawal | undefined> {
  return on.maybeOne<VenueWithdrawal>(`${WITHDRAWAL} WHERE w.customer_id = $1 AND w.idempotency_key = $2`, [
    customerId,
    key,
  ]);
}

/** A customer's, by when they were asked for, the newest first; `from` and `to` are inclusive. */
export function listVenueWithdrawals(
  on: Queryable,
  wanted: { customerId: string; from?: Date | undefined; to?: Date | undefined; limit: number },
): Promise<VenueWithdrawal[]> {
  return on.query<VenueWithdrawal>(
    `${WITHDRAWAL} WHERE w.customer_id = $1 AND ($2::timestamptz IS NULL OR w.created_at >= $2)
        AND ($3::timestamptz IS NULL OR w.created_at <= $3) ORDER BY w.id DESC LIMIT $4`,
    [wanted.customerId, wanted.from ?? null, wanted.to ?? null, wanted.limit],
  );
}

/** Moves whose end a withdrawal still waits for, though it was told by `before`. */
export function findForgottenMoves(
  on: Queryable,
  before: Date,
  limit: number,
): Promise<{ id: string; isSettled: boolean }[]> {
  return on.query(
    `SELECT t.id, t.state = 'settled' AS "isSettled" FROM venue.withdrawal w JOIN venue.transfer t ON t.id = w.transfer_id
      WHERE w.state = 'moving' AND t.state IN ('settled', 'refused') AND t.updated_at < $1 ORDER BY w.id LIMIT $2`,
    [before, limit],
  );
}

/** The withdrawal that waits for this move, locked. */
export async function lockMovingWithdrawal(tx: Tx, transferId: string): Promise<VenueWithdrawal | undefined> {
  const row = await tx.maybeOne<{ id: string }>(
    `SELECT id FROM venue.withdrawal WHERE transfer_id = $1 AND state = 'moving' FOR UPDATE`,
    [transferId],
  );
  return row && tx.one<VenueWithdrawal>(`${WITHDRAWAL} WHERE w.id = $1`, [row.id]);
}

export async function insertVenueWithdrawal(
  tx: Tx,
  withdrawal: Omit<VenueWithdrawal, 'state' | 'reason' | 'intentState' | 'updatedAt'>,
): Promise<void> {
  const { id, customerId, idempotencyKey, asset, whitelistId, destination, amount, fee, transferId, createdAt } =
    withdrawal;
  await tx.query(
    `INSERT INTO venue.withdrawal (id, customer_id, idempotency_key, asset, whitelist_id, destination, amount, fee, transfer_id, state,
       created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'moving', $10, $10)`,
    [id, customerId, idempotencyKey, asset, whitelistId, destination, amount, fee, transferId, createdAt],
  );
  await writeHistory(tx, id, 'moving', createdAt);
}

/** The next state by the table, with its row of history. @throws Error when the table does not allow it */
export async function advanceWithdrawal(
  tx: Tx,
  { id, state }: VenueWithdrawal,
  event: VenueWithdrawalEvent,
  by: { readonly at: Date; readonly intentId?: string; readonly returnId?: string; readonly reason?: string | null },
): Promise<void> {
  const next = VENUE_WITHDRAWAL_TABLE[state][event];
  if (next === undefined) throw new Error(`a withdrawal that is ${state} cannot ${event}`);
  await tx.query(
    `UPDATE venue.withdrawal SET state = $2, intent_id = $3, return_id = $4, reason = $5, updated_at = $6 WHERE id = $1`,
    [id, next, by.intentId ?? null, by.returnId ?? null, by.reason ?? null, by.at],
  );
  await writeHistory(tx, id, next, by.at);
}

async function writeHistory(tx: Tx, id: string, state: string, at: Date): Promise<void> {
  await tx.query('INSERT INTO venue.withdrawal_history (withdrawal_id, to_state, at) VALUES ($1, $2, $3)', [
    id,
    state,
    at,
  ]);
}
