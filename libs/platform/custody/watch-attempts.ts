import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Events } from '@base/events';
import { type Logger } from '@base/observability';
import { type BlockRef } from '@platform/chains';
import { type Ledger } from '@platform/ledger';
import { type Attempt, attemptsAmong, attemptsIn, placeAttempt } from './attempts.js';
import { inGap } from './gaps.js';
import { ChangeOutcome } from './change-outcome.js';
import { halt } from './halts.js';
import { intentAfter, isFinal } from './intent.js';
import { type Intent, lockIntent, moveIntent, withdrawalFacts } from './intents.js';
import { withdrawalBroadcast } from './journals.js';
import { type AssetSettings } from './settings.js';

/** A transaction of ours, or a stranger to us, as a block shows it. */
export interface MinedTransaction {
  readonly txid: string;
  readonly failed: boolean;
  /** What it paid to the network; `undefined` where the attempt itself knows (Bitcoin: inputs less outputs). */
  readonly fee?: bigint;
}

/** Sees our own transactions come into blocks, and leave them. */
export class WatchAttempts {
  readonly #outcome: ChangeOutcome;

  constructor(
    private readonly ledger: Ledger,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.#outcome = new ChangeOutcome(ledger, clock, logger);
  }

  /** Those of a block's transactions that are ours; each stands in this block now. Answers their txids. */
  async mined(
    tx: Tx,
    settings: AssetSettings,
    transactions: readonly MinedTransaction[],
    block: BlockRef,
  ): Promise<ReadonlySet<string>> {
    const byTxid = new Map(transactions.map((transaction) => [transaction.txid, transaction]));
    const attempts = await attemptsAmong(tx, settings.chainId, [...byTxid.keys()]);
    for (const attempt of attempts) {
      const found = byTxid.get(attempt.txid ?? '');
      if (found !== undefined) await this.#place(tx, attempt, found, block);
    }
    return new Set(attempts.flatMap(({ txid }) => txid ?? []));
  }

  async takenBack(tx: Tx, settings: AssetSettings, block: BlockRef): Promise<void> {
    for (const attempt of await attemptsIn(tx, settings.chainId, block.hash)) {
      const intent = await lockIntent(tx, attempt.intentId);
      await placeAttempt(tx, attempt, null);
      if (intentAfter(intent.state, 'take_back') !== undefined) {
        await moveIntent(tx, this.events, intent, {
          event: 'take_back',
          at: this.clock.now(),
          detail: { height: block.height },
        });
      } else if (isFinal(intent.state)) {
        await this.#halt(
          tx,
          settings,
          'deep-reorganisation',
          `${intent.kind} ${intent.id} was final and then undone by a reorganisation`,
        );
      }
    }
  }

  async #place(tx: Tx, attempt: Attempt, found: MinedTransaction, block: BlockRef): Promise<void> {
    const intent = await lockIntent(tx, attempt.intentId);
    await placeAttempt(tx, attempt, { ...block, failed: found.failed, paidFee: found.fee ?? attempt.fee });
    if (isFinal(intent.state)) {
      return this.#outcome.run(tx, intent, attempt, { failed: found.failed, fee: found.fee ?? attempt.fee });
    }
    if (intentAfter(intent.state, 'confirm') === undefined) return;
    await this.ensureBroadcastBooked(tx, intent);
    const detail = { txid: found.txid, height: block.height, attempt: attempt.n };
    await moveIntent(tx, this.events, intent, { event: 'confirm', at: this.clock.now(), detail });
    inGap('confirming');
  }

  /**
   * The postings of a withdrawal that has left, once: with the first word that anybody has it, be it a node's or a block's. The same
   * transfer again is a duplicate, which the ledger counts as done.
   */
  async ensureBroadcastBooked(tx: Tx, intent: Intent): Promise<void> {
    if (intent.kind === 'withdrawal') await this.ledger.post(tx, withdrawalBroadcast(withdrawalFacts(intent)));
  }

  async #halt(tx: Tx, { asset }: AssetSettings, actor: string, reason: string): Promise<void> {
    this.logger.error({ asset, actor }, reason);
    await halt(tx, { asset, scope: 'all', reason, actor, at: this.clock.now() });
  }
}
