import { type Queryable, type Tx } from '@base/database';
import { type ExchangeTransfer, nextState, type TransferEvent, type TransferState } from './transfer.js';

const COLUMNS = `id, customer_id AS "customerId", idempotency_key AS "idempotencyKey", account, direction, asset, amount, units, state,
  version, sends, reason, created_at AS "createdAt", updated_at AS "updatedAt"`;

export function findTransfer(on: Queryable, id: string): Promise<ExchangeTransfer | undefined> {
  return on.maybeOne<ExchangeTransfer>(`SELECT ${COLUMNS} FROM venue.transfer WHERE id = $1`, [id]);
}

/** What was asked for under this key before. */
export function findByKey(on: Queryable, customerId: string, key: string): Promise<ExchangeTransfer | undefined> {
  return on.maybeOne<ExchangeTransfer>(
    `SELECT ${COLUMNS} FROM venue.transfer WHERE customer_id = $1 AND idempotency_key = $2`,
    [customerId, key],
  );
}

/** A customer's, the newest first. */
export function listTransfers(
  on: Queryable,
  filter: { customerId: string; before?: string | undefined; limit: number },
): Promise<ExchangeTransfer[]> {
  return on.query<ExchangeTransfer>(
    `SELECT ${COLUMNS} FROM venue.transfer WHERE customer_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [filter.customerId, filter.before ?? null, filter.limit],
  );
}

/** Locked in the order of their ids until the transaction ends. */
export async function lockTransfers(tx: Tx, ids: readonly string[]): Promise<Map<string, ExchangeTransfer>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<ExchangeTransfer>(
    `SELECT ${COLUMNS} FROM venue.transfer WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

export async function insertTransfer(
  tx: Tx,
  transfer: Omit<ExchangeTransfer, 'state' | 'version' | 'sends' | 'reason' | 'updatedAt'>,
): Promise<ExchangeTransfer> {
  const { id, customerId, idempotencyKey, account, direction, asset, amount, units, createdAt } = transfer;
  const row = await tx.one<ExchangeTransfer>(
    `INSERT INTO venue.transfer (id, customer_id, idempotency_key, account, direction, asset, amount, units, state, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'requested', $9, $9) RETURNING ${COLUMNS}`,
    [id, customerId, idempotencyKey, account, direction, asset, amount, units, createdAt],
  );
  await writeHistory(tx, row, { from: null, event: 'request', at: createdAt });
  return row;
}

/**
 * Moves to send: those that nobody has sent, and those sent before `sentBefore` of which nothing has been heard. Frozen ones wait.
 * Locked, so that two senders do not take the same.
 */
export function lockDueTransfers(tx: Tx, sentBefore: Date, limit: number): Promise<ExchangeTransfer[]> {
  return tx.query<ExchangeTransfer>(
    `SELECT ${COLUMNS} FROM venue.transfer t
      WHERE state IN ('requested', 'sent') AND (sent_at IS NULL OR sent_at < $1)
        AND NOT EXISTS (SELECT FROM venue.freeze f WHERE f.account = t.account AND f.asset = t.asset AND f.lifted_at IS NULL)
      ORDER BY id LIMIT $2 FOR UPDATE OF t SKIP LOCKED`,
    [sentBefore, limit],
  );
}

/** What the engine said, and where in its stream. */
export interface Answer {
  readonly reason: string | null;
  readonly sequence: bigint;
  readonly index: number;
}

/** The next state by the table, with its row of history. @throws Error when the table does not allow it */
export async function advance(
  tx: Tx,
  transfer: ExchangeTransfer,
  event: Exclude<TransferEvent, 'request'>,
  { at, answer }: { at: Date; answer?: Answer },
): Promise<ExchangeTransfer> {
  const state = nextState(transfer.state, event);
  if (state === undefined) throw new Error(`a ${transfer.state} transfer cannot ${event}`);
  const isSend = event === 'send';
  const row = await tx.one<ExchangeTransfer>(
    `UPDATE venue.transfer SET state = $3, version = version + 1, updated_at = $4, reason = $5, sequence = $6, event_index = $7,
        sends = sends + $8, sent_at = CASE WHEN $8 = 1 THEN $4 ELSE sent_at END
      WHERE id = $1 AND version = $2 RETURNING ${COLUMNS}`,
    [
      transfer.id,
      transfer.version,
      state,
      at,
      answer?.reason ?? null,
      answer?.sequence ?? null,
      answer?.index ?? null,
      isSend ? 1 : 0,
    ],
  );
  await writeHistory(tx, row, { from: transfer.state, event, at });
  return row;
}

async function writeHistory(
  tx: Tx,
  { id, version, state }: ExchangeTransfer,
  { from, event, at }: { from: TransferState | null; event: TransferEvent; at: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO venue.transfer_history (transfer_id, version, from_state, event, to_state, at) VALUES ($1, $2, $3, $4, $5, $6)`,
    [id, version, from, event, state, at],
  );
}

/** Open moves by state, and when the oldest of them was asked for. */
export function countOpenTransfers(on: Queryable): Promise<{ state: TransferState; count: bigint; since: Date }[]> {
  return on.query(
    `SELECT state, count(*) AS count, min(created_at) AS since FROM venue.transfer
      WHERE state IN ('requested', 'sent') GROUP BY state`,
  );
}
