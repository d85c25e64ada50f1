import { type Queryable, type Tx } from '@base/database';
import { type BlockId, type ChainBlock, type ChainName } from './chain.js';

interface BlockRow {
  readonly height: bigint;
  readonly hash: string;
}

const present = (row: BlockRow): BlockId => ({ height: Number(row.height), hash: row.hash });

export async function lastBlock(on: Queryable, chain: ChainName): Promise<BlockId | undefined> {
  return (await rememberedBlocks(on, chain, { limit: 1 }))[0];
}

/** Newest first. */
export async function rememberedBlocks(
  on: Queryable,
  chain: ChainName,
  { downFrom, limit }: { downFrom?: number; limit: number },
): Promise<BlockId[]> {
  const rows = await on.query<BlockRow>(
    'SELECT height, hash FROM chains.block WHERE chain = $1 AND ($2::bigint IS NULL OR height <= $2) ORDER BY height DESC LIMIT $3',
    [chain, downFrom ?? null, limit],
  );
  return rows.map(present);
}

/** The hash of the block that we took in at this height. */
export async function blockHashAt(on: Queryable, chain: ChainName, height: number): Promise<string | undefined> {
  return (
    await on.maybeOne<{ hash: string }>('SELECT hash FROM chains.block WHERE chain = $1 AND height = $2', [
      chain,
      height,
    ])
  )?.hash;
}

/** Moves the cursor from `parent` to `block`; false when another process has moved it meanwhile. */
export async function rememberBlock(tx: Tx, block: ChainBlock, parent: BlockId | undefined): Promise<boolean> {
  await lockCursor(tx, block.chain);
  if ((await lastBlock(tx, block.chain))?.hash !== parent?.hash) return false;
  await tx.query('INSERT INTO chains.block (chain, height, hash, parent_hash, mined_at) VALUES ($1, $2, $3, $4, $5)', [
    block.chain,
    block.height,
    block.hash,
    block.parentHash,
    block.time,
  ]);
  return true;
}

/** Takes the cursor back from `block` to its parent; false when it no longer stands there. */
export async function forgetBlock(tx: Tx, chain: ChainName, block: BlockId): Promise<boolean> {
  await lockCursor(tx, chain);
  if ((await lastBlock(tx, chain))?.hash !== block.hash) return false;
  await tx.query('DELETE FROM chains.block WHERE chain = $1 AND height = $2', [chain, block.height]);
  return true;
}

const lockCursor = async (tx: Tx, chain: ChainName): Promise<void> => {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('chains.cursor'), hashtext($1))`, [chain]);
};
