import { type Clock } from '@base/clock';
import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { lockCustomer } from '@platform/identity';
import { decodeDestination } from './decode-destination.js';
import { refusal } from './refusals.js';
import { type ChainAsset, type CustodySettings } from './settings.js';

/** An address outside that its customer has vouched for. */
export interface WhitelistEntry {
  readonly id: string;
  readonly customerId: string;
  readonly asset: ChainAsset;
  readonly name: string;
  readonly destination: string;
  /** Before this nothing is paid to it. */
  readonly usableAt: Date;
  readonly createdAt: Date;
}

export interface WhitelistRequest {
  readonly customerId: string;
  readonly asset: ChainAsset;
  readonly name: string;
  readonly destination: string;
}

/** A customer's entries, at most. */
const MOST_ENTRIES = 100;

const ENTRY = `SELECT id, customer_id AS "customerId", asset, name, destination, usable_at AS "usableAt", created_at AS "createdAt"
  FROM custody.whitelist WHERE removed_at IS NULL`;

/** Those that stand, the oldest first. */
export function listWhitelist(on: Queryable, customerId: string, asset?: ChainAsset): Promise<WhitelistEntry[]> {
  return on.query<WhitelistEntry>(
    `${ENTRY} AND customer_id = $1 AND ($2::text IS NULL OR asset = $2) ORDER BY id LIMIT ${MOST_ENTRIES}`,
    [customerId, asset ?? null],
  );
}

/** The customer's own entry of this id. */
export function findWhitelisted(on: Queryable, customerId: string, id: string): Promise<WhitelistEntry | undefined> {
  return on.maybeOne<WhitelistEntry>(`${ENTRY} AND customer_id = $1 AND id = $2`, [customerId, id]);
}

/**
 * Addresses that withdrawals from the exchange may go to. Programs that trade hold keys that may withdraw; a stolen one can empty an account to
 * its owner's own addresses and nowhere else. Whoever calls this has had the owner confirm it.
 */
export class KeepWhitelist {
  constructor(
    private readonly settings: CustodySettings,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal of the address; account_frozen, whitelist_full, whitelisted_already */
  async add(tx: Tx, request: WhitelistRequest): Promise<WhitelistEntry> {
    const { customerId, asset, name } = request;
    const customer = await lockCustomer(tx, customerId);
    if (customer?.status !== 'active') throw refusal('account_frozen');
    const destination = await decodeDestination(tx, this.settings, request);
    const known = await listWhitelist(tx, customerId);
    if (known.some((entry) => entry.asset === asset && entry.destination === destination))
      throw refusal('whitelisted_already');
    if (known.length >= MOST_ENTRIES) throw refusal('whitelist_full');
    const now = this.clock.now();
    const usableAt = new Date(now.getTime() + this.settings.whitelistCoolingOffMs);
    const entry = { id: uuidV7(now.getTime()), customerId, asset, name, destination, usableAt, createdAt: now };
    await tx.query(
      `INSERT INTO custody.whitelist (id, customer_id, asset, name, destination, usable_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [entry.id, customerId, asset, name, destination, usableAt, now],
    );
    return entry;
  }

  /** Takes effect at once. @throws Refusal whitelist_unknown */
  async remove(tx: Tx, customerId: string, id: string): Promise<void> {
    const removed = await tx.query(
      `UPDATE custody.whitelist SET removed_at = $3 WHERE id = $1 AND customer_id = $2 AND removed_at IS NULL RETURNING id`,
      [id, customerId, this.clock.now()],
    );
    if (removed.length === 0) throw refusal('whitelist_unknown');
  }
}
