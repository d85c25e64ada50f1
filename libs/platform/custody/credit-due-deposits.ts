import { type Database } from '@base/database';
import { type Logger } from '@base/observability';
import { type BlockHeader, type BlockRef, type BlockSource, ChainLog, NodeLies, witnessed } from '@platform/chains';
import { haltAsset } from './asset-halt.js';
import { type CustodyChain } from './custody-chain.js';
import { depositsDue } from './deposits.js';
import { type RecordDeposit } from './record-deposit.js';

const BATCH = 200;

export interface CreditParts<Block extends BlockHeader> {
  readonly database: Database;
  readonly chain: CustodyChain;
  readonly deposits: RecordDeposit;
  /** Further nodes that must show the same blocks; none is a decision of the operator's. */
  readonly witnesses: readonly BlockSource<Block>[];
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Credits what lies deep enough, once every witness shows its block too. Witnesses that contradict each other halt the asset. */
export class CreditDueDeposits<Block extends BlockHeader> {
  constructor(private readonly parts: CreditParts<Block>) {}

  /** Answers how many were credited. */
  async run(): Promise<number> {
    const { database, chain, deposits } = this.parts;
    const tip = await new ChainLog(chain.chainId).tip(database);
    if (!tip) return 0;
    let credited = 0;
    const trusted = new Map<string, boolean>();
    for (const deposit of await depositsDue(database, chain.chainId, tip.height, BATCH)) {
      const block = { height: deposit.height, hash: deposit.blockHash };
      const known = trusted.get(block.hash) ?? (await this.#trust(block));
      trusted.set(block.hash, known);
      if (known && (await database.transaction((tx) => deposits.credit(tx, deposit.id)))) credited += 1;
    }
    return credited;
  }

  async #trust(block: BlockRef): Promise<boolean> {
    const { witnesses, chain, database, logger, now } = this.parts;
    try {
      return await witnessed(witnesses, block);
    } catch (error) {
      if (!(error instanceof NodeLies)) throw error;
      logger.error(
        { chain: chain.chainId, height: block.height },
        'nodes disagree: nothing is credited and the asset is halted',
      );
      await database.transaction((tx) =>
        haltAsset(tx, chain.asset, `nodes disagree about block ${block.height}`, now()),
      );
      return false;
    }
  }
}
