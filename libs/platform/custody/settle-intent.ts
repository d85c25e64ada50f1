import { type Tx } from '@base/database';
import { ChainLog, depthFor } from '@platform/chains';
import { type Transfer } from '@platform/ledger';
import { type Attempt, attemptsOf } from './attempts.js';
import { inGap } from './gaps.js';
import { type IntentEvent } from './intent.js';
import { type Intent, lockIntent, moveIntent, withdrawalFacts } from './intents.js';
import { sweepSettled, withdrawalRefunded, withdrawalSettled } from './journals.js';
import { type CustodyParts } from './parts.js';
import { type Rail } from './rail.js';

/** Ends intents whose transaction is deep enough: settled, failed, or replaced by our own cancellation. Posted once, by the intent's id. */
export class SettleIntent {
  readonly #log: ChainLog;

  constructor(
    private readonly parts: CustodyParts,
    private readonly rail: Rail,
  ) {
    this.#log = new ChainLog(rail.settings.chainId);
  }

  /** Answers whether it is over. */
  async run(intentId: string): Promise<boolean> {
    inGap('confirmed');
    const isOver = await this.parts.database.transaction((tx) => this.#settle(tx, intentId));
    if (isOver) inGap('settled');
    return isOver;
  }

  async #settle(tx: Tx, intentId: string): Promise<boolean> {
    const { ledger, events, clock } = this.parts;
    const tip = await this.#log.lockedTip(tx);
    const intent = await lockIntent(tx, intentId);
    if (intent.state !== 'confirming' || tip === undefined) return false;
    const mined = (await attemptsOf(tx, intentId)).find(({ height }) => height !== null);
    if (mined?.height == null || !(await this.#isDeep(tx, intent, mined, tip.height))) return false;
    const networkFee = mined.paidFee ?? mined.fee;
    const { event, transfer } = outcomeOf(intent, mined, networkFee);
    if (transfer !== undefined) await ledger.post(tx, transfer);
    const at = clock.now();
    await this.rail.settled(tx, intent, at);
    await moveIntent(tx, events, intent, {
      event,
      at,
      detail: { txid: mined.txid, height: mined.height, networkFee: networkFee.toString() },
      changes: { settledAttempt: mined.n, networkFee, paidOut: event === 'settle' },
    });
    inGap('settling');
    return true;
  }

  async #isDeep(tx: Tx, intent: Intent, mined: Attempt, tip: number): Promise<boolean> {
    const height = mined.height ?? Infinity;
    const depth = depthFor(this.rail.settings.confirmations, intent.amount);
    return height + depth - 1 <= tip && (await this.#log.hashAt(tx, height)) === mined.blockHash;
  }
}

function outcomeOf(
  intent: Intent,
  mined: Attempt,
  networkFee: bigint,
): { event: IntentEvent; transfer: Transfer | undefined } {
  const arrived = mined.purpose === 'pay' && mined.failed !== true;
  const event = arrived ? 'settle' : mined.purpose === 'cancel' ? 'settle_cancellation' : 'fail';
  if (intent.kind === 'sweep') return { event, transfer: sweepSettled(intent.id, intent.asset, networkFee) };
  const withdrawal = withdrawalFacts(intent);
  return {
    event,
    transfer: arrived ? withdrawalSettled(withdrawal, networkFee) : withdrawalRefunded(withdrawal, networkFee),
  };
}
