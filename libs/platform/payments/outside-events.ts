import { type Queryable, type Tx } from '@base/database';
import { type OutsideEvent } from './card-processor.js';

export type EventSource = 'bank' | 'card';
export type EventState = 'APPLIED' | 'WAITING' | 'IGNORED' | 'FAILED';

export interface StoredEvent {
  readonly source: EventSource;
  readonly id: string;
  readonly seq: bigint;
  readonly type: string;
  /** What it is about, by our own id: what a waiting event waits for. */
  readonly subject: string;
  readonly payload: unknown;
  readonly state: EventState;
  readonly note: string | null;
  readonly attempts: number;
  readonly receivedAt: Date;
}

const COLUMNS = 'source, id, seq, type, subject, payload, state, note, attempts, received_at AS "receivedAt"';

/** False: it was stored before. The primary key decides, so of two at once one waits and then knows. */
export async function insertEvent(
  tx: Tx,
  source: EventSource,
  event: OutsideEvent,
  as: { subject: string; via: 'webhook' | 'poll'; now: Date },
): Promise<boolean> {
  const inserted = await tx.maybeOne(
    `INSERT INTO payments.outside_event (source, id, seq, type, subject, payload, via, state, received_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'APPLIED', $8) ON CONFLICT DO NOTHING RETURNING id`,
    [source, event.id, event.seq, event.type, as.subject, JSON.stringify(event.data), as.via, as.now],
  );
  return inserted !== undefined;
}

export async function setEvent(
  tx: Tx,
  event: { source: EventSource; id: string },
  to: { state: EventState; note: string | null; now: Date },
): Promise<void> {
  await tx.query(
    `UPDATE payments.outside_event SET state = $3, note = $4, applied_at = CASE WHEN $3 = 'APPLIED' THEN $5::timestamptz END WHERE source = $1 AND id = $2`,
    [event.source, event.id, to.state, to.note, to.now],
  );
}

/** One more try. */
export async function countAttempt(tx: Tx, event: { source: EventSource; id: string }): Promise<void> {
  await tx.query('UPDATE payments.outside_event SET attempts = attempts + 1 WHERE source = $1 AND id = $2', [
    event.source,
    event.id,
  ]);
}

/** The events that wait for `subject`, as they happened, locked. */
export function lockWaiting(tx: Tx, source: EventSource, subject: string): Promise<StoredEvent[]> {
  return tx.query<StoredEvent>(
    `SELECT ${COLUMNS} FROM payments.outside_event WHERE source = $1 AND subject = $2 AND state = 'WAITING' ORDER BY seq LIMIT 200 FOR UPDATE`,
    [source, subject],
  );
}

export function lockEvent(tx: Tx, source: EventSource, id: string): Promise<StoredEvent | undefined> {
  return tx.maybeOne<StoredEvent>(
    `SELECT ${COLUMNS} FROM payments.outside_event WHERE source = $1 AND id = $2 FOR UPDATE`,
    [source, id],
  );
}

/** What could not be applied and waits for a person, oldest first. */
export function failedEvents(on: Queryable, limit: number): Promise<StoredEvent[]> {
  return on.query<StoredEvent>(
    `SELECT ${COLUMNS} FROM payments.outside_event WHERE state = 'FAILED' ORDER BY received_at, id LIMIT $1`,
    [limit],
  );
}

/** How far a feed has been read. */
export async function readPosition(on: Queryable, feed: string): Promise<bigint> {
  const row = await on.maybeOne<{ position: bigint }>('SELECT position FROM payments.poll_position WHERE feed = $1', [
    feed,
  ]);
  return row?.position ?? 0n;
}

/** Positions only grow: a slow reader cannot take a quick one back. */
export async function savePosition(tx: Tx, feed: string, position: bigint): Promise<void> {
  await tx.query(
    `INSERT INTO payments.poll_position AS p (feed, position) VALUES ($1, $2)
     ON CONFLICT (feed) DO UPDATE SET position = greatest(p.position, EXCLUDED.position)`,
    [feed, position],
  );
}
