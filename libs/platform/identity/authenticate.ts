import { timingSafeEqual } from 'node:crypto';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { hashToken } from './opaque-token.js';
import { type OperatorRole } from '@base/http';
import { API_KEY_SCOPES, type ApiKeyScope, type PrincipalStatus, type Realm } from './principal.js';
import { LAST_USE_PRECISION_MS, SESSION_LIFETIMES } from './session-policy.js';

/** A customer as one request shows them: by a session, or by an API key, which has no session and may do less. */
export interface AuthenticatedCustomer {
  readonly realm: 'customer';
  readonly id: string;
  readonly sessionId: string | undefined;
  readonly apiKeyId: string | undefined;
  readonly scopes: readonly ApiKeyScope[];
  readonly frozen: boolean;
  readonly secondFactor: boolean;
}

export interface AuthenticatedOperator {
  readonly realm: 'operator';
  readonly id: string;
  readonly sessionId: string;
  readonly roles: readonly OperatorRole[];
  readonly secondFactor: boolean;
}

interface SessionRow {
  readonly sessionId: string;
  readonly id: string;
  readonly status: PrincipalStatus;
  readonly secondFactor: boolean;
  readonly lastSeenAt: Date;
  readonly roles: OperatorRole[] | null;
}

interface KeyRow {
  readonly id: string;
  readonly customerId: string;
  readonly secretHash: Buffer;
  readonly scopes: ApiKeyScope[];
  readonly status: PrincipalStatus;
  readonly allowed: boolean;
  readonly lastUsedAt: Date | null;
}

/**
 * Says who a token or a key stands for. The answer comes from PostgreSQL on every request, with no cache in between, so what was revoked is
 * revoked everywhere at once.
 */
export class Authenticate {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async customerBySession(accessToken: string): Promise<AuthenticatedCustomer | undefined> {
    const row = await this.#session(accessToken, 'customer');
    if (!row) return undefined;
    const { id, sessionId, secondFactor, status } = row;
    return {
      realm: 'customer',
      id,
      sessionId,
      apiKeyId: undefined,
      scopes: API_KEY_SCOPES,
      frozen: status === 'frozen',
      secondFactor,
    };
  }

  async operatorBySession(accessToken: string): Promise<AuthenticatedOperator | undefined> {
    const row = await this.#session(accessToken, 'operator');
    if (!row) return undefined;
    return {
      realm: 'operator',
      id: row.id,
      sessionId: row.sessionId,
      roles: row.roles ?? [],
      secondFactor: row.secondFactor,
    };
  }

  /** @param address the client's, held against the key's networks. */
  async customerByKey(keyId: string, secret: string, address: string): Promise<AuthenticatedCustomer | undefined> {
    if (!UUID.test(keyId)) return undefined;
    const now = this.clock.now();
    const row = await this.database.maybeOne<KeyRow>(
      `SELECT k.id, k.customer_id AS "customerId", k.secret_hash AS "secretHash", k.scopes, p.status, k.last_used_at AS "lastUsedAt",
              cardinality(k.networks) = 0 OR $3::inet <<= ANY (k.networks) AS allowed
         FROM identity.api_key k JOIN identity.principal p ON p.id = k.customer_id
        WHERE k.id = $1 AND k.revoked_at IS NULL AND k.expires_at > $2 AND p.status <> 'closed'`,
      [keyId, now, address],
    );
    if (!row || !timingSafeEqual(row.secretHash, hashToken(secret)) || !row.allowed) return undefined;
    if (isOld(row.lastUsedAt, now)) {
      await this.database.query('UPDATE identity.api_key SET last_used_at = $2 WHERE id = $1', [row.id, now]);
    }
    return {
      realm: 'customer',
      id: row.customerId,
      sessionId: undefined,
      apiKeyId: row.id,
      scopes: row.scopes,
      frozen: row.status === 'frozen',
      secondFactor: false,
    };
  }

  async #session(accessToken: string, realm: Realm): Promise<SessionRow | undefined> {
    const now = this.clock.now();
    const row = await this.database.maybeOne<SessionRow>(
      `SELECT s.id AS "sessionId", p.id, p.status, s.second_factor AS "secondFactor", s.last_seen_at AS "lastSeenAt", o.roles
         FROM identity.session_token t
         JOIN identity.session s ON s.id = t.session_id
         JOIN identity.principal p ON p.id = s.principal_id
         LEFT JOIN identity.operator o ON o.id = p.id
        WHERE t.hash = $1 AND t.kind = 'access' AND t.expires_at > $3 AND p.realm = $2 AND p.status <> 'closed'
          AND s.revoked_at IS NULL AND s.epoch = p.session_epoch AND s.expires_at > $3 AND s.last_seen_at > $4`,
      [hashToken(accessToken), realm, now, new Date(now.getTime() - SESSION_LIFETIMES[realm].idleMs)],
    );
    if (row && isOld(row.lastSeenAt, now)) {
      await this.database.query('UPDATE identity.session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2', [
        row.sessionId,
        now,
      ]);
    }
    return row;
  }
}

const isOld = (lastUse: Date | null, now: Date): boolean =>
  lastUse === null || now.getTime() - lastUse.getTime() >= LAST_USE_PRECISION_MS;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
