import { type Tx } from '@base/database';
import { attemptsOf } from './attempts.js';
import { lockWithdrawal } from './end-unsigned.js';
import { type Intent, markCancelledBy, moveIntent, withdrawalFacts } from './intents.js';
import { IN_THE_OPEN } from './intent.js';
import { withdrawalBroadcast, withdrawalRefunded } from './journals.js';
import { type CustodyParts } from './parts.js';
import { refusal } from './refusals.js';
import { releaseCoins } from './coins.js';

/** What operators decide about single withdrawals. Rejecting one is in `EndUnsigned`. */
export class DecideWithdrawal {
  constructor(private readonly parts: Pick<CustodyParts, 'ledger' | 'events' | 'clock'>) {}

  /** @throws Refusal withdrawal_unknown, withdrawal_not_possible */
  async approve(tx: Tx, given: { operatorId: string; intentId: string }): Promise<Intent> {
    const intent = await lockWithdrawal(tx, given.intentId);
    if (intent.state !== 'await_approval')
      throw refusal('withdrawal_not_possible', { detail: `It is ${intent.state}.` });
    return moveIntent(tx, this.parts.events, intent, {
      event: 'approve',
      at: this.parts.clock.now(),
      detail: { by: given.operatorId },
    });
  }

  /**
   * Has a signed withdrawal cancelled on chain: a transaction that pays ourselves takes its coins or nonce. The customer is refunded once
   * that one is final; should the payment win the race, it counts.
   * @throws Refusal withdrawal_unknown, withdrawal_not_possible
   */
  async cancelOnChain(tx: Tx, given: { operatorId: string; intentId: string }): Promise<Intent> {
    const intent = await lockWithdrawal(tx, given.intentId);
    const isOpen = (IN_THE_OPEN as readonly string[]).includes(intent.state) && intent.state !== 'conflicted';
    if (!isOpen) throw refusal('withdrawal_not_possible', { detail: `It is ${intent.state}.` });
    await markCancelledBy(tx, intent.id, given.operatorId);
    return { ...intent, cancelledBy: given.operatorId };
  }

  /**
   * Refunds a withdrawal whose coins a stranger has spent. Somebody has looked, and the coins are lost: reconciliation shows the gap.
   * @throws Refusal withdrawal_unknown, withdrawal_not_possible
   */
  async refundConflicted(tx: Tx, given: { operatorId: string; intentId: string }): Promise<Intent> {
    const { ledger, events, clock } = this.parts;
    const intent = await lockWithdrawal(tx, given.intentId);
    if (intent.state !== 'conflicted' || (await attemptsOf(tx, intent.id)).some(({ height }) => height !== null)) {
      throw refusal('withdrawal_not_possible', { detail: `It is ${intent.state}.` });
    }
    const at = clock.now();
    // It may have been contradicted before anybody said that it had left.
    await ledger.post(tx, withdrawalBroadcast(withdrawalFacts(intent)));
    await ledger.post(tx, withdrawalRefunded(withdrawalFacts(intent), 0n));
    await releaseCoins(tx, intent.id, at);
    return moveIntent(tx, events, intent, {
      event: 'settle_cancellation',
      at,
      detail: { by: given.operatorId },
      changes: { paidOut: false },
    });
  }
}
