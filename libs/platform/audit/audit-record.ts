import { createHash } from 'node:crypto';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Who did it. `system` is a job or a rule of ours, which has no id. */
export type Actor = { readonly kind: 'customer' | 'operator'; readonly id: string } | { readonly kind: 'system' };

/** What is to be remembered: who, what, to whom, from where, before and after, and why. Never a secret. */
export interface AuditEntry {
  readonly actor: Actor;
  /** Past tense behind the library's name: `identity.customer-frozen`. */
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly before?: Json | undefined;
  readonly after?: Json | undefined;
  readonly reason?: string | undefined;
  readonly request?: { readonly id?: string | undefined; readonly network?: string | undefined } | undefined;
}

/**
 * A record as it stands in the table. `before` and `after` are PostgreSQL's own text of the JSON, since that is what was hashed; `recordedMs`
 * counts from the Unix epoch.
 */
export interface AuditRecord {
  readonly sequence: bigint;
  readonly recordedMs: bigint;
  readonly actorKind: string;
  readonly actorId: string | null;
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly reason: string | null;
  readonly requestId: string | null;
  readonly network: string | null;
  readonly previousHash: Uint8Array;
  readonly hash: Uint8Array;
}

/** The hash before the first record. */
export const GENESIS: Uint8Array = new Uint8Array(32);

/**
 * SHA-256 over the previous hash and the record's fields, each behind its length in bytes: the same as `audit.link_record()` computes in the
 * database.
 */
export function hashOf(record: Omit<AuditRecord, 'hash'>): Uint8Array {
  const fields = [
    record.sequence.toString(),
    record.recordedMs.toString(),
    record.actorKind,
    record.actorId,
    record.action,
    record.subjectKind,
    record.subjectId,
    record.before,
    record.after,
    record.reason,
    record.requestId,
    record.network,
  ];
  const text = fields.map((field) => (field === null ? '-,' : `${Buffer.byteLength(field)}:${field},`)).join('');
  return createHash('sha256').update(record.previousHash).update(text, 'utf8').digest();
}
