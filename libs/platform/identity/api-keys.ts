import { type Queryable, type Tx } from '@base/database';
import { type ApiKeyScope } from './principal.js';

export interface ApiKey {
  readonly id: string;
  readonly label: string;
  readonly scopes: readonly ApiKeyScope[];
  /** CIDR blocks it may be used from; empty for anywhere. */
  readonly networks: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
}

const COLUMNS = `id, label, scopes, networks::text[] AS networks, created_at AS "createdAt", expires_at AS "expiresAt",
  last_used_at AS "lastUsedAt"`;

/** Keys that work or will not be forgotten yet: at most this many per customer. */
export const API_KEYS_MAX = 20;

/** The customer's keys that still work, newest first. */
export function listApiKeys(db: Queryable, customerId: string, now: Date): Promise<ApiKey[]> {
  return db.query<ApiKey>(
    `SELECT ${COLUMNS} FROM identity.api_key WHERE customer_id = $1 AND revoked_at IS NULL AND expires_at > $2
     ORDER BY created_at DESC LIMIT ${API_KEYS_MAX}`,
    [customerId, now],
  );
}

export function insertApiKey(tx: Tx, key: ApiKey & { customerId: string; secretHash: Buffer }): Promise<ApiKey> {
  return tx.one<ApiKey>(
    `INSERT INTO identity.api_key (id, customer_id, label, secret_hash, scopes, networks, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6::text[]::cidr[], $7, $8) RETURNING ${COLUMNS}`,
    [key.id, key.customerId, key.label, key.secretHash, key.scopes, key.networks, key.createdAt, key.expiresAt],
  );
}

/** Whether there was such a working key. */
export async function revokeApiKeyRow(tx: Tx, key: { id: string; customerId: string; now: Date }): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE identity.api_key SET revoked_at = $3 WHERE id = $1 AND customer_id = $2 AND revoked_at IS NULL RETURNING id`,
    [key.id, key.customerId, key.now],
  );
  return rows.length === 1;
}

export async function revokeAllApiKeys(tx: Tx, customerId: string, now: Date): Promise<void> {
  await tx.query('UPDATE identity.api_key SET revoked_at = $2 WHERE customer_id = $1 AND revoked_at IS NULL', [
    customerId,
    now,
  ]);
}
