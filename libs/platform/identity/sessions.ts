import { uuidV7, type Queryable, type Tx } from '@base/database';
import { hashToken, newToken } from './opaque-token.js';
import { type Origin, type Realm } from './principal.js';
import { SESSION_LIFETIMES } from './session-policy.js';

/** What a client keeps. The refresh token works once; its successor comes with the next answer. */
export interface IssuedSession {
  readonly sessionId: string;
  readonly accessToken: string;
  readonly accessExpiresAt: Date;
  readonly refreshToken: string;
  /** When the session ends whatever happens. */
  readonly expiresAt: Date;
}

export interface Session {
  readonly id: string;
  readonly device: string;
  readonly address: string;
  readonly secondFactor: boolean;
  readonly openedAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

export type RevocationReason = 'logout' | 'revoked-by-owner' | 'refresh-token-reused' | 'superseded';

export interface SessionOwner {
  readonly principalId: string;
  readonly realm: Realm;
  readonly epoch: number;
}

/** Opens a session: always a new id, so that nobody can plant one before the sign-in. */
export async function openSession(
  tx: Tx,
  owner: SessionOwner,
  options: { origin: Origin; secondFactor: boolean; now: Date },
): Promise<IssuedSession> {
  const { origin, secondFactor, now } = options;
  const sessionId = uuidV7(now.getTime());
  const expiresAt = new Date(now.getTime() + SESSION_LIFETIMES[owner.realm].absoluteMs);
  await tx.query(
    `INSERT INTO identity.session (id, principal_id, epoch, second_factor, device, network, opened_at, last_seen_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
    [
      sessionId,
      owner.principalId,
      owner.epoch,
      secondFactor,
      origin.device.slice(0, 200),
      origin.address,
      now,
      expiresAt,
    ],
  );
  return issueTokens(tx, { sessionId, realm: owner.realm, expiresAt, now });
}

/** A fresh pair of tokens for a session. */
export async function issueTokens(
  tx: Tx,
  session: { sessionId: string; realm: Realm; expiresAt: Date; now: Date },
): Promise<IssuedSession> {
  const { sessionId, realm, expiresAt, now } = session;
  const [accessToken, refreshToken] = [newToken('sra'), newToken('srr')];
  const accessExpiresAt = new Date(Math.min(now.getTime() + SESSION_LIFETIMES[realm].accessMs, expiresAt.getTime()));
  await tx.query(
    `INSERT INTO identity.session_token (hash, session_id, kind, issued_at, expires_at)
     VALUES ($1, $3, 'access', $4, $5), ($2, $3, 'refresh', $4, $6)`,
    [hashToken(accessToken), hashToken(refreshToken), sessionId, now, accessExpiresAt, expiresAt],
  );
  return { sessionId, accessToken, accessExpiresAt, refreshToken, expiresAt };
}

/** Whether there was such an open session to revoke. */
export async function revokeSession(
  tx: Tx,
  session: { id: string; principalId: string; reason: RevocationReason; now: Date },
): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE identity.session SET revoked_at = $3, revoked_reason = $4
      WHERE id = $1 AND principal_id = $2 AND revoked_at IS NULL RETURNING id`,
    [session.id, session.principalId, session.now, session.reason],
  );
  return rows.length === 1;
}

/** Whether the session was opened with a second factor. */
export async function hadSecondFactor(db: Queryable, sessionId: string): Promise<boolean> {
  const row = await db.maybeOne('SELECT 1 FROM identity.session WHERE id = $1 AND second_factor', [sessionId]);
  return row !== undefined;
}

const SESSIONS_SHOWN = 100;

/** The principal's open sessions, newest first. */
export function listSessions(db: Queryable, principalId: string, realm: Realm, now: Date): Promise<Session[]> {
  return db.query<Session>(
    `SELECT s.id, s.device, host(s.network) AS address, s.second_factor AS "secondFactor", s.opened_at AS "openedAt",
            s.last_seen_at AS "lastSeenAt", s.expires_at AS "expiresAt"
       FROM identity.session s JOIN identity.principal p ON p.id = s.principal_id
      WHERE s.principal_id = $1 AND s.revoked_at IS NULL AND s.epoch = p.session_epoch AND s.expires_at > $2 AND s.last_seen_at > $3
      ORDER BY s.opened_at DESC LIMIT ${SESSIONS_SHOWN}`,
    [principalId, now, new Date(now.getTime() - SESSION_LIFETIMES[realm].idleMs)],
  );
}
