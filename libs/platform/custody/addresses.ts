import { type Queryable, type Tx } from '@base/database';

export type OwnerKind = 'customer' | 'house' | 'internal';

export interface OwnAddress {
  readonly id: string;
  readonly chainId: string;
  readonly ownerKind: OwnerKind;
  readonly ownerId: string | null;
  readonly branch: 0 | 1;
  readonly index: number;
  readonly address: string;
  /** As it stands on chain: script in hexadecimal on Bitcoin, the address on Ethereum. */
  readonly destination: string;
  readonly at: Date;
}

const ADDRESS = `SELECT id, chain_id AS "chainId", owner_kind AS "ownerKind", owner_id AS "ownerId", branch, key_index AS "index",
  address, destination, at FROM custody.address`;

/** The next free key of a branch, taken for good when the transaction commits. */
export async function takeKeyIndex(tx: Tx, chainId: string, branch: 0 | 1): Promise<number> {
  const { taken } = await tx.one<{ taken: number }>(
    `INSERT INTO custody.key_counter (chain_id, branch, next) VALUES ($1, $2, 1)
     ON CONFLICT (chain_id, branch) DO UPDATE SET next = key_counter.next + 1 RETURNING next - 1 AS taken`,
    [chainId, branch],
  );
  return taken;
}

export async function insertAddress(tx: Tx, address: OwnAddress): Promise<void> {
  await tx.query(
    `INSERT INTO custody.address (id, chain_id, owner_kind, owner_id, branch, key_index, address, destination, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      address.id,
      address.chainId,
      address.ownerKind,
      address.ownerId,
      address.branch,
      address.index,
      address.address,
      address.destination,
      address.at,
    ],
  );
}

export function findCustomerAddress(
  db: Queryable,
  chainId: string,
  customerId: string,
): Promise<OwnAddress | undefined> {
  return db.maybeOne<OwnAddress>(`${ADDRESS} WHERE chain_id = $1 AND owner_kind = 'customer' AND owner_id = $2`, [
    chainId,
    customerId,
  ]);
}

export function findHouseAddress(db: Queryable, chainId: string): Promise<OwnAddress | undefined> {
  return db.maybeOne<OwnAddress>(`${ADDRESS} WHERE chain_id = $1 AND owner_kind = 'house'`, [chainId]);
}

export function findAddressAt(
  db: Queryable,
  chainId: string,
  position: { branch: 0 | 1; index: number },
): Promise<OwnAddress | undefined> {
  return db.maybeOne<OwnAddress>(`${ADDRESS} WHERE chain_id = $1 AND branch = $2 AND key_index = $3`, [
    chainId,
    position.branch,
    position.index,
  ]);
}

export function readAddress(db: Queryable, id: string): Promise<OwnAddress> {
  return db.one<OwnAddress>(`${ADDRESS} WHERE id = $1`, [id]);
}

/** Ours among these destinations, by destination. */
export async function ownAmong(
  db: Queryable,
  chainId: string,
  destinations: readonly string[],
): Promise<ReadonlyMap<string, OwnAddress>> {
  if (destinations.length === 0) return new Map();
  const found = await db.query<OwnAddress>(`${ADDRESS} WHERE chain_id = $1 AND destination = ANY ($2)`, [
    chainId,
    [...new Set(destinations)],
  ]);
  return new Map(found.map((address) => [address.destination, address]));
}

/** All addresses of a chain that have ever received something, or pay: what a reconciliation looks at. */
export function addressesInUse(db: Queryable, chainId: string): Promise<OwnAddress[]> {
  return db.query<OwnAddress>(
    `${ADDRESS} a WHERE a.chain_id = $1
        AND (a.owner_kind = 'internal' OR EXISTS (SELECT FROM custody.deposit d WHERE d.address_id = a.id)) ORDER BY a.id`,
    [chainId],
  );
}
