import { type Queryable, type Tx, uuidV5 } from '@base/database';
import { type Bust, type BustEvent, type BustLeg, type BustPurpose, type BustState, type BustTransfer, nextBustState } from './bust.js'; // prettier-ignore
import { refusal } from './refusals.js';
import { type Answer } from './transfers.js';

const COLUMNS = `id, sequence, event_index AS index, traded_at AS "tradedAt", instrument, state, version, reason,
  requested_by AS "requestedBy", approved_by AS "approvedBy", created_at AS "createdAt", updated_at AS "updatedAt"`;

const TRANSFER = `t.id, t.bust_id AS "bustId", t.leg, t.purpose, t.attempt, t.state, t.sends, t.reason,
  l.direction, l.account, l.asset, l.amount, l.units`;
const TRANSFERS = 'venue.bust_transfer t JOIN venue.bust_leg l USING (bust_id, leg)';

export function findBust(on: Queryable, id: string): Promise<Bust | undefined> {
  return on.maybeOne<Bust>(`SELECT ${COLUMNS} FROM venue.bust WHERE id = $1`, [id]);
}

/** The newest first. */
export function listBusts(
  on: Queryable,
  { state, before, limit }: { state?: BustState | undefined; before?: string | undefined; limit: number },
): Promise<Bust[]> {
  return on.query<Bust>(
    `SELECT ${COLUMNS} FROM venue.bust WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [state ?? null, before ?? null, limit],
  );
}

/** Locked until the transaction ends. @throws Refusal `bust_unknown` */
export async function lockBust(tx: Tx, id: string): Promise<Bust> {
  const bust = await tx.maybeOne<Bust>(`SELECT ${COLUMNS} FROM venue.bust WHERE id = $1 FOR UPDATE`, [id]);
  if (bust === undefined) throw refusal('bust_unknown');
  return bust;
}

export function bustLegsOf(on: Queryable, bustId: string): Promise<BustLeg[]> {
  return on.query<BustLeg>(
    'SELECT leg, direction, account, asset, amount, units FROM venue.bust_leg WHERE bust_id = $1 ORDER BY leg',
    [bustId],
  );
}

/** Every attempt, in the order of legs. */
export function bustTransfersOf(on: Queryable, bustId: string): Promise<BustTransfer[]> {
  return on.query<BustTransfer>(
    `SELECT ${TRANSFER} FROM ${TRANSFERS} WHERE t.bust_id = $1 ORDER BY t.leg, t.created_at, t.purpose, t.attempt`,
    [bustId],
  );
}

/** Undefined when there is one in force for that trade. */
export async function insertBust(
  tx: Tx,
  bust: Omit<Bust, 'state' | 'version' | 'updatedAt'>,
  legs: readonly BustLeg[],
): Promise<Bust | undefined> {
  const row = await tx.maybeOne<Bust>(
    `INSERT INTO venue.bust (id, sequence, event_index, traded_at, instrument, state, reason, requested_by, approved_by, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, 'taking', $6, $7, $8, $9, $9)
     ON CONFLICT (sequence, event_index) WHERE state <> 'abandoned' DO NOTHING RETURNING ${COLUMNS}`,
    [
      bust.id,
      bust.sequence,
      bust.index,
      bust.tradedAt,
      bust.instrument,
      bust.reason,
      bust.requestedBy,
      bust.approvedBy,
      bust.createdAt,
    ],
  );
  if (row === undefined) return undefined;
  for (const { leg, direction, account, asset, amount, units } of legs) {
    await tx.query(
      'INSERT INTO venue.bust_leg (bust_id, leg, direction, account, asset, amount, units) VALUES ($1, $2, $3, $4, $5, $6, $7)',
      [row.id, leg, direction, account, asset, amount, units],
    );
  }
  await writeStep(tx, row, { from: null, event: 'request', by: bust.requestedBy, at: bust.createdAt });
  return row;
}

/** The next state by the table, with its row of history. @throws Refusal `bust_not_so` when the table does not allow it */
export async function advanceBust(
  tx: Tx,
  bust: Bust,
  event: Exclude<BustEvent, 'request'>,
  { at, by }: { at: Date; by: string | null },
): Promise<Bust> {
  const state = nextBustState(bust.state, event);
  if (state === undefined) throw refusal('bust_not_so');
  const row = await tx.one<Bust>(
    `UPDATE venue.bust SET state = $3, version = version + 1, updated_at = $4 WHERE id = $1 AND version = $2 RETURNING ${COLUMNS}`,
    [bust.id, bust.version, state, at],
  );
  await writeStep(tx, row, { from: bust.state, event, by, at });
  return row;
}

async function writeStep(
  tx: Tx,
  { id, version, state }: Bust,
  { from, event, by, at }: { from: BustState | null; event: BustEvent; by: string | null; at: Date },
): Promise<void> {
  await tx.query(
    'INSERT INTO venue.bust_history (bust_id, version, from_state, event, to_state, operator_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
    [id, version, from, event, state, by, at],
  );
}

export interface BustStep {
  readonly version: number;
  readonly from: BustState | null;
  readonly event: BustEvent;
  readonly to: BustState;
  readonly operatorId: string | null;
  readonly at: Date;
}

export function bustHistory(on: Queryable, id: string): Promise<BustStep[]> {
  return on.query<BustStep>(
    `SELECT version, from_state AS "from", event, to_state AS "to", operator_id AS "operatorId", at
       FROM venue.bust_history WHERE bust_id = $1 ORDER BY version`,
    [id],
  );
}

/** An engine transfer for the leg. The same leg, purpose and attempt have the same id, whoever makes it. */
export async function insertBustTransfer(
  tx: Tx,
  {
    bustId,
    leg,
    purpose,
    attempt,
    at,
  }: { bustId: string; leg: number; purpose: BustPurpose; attempt: number; at: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO venue.bust_transfer (id, bust_id, leg, purpose, attempt, state, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, 'requested', $6, $6)`,
    [uuidV5('venue.bust', bustId, leg, purpose, attempt), bustId, leg, purpose, attempt, at],
  );
}

/** Those among these ids, locked in their order until the transaction ends. */
export async function lockBustTransfers(tx: Tx, ids: readonly string[]): Promise<Map<string, BustTransfer>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.query<BustTransfer>(
    `SELECT ${TRANSFER} FROM ${TRANSFERS} WHERE t.id = ANY ($1::uuid[]) ORDER BY t.id FOR UPDATE OF t`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** Transfers to send, as `lockDueTransfers` says of moves. */
export function lockDueBustTransfers(tx: Tx, sentBefore: Date, limit: number): Promise<BustTransfer[]> {
  return tx.query<BustTransfer>(
    `SELECT ${TRANSFER} FROM ${TRANSFERS}
      WHERE t.state IN ('requested', 'sent') AND (t.sent_at IS NULL OR t.sent_at < $1)
        AND NOT EXISTS (SELECT FROM venue.freeze f WHERE f.account = l.account AND f.asset = l.asset AND f.lifted_at IS NULL)
      ORDER BY t.id LIMIT $2 FOR UPDATE OF t SKIP LOCKED`,
    [sentBefore, limit],
  );
}

export async function noteBustTransfersSent(tx: Tx, ids: readonly string[], at: Date): Promise<void> {
  await tx.query(
    `UPDATE venue.bust_transfer SET state = 'sent', sends = sends + 1, sent_at = $2, updated_at = $2 WHERE id = ANY ($1::uuid[])`,
    [ids, at],
  );
}

/** What the engine's event said of it. */
export async function answerBustTransfer(
  tx: Tx,
  id: string,
  { reason, sequence, index }: Answer,
  at: Date,
): Promise<void> {
  await tx.query(
    `UPDATE venue.bust_transfer SET state = CASE WHEN $2::text IS NULL THEN 'settled' ELSE 'refused' END, reason = $2,
        sequence = $3, event_index = $4, updated_at = $5 WHERE id = $1`,
    [id, reason, sequence, index, at],
  );
}

export async function markBusted(tx: Tx, { id, sequence, index }: Bust, at: Date): Promise<void> {
  await tx.query('INSERT INTO venue.busted_trade (sequence, event_index, bust_id, busted_at) VALUES ($1, $2, $3, $4)', [
    sequence,
    index,
    id,
    at,
  ]);
}
