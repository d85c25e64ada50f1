import { type Queryable } from '@base/database';

/** Where an event stands in the order in which transactions became final. */
export interface FinalPlace {
  /** The transaction that wrote it. */
  readonly xid: bigint;
  readonly seq: bigint;
}

/** An event as it is stored; the payload is JSON text as the database prints it, so that no number in it passes through a double. */
export interface StoredEvent extends FinalPlace {
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  readonly aggregateId: string;
  readonly payloadText: string;
  readonly at: Date;
}

/**
 * Events of all types behind `after`, at most `limit`, in the order of the log: of transactions that are final, so that none is skipped because it
 * committed late. For those who keep a place of their own; `Events.consume` keeps one for its consumers.
 */
export function readFinalEvents(on: Queryable, after: FinalPlace, limit: number): Promise<StoredEvent[]> {
  return on.query<StoredEvent>(
    `SELECT xid::text::numeric AS xid, seq, id, type, aggregate, aggregate_id AS "aggregateId", payload::text AS "payloadText", at
       FROM base.event
      WHERE (xid, seq) > ($1::xid8, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY base.event.xid, seq LIMIT $3`,
    [after.xid.toString(), after.seq, limit],
  );
}
