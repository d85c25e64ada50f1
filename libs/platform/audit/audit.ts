import { type Clock } from '@base/clock';
import { type Queryable, type Tx } from '@base/database';
import { type AuditEntry, type AuditRecord } from './audit-record.js';

/** Writes what was done into the same transaction that does it: if it cannot be recorded, it does not happen. */
export class Audit {
  constructor(private readonly clock: Clock) {}

  /**
   * Appends one record. The chain has one end, so records of concurrent transactions wait for each other from here to the commit: call it
   * last.
   */
  async append(tx: Tx, entry: AuditEntry): Promise<void> {
    await tx.query(
      `INSERT INTO audit.record (recorded_at, actor_kind, actor_id, action, subject_kind, subject_id, before, after, reason, request_id, network)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        this.clock.now(),
        entry.actor.kind,
        entry.actor.kind === 'system' ? null : entry.actor.id,
        entry.action,
        entry.subject.kind,
        entry.subject.id,
        json(entry.before),
        json(entry.after),
        entry.reason ?? null,
        entry.request?.id ?? null,
        entry.request?.network ?? null,
      ],
    );
  }
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

export interface AuditFilter {
  readonly subject?: { readonly kind: string; readonly id: string } | undefined;
  readonly actor?: { readonly kind: string; readonly id: string } | undefined;
  readonly action?: string | undefined;
  /** Records older than this one. */
  readonly before?: bigint | undefined;
  readonly limit: number;
}

/** The newest records first. */
export function listAuditRecords(db: Queryable, filter: AuditFilter): Promise<AuditRecord[]> {
  return db.query<AuditRecord>(
    `SELECT ${COLUMNS} FROM audit.record
      WHERE ($1::bigint IS NULL OR sequence < $1)
        AND ($2::text IS NULL OR (subject_kind = $2 AND subject_id = $3))
        AND ($4::text IS NULL OR (actor_kind = $4 AND actor_id = $5))
        AND ($6::text IS NULL OR action = $6)
      ORDER BY sequence DESC LIMIT $7`,
    [
      filter.before ?? null,
      filter.subject?.kind ?? null,
      filter.subject?.id ?? null,
      filter.actor?.kind ?? null,
      filter.actor?.id ?? null,
      filter.action ?? null,
      filter.limit,
    ],
  );
}

/** The records after `sequence`, oldest first, for the verifier. */
export function readAuditRecords(db: Queryable, after: bigint, limit: number): Promise<AuditRecord[]> {
  return db.query<AuditRecord>(`SELECT ${COLUMNS} FROM audit.record WHERE sequence > $1 ORDER BY sequence LIMIT $2`, [
    after,
    limit,
  ]);
}

/** Where the chain ends now. */
export function readAuditHead(db: Queryable): Promise<{ sequence: bigint; hash: Uint8Array }> {
  return db.one('SELECT sequence, hash FROM audit.head');
}

const COLUMNS = `sequence, (extract(epoch FROM recorded_at) * 1000)::bigint AS "recordedMs", actor_kind AS "actorKind", actor_id AS "actorId",
  action, subject_kind AS "subjectKind", subject_id AS "subjectId", before::text AS before, after::text AS after, reason,
  request_id AS "requestId", host(network) AS network, previous_hash AS "previousHash", hash`;
