import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Events } from '@base/events';
import { type Logger } from '@base/observability';
import { type BlockRef } from '@platform/chains';
import { type Ledger, LedgerRefusal } from '@platform/ledger';
import { foreignSpendsIn, markLossBooked, seeForeignSpend, unseeForeignSpend } from './foreign-spends.js';
import { halt } from './halts.js';
import { intentAfter } from './intent.js';
import { lockIntent, moveIntent } from './intents.js';
import { coinsFound, coinsLost } from './journals.js';
import { type AssetSettings } from './settings.js';

/** What of ours a transaction used up, as a block shows it. */
export interface SpendInBlock {
  readonly txid: string;
  /** The coin, or the nonce and its account. */
  readonly what: string;
  readonly amount: bigint;
  /** The intent that had reserved it. */
  readonly intentId: string | null;
}

/**
 * Something spent what is ours and we did not sign it, at least not in this life: the keys are known to somebody else, or the books to
 * nobody. The asset stands still, what is missing gets an account of its own until people close it, and the intent that waits on it is
 * marked.
 */
export class RecordForeignSpend {
  constructor(
    private readonly ledger: Ledger,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async seen(tx: Tx, settings: AssetSettings, spends: readonly SpendInBlock[], block: BlockRef): Promise<void> {
    for (const spend of spends) {
      await this.#halt(tx, settings, `${spend.what} was spent by ${spend.txid}, which we did not send`);
      await this.#lose(tx, settings, spend, block);
      if (spend.intentId === null) continue;
      const intent = await lockIntent(tx, spend.intentId);
      if (intentAfter(intent.state, 'conflict') === undefined) continue;
      const detail = { txid: spend.txid };
      await moveIntent(tx, this.events, intent, { event: 'conflict', at: this.clock.now(), detail });
    }
  }

  /** Its block is gone: so is the loss, until it is mined again. What was halted stays halted: the key is known all the same. */
  async takenBack(tx: Tx, { chainId }: AssetSettings, block: BlockRef): Promise<void> {
    for (const spend of await foreignSpendsIn(tx, chainId, block.hash)) {
      if (spend.lossBooked) await this.ledger.post(tx, coinsFound(spend));
      await unseeForeignSpend(tx, spend);
    }
  }

  /** Where the hot account holds less than was taken, the books cannot show it, and the next reconciliation does. */
  async #lose(tx: Tx, { chainId, asset }: AssetSettings, spend: SpendInBlock, block: BlockRef): Promise<void> {
    const seen = await seeForeignSpend(tx, { ...spend, chainId, asset }, block, this.clock.now());
    if (seen.amount === 0n) return;
    try {
      await this.ledger.post(tx, coinsLost(seen));
      await markLossBooked(tx, seen);
    } catch (error) {
      if (!(error instanceof LedgerRefusal) || error.code !== 'insufficient_funds') throw error;
    }
  }

  async #halt(tx: Tx, { asset }: AssetSettings, reason: string): Promise<void> {
    this.logger.error({ asset, actor: 'foreign-spend' }, reason);
    await halt(tx, { asset, scope: 'all', reason, actor: 'foreign-spend', at: this.clock.now() });
  }
}
