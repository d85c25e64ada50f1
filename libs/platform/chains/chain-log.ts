import { type Queryable, type Tx } from '@base/database';
import { type BlockHeader, type BlockRef } from './chain.js';

/** Blocks kept per chain: more than any reorganisation that is followed. */
const KEPT_BLOCKS = 2_000;

interface BlockRow {
  readonly height: number;
  readonly hash: string;
}

/** The blocks of a chain as this installation has taken them in: its cursor is the highest one. */
export class ChainLog {
  constructor(private readonly chainId: string) {}

  tip(db: Queryable): Promise<BlockRef | undefined> {
    return db.maybeOne<BlockRow>(
      'SELECT height, hash FROM chains.block WHERE chain_id = $1 ORDER BY height DESC LIMIT 1',
      [this.chainId],
    );
  }

  /** As `tip`, locked until the transaction ends: whoever moves the cursor moves it alone. */
  async lockedTip(tx: Tx): Promise<BlockRef | undefined> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`chains.cursor:${this.chainId}`]);
    return this.tip(tx);
  }

  /** Name of the block at a height that was taken in; `undefined` when it was not, or was rolled back. */
  async hashAt(db: Queryable, height: number): Promise<string | undefined> {
    const row = await db.maybeOne<BlockRow>(
      'SELECT height, hash FROM chains.block WHERE chain_id = $1 AND height = $2',
      [this.chainId, height],
    );
    return row?.hash;
  }

  async append(tx: Tx, block: BlockHeader, at: Date): Promise<void> {
    await tx.query(
      'INSERT INTO chains.block (chain_id, height, hash, parent_hash, mined_at, at) VALUES ($1, $2, $3, $4, $5, $6)',
      [this.chainId, block.height, block.hash, block.parentHash, new Date(block.time * 1000), at],
    );
    await tx.query('DELETE FROM chains.block WHERE chain_id = $1 AND height < $2', [
      this.chainId,
      block.height - KEPT_BLOCKS,
    ]);
  }

  async remove(tx: Tx, block: BlockRef): Promise<void> {
    await tx.query('DELETE FROM chains.block WHERE chain_id = $1 AND height = $2 AND hash = $3', [
      this.chainId,
      block.height,
      block.hash,
    ]);
  }
}
