import { type Audit } from '@platform/audit';
import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { hashToken } from './opaque-token.js';
import { type Origin, type Realm } from './principal.js';
import { refusal } from './refusals.js';
import { SESSION_LIFETIMES } from './session-policy.js';
import { issueTokens, revokeSession, type IssuedSession } from './sessions.js';

interface FoundSession {
  readonly sessionId: string;
  readonly principalId: string;
  readonly usedAt: Date | null;
  readonly alive: boolean;
  readonly expiresAt: Date;
}

/**
 * Swaps a refresh token for the next pair. A token that comes twice was copied by somebody, and we cannot know which of the two is the
 * owner: the whole family of tokens dies (RFC 9700, section 4.14.2).
 */
export class RefreshSession {
  constructor(
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal session_refused */
  async run(request: { realm: Realm; refreshToken: string; origin: Origin }): Promise<IssuedSession> {
    // The refusal is thrown outside: killing the family must commit.
    const issued = await this.database.transaction((tx) => this.#rotate(tx, request));
    if (!issued) throw refusal('session_refused');
    return issued;
  }

  async #rotate(
    tx: Tx,
    request: { realm: Realm; refreshToken: string; origin: Origin },
  ): Promise<IssuedSession | undefined> {
    const now = this.clock.now();
    const hash = hashToken(request.refreshToken);
    const found = await this.#find(tx, hash, request.realm, now);
    if (!found) return undefined;
    if (found.usedAt !== null) {
      await this.#killFamily(tx, found, request.origin, now);
      return undefined;
    }
    if (!found.alive) return undefined;
    await tx.query('UPDATE identity.session_token SET used_at = $2 WHERE hash = $1', [hash, now]);
    await tx.query('UPDATE identity.session SET last_seen_at = $2 WHERE id = $1', [found.sessionId, now]);
    return issueTokens(tx, { sessionId: found.sessionId, realm: request.realm, expiresAt: found.expiresAt, now });
  }

  #find(tx: Tx, hash: Buffer, realm: Realm, now: Date): Promise<FoundSession | undefined> {
    return tx.maybeOne<FoundSession>(
      `SELECT s.id AS "sessionId", p.id AS "principalId", t.used_at AS "usedAt", s.expires_at AS "expiresAt",
              s.revoked_at IS NULL AND s.epoch = p.session_epoch AND p.status <> 'closed'
                AND t.expires_at > $3 AND s.last_seen_at > $4 AS alive
         FROM identity.session_token t
         JOIN identity.session s ON s.id = t.session_id
         JOIN identity.principal p ON p.id = s.principal_id
        WHERE t.hash = $1 AND t.kind = 'refresh' AND p.realm = $2 FOR UPDATE OF t, s`,
      [hash, realm, now, new Date(now.getTime() - SESSION_LIFETIMES[realm].idleMs)],
    );
  }

  async #killFamily(tx: Tx, found: FoundSession, origin: Origin, now: Date): Promise<void> {
    const session = {
      id: found.sessionId,
      principalId: found.principalId,
      reason: 'refresh-token-reused' as const,
      now,
    };
    if (!(await revokeSession(tx, session))) return;
    await this.audit.append(tx, {
      actor: { kind: 'system' },
      action: 'identity.refresh-token-reused',
      subject: { kind: 'session', id: found.sessionId },
      request: { id: origin.requestId, network: origin.address },
    });
  }
}
