import { type Jobs } from '@base/jobs';
import { type Logger } from '@base/observability';
import { type ChainFollower, NodeUnavailable, ReorganisationTooDeep, type BlockHeader } from '@platform/chains';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { assetHalt, haltAsset } from './asset-halt.js';
import { type CreditDueDeposits } from './credit-due-deposits.js';
import { type CustodyChain } from './custody-chain.js';
import { type ReconcileCustody } from './reconcile-custody.js';

export interface DepositWork<Block extends BlockHeader> {
  readonly chain: CustodyChain;
  readonly follower: ChainFollower<Block>;
  readonly credits: CreditDueDeposits<Block>;
  readonly reconcile: ReconcileCustody;
  readonly everyMs: number;
}

const RECONCILE_EVERY_MS = 15_000;

/** Follows the chain, credits what is deep enough, and holds custody against the chain. */
export function registerDepositJobs<Block extends BlockHeader>(
  jobs: Jobs,
  work: DepositWork<Block>,
  parts: { database: Database; clock: Clock; logger: Logger },
): void {
  const { chain, follower, credits, reconcile } = work;
  jobs.every({
    kind: `custody.follow-${chain.chainId}`,
    everyMs: work.everyMs,
    run: async () => {
      try {
        await follower.catchUp();
        await credits.run();
      } catch (error) {
        if (error instanceof ReorganisationTooDeep) await halt(error.message);
        else if (error instanceof NodeUnavailable)
          parts.logger.warn({ chain: chain.chainId }, 'the node is not available');
        else throw error;
      }
    },
  });
  jobs.every({
    kind: `custody.reconcile-${chain.chainId}`,
    everyMs: RECONCILE_EVERY_MS,
    run: async () => void (await reconcile.run()),
  });

  const halt = async (reason: string): Promise<void> => {
    if (await assetHalt(parts.database, chain.asset)) return;
    parts.logger.error({ chain: chain.chainId }, reason);
    await parts.database.transaction((tx) => haltAsset(tx, chain.asset, reason, parts.clock.now()));
  };
}
