import { timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { canonicalAddress } from './network.js';
import { hashToken } from './opaque-token.js';
import { type ApiKeyScope, type PrincipalStatus } from './principal.js';
import { LAST_USE_PRECISION_MS } from './session-policy.js';

/** All that decides what a key may do, so that a process can hold it for a moment and decide by itself. */
export interface KeyStanding {
  readonly keyId: string;
  readonly customerId: string;
  /** What is stored of the secret. */
  readonly secretHash: Buffer;
  readonly scopes: readonly ApiKeyScope[];
  /** Where it may be used from; undefined for anywhere. */
  readonly networks: BlockList | undefined;
  readonly expiresAt: Date;
  readonly isFrozen: boolean;
}

interface StandingRow {
  readonly keyId: string;
  readonly customerId: string;
  readonly secretHash: Buffer;
  readonly scopes: ApiKeyScope[];
  readonly networks: string[];
  readonly expiresAt: Date;
  readonly status: PrincipalStatus;
}

const WORKING = `SELECT k.id AS "keyId", k.customer_id AS "customerId", k.secret_hash AS "secretHash", k.scopes, k.networks::text[] AS networks,
    k.expires_at AS "expiresAt", p.status
  FROM identity.api_key k JOIN identity.principal p ON p.id = k.customer_id
  WHERE k.revoked_at IS NULL AND k.expires_at > $2 AND p.status <> 'closed'`;

/**
 * Keys that work, for a process that asks so often that it keeps the answers. It must forget them after a second: what a standing says was true
 * when it was read. `Authenticate` is for everybody else.
 */
export class ApiKeyStandings {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Found by the secret alone, which has 256 random bits; the look-up by its hash leaks no timing. */
  async bySecret(secret: string): Promise<KeyStanding | undefined> {
    const row = await this.database.maybeOne<StandingRow>(`${WORKING} AND k.secret_hash = $1`, [
      hashToken(secret),
      this.clock.now(),
    ]);
    return row && standingOf(row);
  }

  /** Those among these keys that work now. Ids that are no UUIDs are nobody's. */
  async byIds(keyIds: readonly string[]): Promise<KeyStanding[]> {
    const ids = keyIds.filter((id) => UUID.test(id));
    if (ids.length === 0) return [];
    const rows = await this.database.query<StandingRow>(`${WORKING} AND k.id = ANY ($1::uuid[])`, [
      ids,
      this.clock.now(),
    ]);
    return rows.map(standingOf);
  }

  /** Keeps `lastUsedAt` of these keys true to a minute. */
  async noteUse(keyIds: readonly string[]): Promise<void> {
    if (keyIds.length === 0) return;
    const now = this.clock.now();
    await this.database.query(
      `UPDATE identity.api_key SET last_used_at = $2 WHERE id = ANY ($1::uuid[]) AND (last_used_at IS NULL OR last_used_at <= $3)`,
      [[...keyIds], now, new Date(now.getTime() - LAST_USE_PRECISION_MS)],
    );
  }
}

/** What is stored of a secret, and what it may be looked up by in memory. */
export const secretHash = (secret: string): Buffer => hashToken(secret);

/** Whether this is the key's secret; takes as long for a wrong one. */
export const secretFits = (standing: KeyStanding, secret: string): boolean =>
  timingSafeEqual(standing.secretHash, hashToken(secret));

/** Whether the key may be used from this address. */
export function mayComeFrom({ networks }: KeyStanding, address: string): boolean {
  if (networks === undefined) return true;
  const plain = canonicalAddress(address);
  return networks.check(plain, isIP(plain) === 4 ? 'ipv4' : 'ipv6');
}

function standingOf({ networks, status, ...row }: StandingRow): KeyStanding {
  return { ...row, networks: blocksOf(networks), isFrozen: status === 'frozen' };
}

function blocksOf(networks: readonly string[]): BlockList | undefined {
  if (networks.length === 0) return undefined;
  const blocks = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    blocks.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return blocks;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
