import { type Queryable, type Tx } from '@base/database';
import { type BitcoinBlock, type BitcoinOutput, type BitcoinTransaction, type BlockRef } from '@platform/chains';
import { type OwnAddress } from './addresses.js';

/** A transaction output that is ours. */
export interface OwnCoin {
  readonly chainId: string;
  readonly txid: string;
  readonly vout: number;
  /** Satoshi. */
  readonly value: bigint;
  readonly script: string;
  readonly branch: 0 | 1;
  readonly keyIndex: number;
  readonly rawTx: string;
  readonly height: number;
}

const COLUMNS = `chain_id AS "chainId", txid, vout, value, script, branch, key_index AS "keyIndex", raw_tx AS "rawTx", height`;

/** Blocks until a coinbase may be spent (consensus). */
const COINBASE_MATURITY = 100;

export async function recordCoin(
  tx: Tx,
  coin: {
    block: BitcoinBlock;
    transaction: BitcoinTransaction;
    output: BitcoinOutput;
    address: OwnAddress;
    isDust: boolean;
  },
): Promise<void> {
  const { block, transaction, output, address, isDust } = coin;
  await tx.query(
    `INSERT INTO custody.coin (chain_id, txid, vout, value, script, address_id, branch, key_index, raw_tx, is_dust, coinbase, height, block_hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [address.chainId, transaction.txid, output.vout, output.value, output.script, address.id, address.branch, address.keyIndex,
     transaction.raw, isDust, transaction.coinbase, block.height, block.hash],
  ); // prettier-ignore
}

/** Marks those of `spends` that are ours as spent in the block; answers the spending transactions' ids. */
export async function markSpent(
  tx: Tx,
  chainId: string,
  height: number,
  spends: readonly { readonly txid: string; readonly vout: number; readonly by: string }[],
): Promise<Set<string>> {
  if (spends.length === 0) return new Set();
  const rows = await tx.query<{ by: string }>(
    `UPDATE custody.coin c SET spent_by = s.by, spent_height = $2
       FROM unnest($3::text[], $4::int[], $5::text[]) AS s (txid, vout, by)
      WHERE c.chain_id = $1 AND c.txid = s.txid AND c.vout = s.vout RETURNING s.by`,
    [
      chainId,
      height,
      spends.map((spend) => spend.txid),
      spends.map((spend) => spend.vout),
      spends.map((spend) => spend.by),
    ],
  );
  return new Set(rows.map((row) => row.by));
}

/** Takes back what a block did to our coins. */
export async function forgetBlockCoins(tx: Tx, chainId: string, block: BlockRef): Promise<void> {
  await tx.query(
    'UPDATE custody.coin SET spent_by = NULL, spent_height = NULL WHERE chain_id = $1 AND spent_height = $2',
    [chainId, block.height],
  );
  await tx.query('DELETE FROM custody.coin WHERE chain_id = $1 AND height = $2', [chainId, block.height]);
}

/** Coins that may be spent at `tip`, largest first: in a block, unspent, worth spending, mature. Reservations are the withdrawals' concern. */
export const spendableCoins = (on: Queryable, chainId: string, tip: number, limit = 5_000): Promise<OwnCoin[]> =>
  on.query<OwnCoin>(
    `SELECT ${COLUMNS} FROM custody.coin
      WHERE chain_id = $1 AND spent_by IS NULL AND NOT is_dust AND (NOT coinbase OR height <= $2)
      ORDER BY value DESC, txid, vout LIMIT $3`,
    [chainId, tip - COINBASE_MATURITY + 1, limit],
  );

/** All unspent coins, dust too: what the chain must show. */
export const unspentCoins = (on: Queryable, chainId: string): Promise<(OwnCoin & { readonly isDust: boolean })[]> =>
  on.query(
    `SELECT ${COLUMNS}, is_dust AS "isDust" FROM custody.coin WHERE chain_id = $1 AND spent_by IS NULL ORDER BY txid, vout`,
    [chainId],
  );
