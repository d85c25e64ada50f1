import { type Queryable, type Tx } from '@base/database';
import { type OwnerKind } from './addresses.js';
import { type DepositState } from './deposit.js';
import { type ChainAsset } from './settings.js';

export interface Deposit {
  readonly id: string;
  readonly chainId: string;
  readonly txid: string;
  readonly outputIndex: number;
  readonly asset: ChainAsset;
  readonly amount: bigint;
  readonly addressId: string;
  readonly address: string;
  readonly ownerKind: OwnerKind;
  readonly ownerId: string | null;
  readonly state: DepositState;
  readonly requiredDepth: number;
  readonly height: number | null;
  readonly blockHash: string | null;
  readonly sightings: number;
  /** Whether the books show its loss. */
  readonly lossBooked: boolean;
  readonly at: Date;
  readonly creditedAt: Date | null;
}

const DEPOSIT = `SELECT d.id, d.chain_id AS "chainId", d.txid, d.output_index AS "outputIndex", d.asset, d.amount, d.address_id AS "addressId",
    a.address, a.owner_kind AS "ownerKind", a.owner_id AS "ownerId", d.state, d.required_depth AS "requiredDepth", d.height,
    d.block_hash AS "blockHash", d.sightings, d.loss_booked AS "lossBooked", d.at, d.credited_at AS "creditedAt"
  FROM custody.deposit d JOIN custody.address a ON a.id = d.address_id`;

export type NewDeposit = Pick<
  Deposit,
  'id' | 'chainId' | 'txid' | 'outputIndex' | 'asset' | 'amount' | 'addressId' | 'state' | 'requiredDepth' | 'at'
> & { readonly height: number; readonly blockHash: string };

/** Inserts a deposit; answers false when this output is known already. */
export async function insertDeposit(tx: Tx, deposit: NewDeposit): Promise<boolean> {
  const fresh = await tx.query(
    `INSERT INTO custody.deposit (id, chain_id, txid, output_index, asset, address_id, amount, state, required_depth, height, block_hash, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (chain_id, txid, output_index) DO NOTHING RETURNING id`,
    [
      deposit.id,
      deposit.chainId,
      deposit.txid,
      deposit.outputIndex,
      deposit.asset,
      deposit.addressId,
      deposit.amount,
      deposit.state,
      deposit.requiredDepth,
      deposit.height,
      deposit.blockHash,
      deposit.at,
    ],
  );
  return fresh.length > 0;
}

/** The deposit of an output, locked. */
export async function lockDepositOf(tx: Tx, chainId: string, txid: string, outputIndex: number): Promise<Deposit> {
  await tx.query('SELECT FROM custody.deposit WHERE chain_id = $1 AND txid = $2 AND output_index = $3 FOR UPDATE', [
    chainId,
    txid,
    outputIndex,
  ]);
  return tx.one<Deposit>(`${DEPOSIT} WHERE d.chain_id = $1 AND d.txid = $2 AND d.output_index = $3`, [
    chainId,
    txid,
    outputIndex,
  ]);
}

export async function lockDeposit(tx: Tx, id: string): Promise<Deposit> {
  await tx.query('SELECT FROM custody.deposit WHERE id = $1 FOR UPDATE', [id]);
  return tx.one<Deposit>(`${DEPOSIT} WHERE d.id = $1`, [id]);
}

/** Deposits that stand in a block, locked, in a fixed order. */
export async function lockDepositsIn(tx: Tx, chainId: string, blockHash: string): Promise<Deposit[]> {
  await tx.query('SELECT FROM custody.deposit WHERE chain_id = $1 AND block_hash = $2 ORDER BY id FOR UPDATE', [
    chainId,
    blockHash,
  ]);
  return tx.query<Deposit>(`${DEPOSIT} WHERE d.chain_id = $1 AND d.block_hash = $2 ORDER BY d.id`, [
    chainId,
    blockHash,
  ]);
}

/** Pending deposits that are deep enough when `tip` is the newest block, oldest first. */
export function maturedDeposits(db: Queryable, chainId: string, tip: number, limit = 200): Promise<Deposit[]> {
  return db.query<Deposit>(
    `${DEPOSIT} WHERE d.chain_id = $1 AND d.state = 'pending' AND d.height + d.required_depth - 1 <= $2
      ORDER BY d.height, d.id LIMIT $3`,
    [chainId, tip, limit],
  );
}

export async function updateDeposit(
  tx: Tx,
  id: string,
  to: Pick<Deposit, 'state' | 'height' | 'blockHash' | 'sightings' | 'lossBooked' | 'creditedAt'>,
): Promise<void> {
  await tx.query(
    `UPDATE custody.deposit SET state = $2, height = $3, block_hash = $4, sightings = $5, loss_booked = $6, credited_at = $7 WHERE id = $1`,
    [id, to.state, to.height, to.blockHash, to.sightings, to.lossBooked, to.creditedAt],
  );
}

export interface DepositFilter {
  readonly ownerId?: string | undefined;
  readonly asset?: ChainAsset | undefined;
  readonly state?: DepositState | undefined;
  readonly before?: string | undefined;
  /** When it was seen first, both inclusive. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly limit: number;
}

/** The newest first. */
export function listDeposits(db: Queryable, filter: DepositFilter): Promise<Deposit[]> {
  return db.query<Deposit>(
    `${DEPOSIT} WHERE ($1::uuid IS NULL OR a.owner_id = $1) AND ($2::text IS NULL OR d.asset = $2)
        AND ($3::text IS NULL OR d.state = $3) AND ($4::uuid IS NULL OR d.id < $4)
        AND ($6::timestamptz IS NULL OR d.at >= $6) AND ($7::timestamptz IS NULL OR d.at <= $7) ORDER BY d.id DESC LIMIT $5`,
    [
      filter.ownerId ?? null,
      filter.asset ?? null,
      filter.state ?? null,
      filter.before ?? null,
      filter.limit,
      filter.from ?? null,
      filter.to ?? null,
    ],
  );
}

/** Of this id, whoever it belongs to. */
export function findDeposit(db: Queryable, id: string): Promise<Deposit | undefined> {
  return db.maybeOne<Deposit>(`${DEPOSIT} WHERE d.id = $1`, [id]);
}
