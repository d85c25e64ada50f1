import { type Tx } from '@base/database';
import { type BlockRef } from '@platform/chains';
import { type ChainAsset } from './settings.js';

/** Something of ours that a transaction used up which we did not sign. */
export interface ForeignSpend {
  readonly chainId: string;
  readonly txid: string;
  /** The coin, or the nonce and its account. */
  readonly what: string;
  readonly asset: ChainAsset;
  /** What it took from us, minor units, its fee included. */
  readonly amount: bigint;
  readonly height: number | null;
  readonly blockHash: string | null;
  readonly sightings: number;
  readonly lossBooked: boolean;
}

const SPEND = `SELECT chain_id AS "chainId", txid, what, asset, amount, height, block_hash AS "blockHash", sightings, loss_booked AS "lossBooked"
  FROM custody.foreign_spend`;

/** Writes down that a block has it; the same again after a reorganisation is another sighting. */
export function seeForeignSpend(
  tx: Tx,
  spend: Pick<ForeignSpend, 'chainId' | 'txid' | 'what' | 'asset' | 'amount'>,
  { height, hash }: BlockRef,
  at: Date,
): Promise<ForeignSpend> {
  return tx.one<ForeignSpend>(
    `INSERT INTO custody.foreign_spend AS s (chain_id, txid, what, asset, amount, height, block_hash, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (chain_id, txid, what) DO UPDATE SET height = $6, block_hash = $7, sightings = s.sightings + 1, loss_booked = false
     RETURNING chain_id AS "chainId", txid, what, asset, amount, height, block_hash AS "blockHash", sightings, loss_booked AS "lossBooked"`,
    [spend.chainId, spend.txid, spend.what, spend.asset, spend.amount, height, hash, at],
  );
}

/** Those that stand in a block. */
export function foreignSpendsIn(tx: Tx, chainId: string, blockHash: string): Promise<ForeignSpend[]> {
  return tx.query<ForeignSpend>(`${SPEND} WHERE chain_id = $1 AND block_hash = $2 ORDER BY txid, what FOR UPDATE`, [
    chainId,
    blockHash,
  ]);
}

export async function markLossBooked(tx: Tx, { chainId, txid, what }: ForeignSpend): Promise<void> {
  await tx.query(
    'UPDATE custody.foreign_spend SET loss_booked = true WHERE chain_id = $1 AND txid = $2 AND what = $3',
    [chainId, txid, what],
  );
}

/** No block of our chain has it any more. */
export async function unseeForeignSpend(tx: Tx, { chainId, txid, what }: ForeignSpend): Promise<void> {
  await tx.query(
    `UPDATE custody.foreign_spend SET height = NULL, block_hash = NULL, loss_booked = false
      WHERE chain_id = $1 AND txid = $2 AND what = $3`,
    [chainId, txid, what],
  );
}
