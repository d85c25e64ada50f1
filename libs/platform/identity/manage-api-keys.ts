import { randomBytes } from 'node:crypto';
import { type Audit } from '@platform/audit';
import { type Clock } from '@base/clock';
import { sqlState, uuidV7, type Database, type Tx } from '@base/database';
import { API_KEYS_MAX, insertApiKey, listApiKeys, revokeApiKeyRow, type ApiKey } from './api-keys.js';
import { hashToken } from './opaque-token.js';
import { type ApiKeyScope, type Origin } from './principal.js';
import { lockPrincipal } from './principals.js';
import { refusal } from './refusals.js';
import { type StepUp } from './step-up.js';
import { type Operation } from './operation-digest.js';

const DAY_MS = 86_400_000;

export interface CreateApiKeyRequest {
  readonly customerId: string;
  readonly sessionId: string | undefined;
  readonly label: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly networks: readonly string[];
  readonly expiresInDays: number;
  readonly stepUp: { readonly operation: Operation; readonly token: string | undefined };
  readonly origin: Origin;
}

/** Keys that programs of a customer use: fewer rights than a session, an end, and networks where the owner wants them. */
export class ManageApiKeys {
  constructor(
    private readonly database: Database,
    private readonly stepUp: StepUp,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /**
   * Makes a key after a step-up for exactly this request. The secret is answered this once and stored as a hash.
   * @throws Refusal step_up_required, step_up_refused, session_needed, networks_required, networks_invalid, too_many_api_keys
   */
  async create(request: CreateApiKeyRequest): Promise<{ key: ApiKey; secret: string }> {
    if (request.scopes.includes('withdraw') && request.networks.length === 0)
      throw refusal('networks_required', { field: 'networks' });
    const secret = randomBytes(32).toString('base64url');
    try {
      return { key: await this.database.transaction((tx) => this.#insert(tx, request, secret)), secret };
    } catch (error) {
      if (sqlState(error) === INVALID_TEXT) throw refusal('networks_invalid', { field: 'networks' });
      throw error;
    }
  }

  async #insert(tx: Tx, request: CreateApiKeyRequest, secret: string): Promise<ApiKey> {
    const { customerId, origin } = request;
    const now = this.clock.now();
    await lockPrincipal(tx, customerId);
    await this.stepUp.demand(tx, { principalId: customerId, sessionId: request.sessionId }, request.stepUp);
    if ((await listApiKeys(tx, customerId, now)).length >= API_KEYS_MAX) throw refusal('too_many_api_keys');
    const key = await insertApiKey(tx, {
      id: uuidV7(now.getTime()),
      customerId,
      secretHash: hashToken(secret),
      label: request.label,
      scopes: request.scopes,
      networks: request.networks,
      createdAt: now,
      expiresAt: new Date(now.getTime() + request.expiresInDays * DAY_MS),
      lastUsedAt: null,
    });
    await this.audit.append(tx, {
      actor: { kind: 'customer', id: customerId },
      action: 'identity.api-key-created',
      subject: { kind: 'api-key', id: key.id },
      after: { scopes: key.scopes, networks: key.networks, expiresAt: key.expiresAt.toISOString() },
      request: { id: origin.requestId, network: origin.address },
    });
    return key;
  }

  /** Ends a key at once. @throws Refusal api_key_not_found */
  async revoke(request: { customerId: string; keyId: string; origin: Origin }): Promise<void> {
    const { customerId, keyId, origin } = request;
    await this.database.transaction(async (tx) => {
      const revoked = await revokeApiKeyRow(tx, { id: keyId, customerId, now: this.clock.now() });
      if (!revoked) throw refusal('api_key_not_found');
      await this.audit.append(tx, {
        actor: { kind: 'customer', id: customerId },
        action: 'identity.api-key-revoked',
        subject: { kind: 'api-key', id: keyId },
        request: { id: origin.requestId, network: origin.address },
      });
    });
  }
}

/** What PostgreSQL answers to text that is no CIDR block, or one with bits set right of its mask. */
const INVALID_TEXT = '22P02';
