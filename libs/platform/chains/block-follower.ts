import { type Database } from '@base/database';
import { gauge, type Logger } from '@base/observability';
import { type BlockId, type BlockSink, type BlockSource, type ChainBlock, type ChainName } from './chain.js';
import { chainHalt, haltChain } from './chain-halt.js';
import { forgetBlock, lastBlock, rememberBlock, rememberedBlocks } from './remembered-blocks.js';

export interface BlockFollowerParts<Block extends ChainBlock> {
  readonly database: Database;
  readonly chain: ChainName;
  readonly source: BlockSource<Block>;
  readonly sink: BlockSink<Block>;
  /** A reorganisation deeper than this is not followed: the chain halts and people look. */
  readonly maxReorgDepth: number;
  /** Where a new database begins; the first block of the chain unless told. */
  readonly startHeight?: number;
  readonly logger: Logger;
}

export type Step = 'moved' | 'caught-up' | 'halted';

/** Blocks in one transaction when there is much to catch up on; few enough that a conflict costs little. */
const BATCH = 16;

const height = gauge({ name: 'strongroom_chains_height', help: 'Last block taken in', labels: ['chain'] });
const lag = gauge({
  name: 'strongroom_chains_lag_blocks',
  help: 'Blocks that the node has and we have not',
  labels: ['chain'],
});

/**
 * Follows a node's best chain. The cursor is the hash of the last block, so a node that was replaced or is on a fork is noticed by its parent hashes. The
 * cursor and what the sink made of a block commit together. On a reorganisation blocks are taken back newest first.
 */
export class BlockFollower<Block extends ChainBlock> {
  readonly #parts: BlockFollowerParts<Block>;

  constructor(parts: BlockFollowerParts<Block>) {
    this.#parts = parts;
  }

  /** Takes in everything up to the node's tip. */
  async catchUp(): Promise<Step> {
    for (;;) {
      const step = await this.step();
      if (step !== 'moved') return step;
    }
  }

  /** Takes in the next blocks, or takes back what a reorganisation removed. @throws ChainUnavailable, ChainLied: nothing happened */
  async step(): Promise<Step> {
    const { database, chain, source } = this.#parts;
    if (await chainHalt(database, chain)) return 'halted';
    const [last, tip] = [await lastBlock(database, chain), await source.tip()];
    lag.set({ chain }, last ? tip.height - last.height : 0);
    if (last && !(await this.#isOnBestChain(last, tip))) return this.#takeBack(last, tip);
    const next = last ? last.height + 1 : Math.min(this.#parts.startHeight ?? 0, tip.height);
    if (next > tip.height) return 'caught-up';
    await this.#takeIn(await this.#linked(last, next, Math.min(BATCH, tip.height - next + 1)), last);
    return 'moved';
  }

  /**
   * Up to `count` blocks that follow `last`, each on the one before. Between the questions the node may have reorganised: what does not link any more is left
   * for the next step, which looks again.
   */
  async #linked(last: BlockId | undefined, from: number, count: number): Promise<Block[]> {
    const blocks = await Promise.all(Array.from({ length: count }, (_, at) => this.#parts.source.blockAt(from + at)));
    const broken = blocks.findIndex((block, at) => {
      const parent = at === 0 ? last?.hash : blocks[at - 1]?.hash;
      return parent !== undefined && block.parentHash !== parent;
    });
    return broken < 0 ? blocks : blocks.slice(0, broken);
  }

  async #takeIn(blocks: readonly Block[], last: BlockId | undefined): Promise<void> {
    await this.#parts.database.transaction(async (tx) => {
      let parent = last;
      for (const block of blocks) {
        if (!(await rememberBlock(tx, block, parent))) return;
        await this.#parts.sink.connect(tx, block);
        parent = block;
      }
    });
    const newest = blocks.at(-1);
    if (newest) height.set({ chain: this.#parts.chain }, newest.height);
  }

  async #isOnBestChain(last: BlockId, tip: BlockId): Promise<boolean> {
    // A node that is behind us says nothing against our last block; what it does have must be what we have.
    if (tip.height >= last.height) return (await this.#parts.source.blockHashAt(last.height)) === last.hash;
    const [ours] = await rememberedBlocks(this.#parts.database, this.#parts.chain, { downFrom: tip.height, limit: 1 });
    return ours === undefined || ours.hash === tip.hash;
  }

  async #takeBack(last: BlockId, tip: BlockId): Promise<Step> {
    const { database, chain, maxReorgDepth, logger } = this.#parts;
    const ours = await rememberedBlocks(database, chain, { downFrom: last.height, limit: maxReorgDepth + 1 });
    const gone: BlockId[] = [];
    for (const block of ours) {
      if (block.height <= tip.height && (await this.#parts.source.blockHashAt(block.height)) === block.hash) break;
      gone.push(block);
    }
    if (gone.length > maxReorgDepth) {
      logger.error({ chain, depth: gone.length }, 'a reorganisation is deeper than we follow: the chain is halted');
      await database.transaction((tx) =>
        haltChain(tx, chain, `reorganisation deeper than ${maxReorgDepth} blocks below ${last.height}`),
      );
      return 'halted';
    }
    logger.warn({ chain, depth: gone.length, from: last.hash }, 'a reorganisation: blocks are taken back');
    await database.transaction(async (tx) => {
      for (const block of gone) {
        if (!(await forgetBlock(tx, chain, block))) return;
        await this.#parts.sink.disconnect(tx, block);
      }
    });
    return 'moved';
  }
}
