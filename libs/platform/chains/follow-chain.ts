import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { counter, gauge } from '@base/observability';
import { type BlockHeader, type BlockRef, type BlockSource } from './chain.js';
import { ChainLog } from './chain-log.js';
import { NodeLies } from './node-errors.js';

/** What becomes of blocks. Both calls run in the transaction that moves the cursor. */
export interface BlockConsumer<Block extends BlockHeader> {
  connect(tx: Tx, block: Block): Promise<void>;
  /** The newest block is not part of the chain any more: undo what it did. */
  disconnect(tx: Tx, block: BlockRef): Promise<void>;
}

/** The node's chain forks from ours below what may be followed without a person. */
export class ReorganisationTooDeep extends Error {
  override readonly name = 'ReorganisationTooDeep';

  constructor(
    readonly chainId: string,
    readonly depth: number,
  ) {
    super(`${chainId}: more than ${depth} blocks would have to be taken back`);
  }
}

export interface FollowOptions<Block extends BlockHeader> {
  readonly chainId: string;
  readonly database: Database;
  readonly clock: Clock;
  readonly source: BlockSource<Block>;
  readonly consumer: BlockConsumer<Block>;
  readonly maxReorg: number;
  /** First height to take in; the node's tip at the first run when left out. */
  readonly startHeight?: number;
}

const blocks = counter({
  name: 'strongroom_chains_blocks_total',
  help: 'Blocks taken in and taken back',
  labels: ['chain', 'what'],
});
const heightGauge = gauge({
  name: 'strongroom_chains_height',
  help: 'Height taken in, and of the node',
  labels: ['chain', 'of'],
});

/**
 * Follows a chain block by block. The cursor is a block's name, not a number: the next block must name it as its parent, and when the node
 * no longer has it, it is taken back first. Each step is one transaction, so a crash anywhere leaves a state from which the next run
 * goes on.
 */
export class ChainFollower<Block extends BlockHeader> {
  readonly log: ChainLog;

  constructor(private readonly options: FollowOptions<Block>) {
    this.log = new ChainLog(options.chainId);
  }

  /**
   * Takes in what the node has, at most `limit` blocks; answers how many steps were made, back or forth.
   * @throws ReorganisationTooDeep, NodeLies, NodeUnavailable
   */
  async catchUp(limit = 500): Promise<number> {
    const { source, chainId, database } = this.options;
    const tip = await source.tip();
    heightGauge.set({ chain: chainId, of: 'node' }, tip.height);
    let takenBack = 0;
    for (let steps = 0; steps < limit; steps++) {
      const cursor = await this.log.tip(database);
      heightGauge.set({ chain: chainId, of: 'taken in' }, cursor?.height ?? 0);
      const step = await this.#nextStep(cursor, tip);
      if (step === undefined) return steps;
      if (step === 'back') {
        if (cursor === undefined || ++takenBack > this.options.maxReorg)
          throw new ReorganisationTooDeep(chainId, this.options.maxReorg);
        await this.#takeBack(cursor);
      } else await this.#takeIn(step, cursor);
    }
    return limit;
  }

  async #nextStep(cursor: BlockRef | undefined, tip: BlockRef): Promise<Block | 'back' | undefined> {
    const { source } = this.options;
    if (cursor === undefined) return this.#blockAt(this.options.startHeight ?? tip.height);
    if ((await source.hashAt(cursor.height)) !== cursor.hash) {
      // A node that is merely behind has nothing at this height, but an honest one still has our block's ancestors: wait for it.
      if (tip.height < cursor.height && !(await this.#forked(tip.height))) return undefined;
      return 'back';
    }
    if (tip.height <= cursor.height) return undefined;
    const next = await this.#blockAt(cursor.height + 1);
    // The chain changed between two questions: the next round sees which way.
    return next === undefined || next.parentHash === cursor.hash ? next : 'back';
  }

  /** Whether the node, at its own tip, is on another branch than ours. */
  async #forked(height: number): Promise<boolean> {
    const ours = await this.log.hashAt(this.options.database, height);
    return ours !== undefined && ours !== (await this.options.source.hashAt(height));
  }

  async #blockAt(height: number): Promise<Block | undefined> {
    const hash = await this.options.source.hashAt(height);
    if (hash === undefined) return undefined;
    const block = await this.options.source.block(hash);
    if (block.height !== height) throw new NodeLies('a block at another height than its own');
    return block;
  }

  async #takeIn(block: Block, cursor: BlockRef | undefined): Promise<void> {
    const { database, consumer, clock, chainId } = this.options;
    await database.transaction(async (tx) => {
      // Another process may have been here in the meantime; it has done the same, and the next round starts from there.
      if ((await this.log.lockedTip(tx))?.hash !== cursor?.hash) return;
      await this.log.append(tx, block, clock.now());
      await consumer.connect(tx, block);
    });
    blocks.inc({ chain: chainId, what: 'taken in' });
  }

  async #takeBack(cursor: BlockRef): Promise<void> {
    const { database, consumer, chainId } = this.options;
    await database.transaction(async (tx) => {
      if ((await this.log.lockedTip(tx))?.hash !== cursor.hash) return;
      await consumer.disconnect(tx, cursor);
      await this.log.remove(tx, cursor);
    });
    blocks.inc({ chain: chainId, what: 'taken back' });
  }
}
