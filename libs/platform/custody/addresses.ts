import { type Queryable } from '@base/database';

/** An address of ours and the key it belongs to. */
export interface OwnAddress {
  readonly id: string;
  readonly chainId: string;
  readonly ownerKind: 'customer' | 'house' | 'wallet';
  readonly customerId: string | null;
  readonly address: string;
  readonly locator: string;
  readonly branch: 0 | 1;
  readonly keyIndex: number;
  readonly at: Date;
}

const COLUMNS = `id, chain_id AS "chainId", owner_kind AS "ownerKind", customer_id AS "customerId", address, locator, branch,
  key_index AS "keyIndex", at`;

/** Those of `locators` that are ours, by locator. */
export async function ownAddresses(
  on: Queryable,
  chainId: string,
  locators: Iterable<string>,
): Promise<Map<string, OwnAddress>> {
  const asked = [...new Set(locators)];
  if (asked.length === 0) return new Map();
  const rows = await on.query<OwnAddress>(
    `SELECT ${COLUMNS} FROM custody.address WHERE chain_id = $1 AND locator = ANY ($2)`,
    [chainId, asked],
  );
  return new Map(rows.map((row) => [row.locator, row]));
}

export const newestAddressOf = (on: Queryable, chainId: string, customerId: string): Promise<OwnAddress | undefined> =>
  on.maybeOne<OwnAddress>(
    `SELECT ${COLUMNS} FROM custody.address WHERE chain_id = $1 AND customer_id = $2 ORDER BY at DESC, key_index DESC LIMIT 1`,
    [chainId, customerId],
  );

export const addressAt = (
  on: Queryable,
  chainId: string,
  branch: number,
  keyIndex: number,
): Promise<OwnAddress | undefined> =>
  on.maybeOne<OwnAddress>(
    `SELECT ${COLUMNS} FROM custody.address WHERE chain_id = $1 AND branch = $2 AND key_index = $3`,
    [chainId, branch, keyIndex],
  );

/** Every address of a chain that something has ever been paid to, and the house's: where value can be. */
export const addressesInUse = (on: Queryable, chainId: string): Promise<OwnAddress[]> =>
  on.query<OwnAddress>(
    `SELECT ${COLUMNS} FROM custody.address a
      WHERE chain_id = $1 AND (owner_kind <> 'customer' OR EXISTS (SELECT FROM custody.deposit d WHERE d.address_id = a.id))
      ORDER BY branch, key_index`,
    [chainId],
  );
