import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Logger } from '@base/observability';
import { type Ledger, LedgerRefusal } from '@platform/ledger';
import { type Attempt } from './attempts.js';
import { halt } from './halts.js';
import { type Intent, recountIntent } from './intents.js';
import { outcomeChanged } from './journals.js';

/**
 * A final intent has a transaction in a block again: after a reorganisation deeper than the policy. It may be the one that settled it, at
 * another price (Ethereum's base fee is the block's), or another attempt at it, which pays where the first did not or the other way round.
 * The books follow the chain, and what this costs or brings waits under its own name.
 */
export class ChangeOutcome {
  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async run(tx: Tx, intent: Intent, attempt: Attempt, mined: { failed: boolean; fee: bigint }): Promise<void> {
    const paysOut = attempt.purpose === 'pay' && !mined.failed;
    const fee = mined.fee - (intent.networkFee ?? 0n);
    const isSame = paysOut === intent.paidOut && fee === 0n;
    if (isSame && attempt.n === intent.settledAttempt) return;
    const at = this.clock.now();
    const movesMoney = intent.kind === 'withdrawal' && paysOut !== intent.paidOut;
    if (movesMoney) await this.#halt(tx, intent, at);
    const step = await recountIntent(tx, intent, {
      settledAttempt: attempt.n,
      networkFee: mined.fee,
      paidOut: paysOut,
      at,
    });
    const paid = movesMoney ? (paysOut ? 'now' : 'no more') : 'as before';
    await this.#post(tx, intent, outcomeChanged(intent, step, { fee, paid }));
  }

  /** Where the hot account holds less, the books cannot show it, and the next reconciliation does. */
  async #post(tx: Tx, intent: Intent, transfer: ReturnType<typeof outcomeChanged>): Promise<void> {
    if (transfer === undefined) return;
    try {
      await this.ledger.post(tx, transfer);
    } catch (error) {
      if (!(error instanceof LedgerRefusal) || error.code !== 'insufficient_funds') throw error;
      this.logger.error({ intentId: intent.id }, 'a changed outcome is more than the hot account holds');
    }
  }

  async #halt(tx: Tx, intent: Intent, at: Date): Promise<void> {
    const reason = `withdrawal ${intent.id} was final, and has ended otherwise after a reorganisation`;
    this.logger.error({ asset: intent.asset, intentId: intent.id }, reason);
    await halt(tx, { asset: intent.asset, scope: 'all', reason, actor: 'deep-reorganisation', at });
  }
}
