import { type Queryable, type Tx } from '@base/database';
import { hashToken, newToken } from './opaque-token.js';
import { refusal } from './refusals.js';

export type TokenPurpose = 'verify-email' | 'reset-password' | 'accept-invitation';

const HOUR_MS = 3_600_000;
const LIFETIME_MS: Readonly<Record<TokenPurpose, number>> = {
  'verify-email': 24 * HOUR_MS,
  'reset-password': HOUR_MS,
  'accept-invitation': 48 * HOUR_MS,
};

/** A new token for the principal's mailbox. Older ones for the same purpose stop working: only the newest message counts. */
export async function issueOneTimeToken(
  tx: Tx,
  principalId: string,
  purpose: TokenPurpose,
  now: Date,
): Promise<string> {
  await tx.query(
    'UPDATE identity.one_time_token SET used_at = $3 WHERE principal_id = $1 AND purpose = $2 AND used_at IS NULL',
    [principalId, purpose, now],
  );
  const token = newToken('sro');
  await tx.query(
    'INSERT INTO identity.one_time_token (hash, principal_id, purpose, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)',
    [hashToken(token), principalId, purpose, now, new Date(now.getTime() + LIFETIME_MS[purpose])],
  );
  return token;
}

/** Uses the token up and answers whose it is; one of any number of parallel callers succeeds. @throws Refusal token_refused */
export async function useOneTimeToken(tx: Tx, token: string, purpose: TokenPurpose, now: Date): Promise<string> {
  const row = await tx.maybeOne<{ principalId: string }>(
    `UPDATE identity.one_time_token SET used_at = $3
      WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3 RETURNING principal_id AS "principalId"`,
    [hashToken(token), purpose, now],
  );
  if (!row) throw refusal('token_refused');
  return row.principalId;
}

/** Whose token it is, without using it up. @throws Refusal token_refused */
export async function peekOneTimeToken(
  db: Queryable,
  token: string,
  purpose: TokenPurpose,
  now: Date,
): Promise<string> {
  const row = await db.maybeOne<{ principalId: string }>(
    `SELECT principal_id AS "principalId" FROM identity.one_time_token
      WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3`,
    [hashToken(token), purpose, now],
  );
  if (!row) throw refusal('token_refused');
  return row.principalId;
}
