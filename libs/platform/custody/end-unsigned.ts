import { type Tx } from '@base/database';
import { type IntentEvent } from './intent.js';
import { type Intent, lockIntent, moveIntent, withdrawalFacts } from './intents.js';
import { withdrawalReleased } from './journals.js';
import { type CustodyParts } from './parts.js';
import { refusal } from './refusals.js';

type Ending = Extract<IntentEvent, 'cancel' | 'reject' | 'expire'>;

/** Ends withdrawals of which nothing was ever signed: the hold goes back in the same transaction. */
export class EndUnsigned {
  constructor(private readonly parts: Pick<CustodyParts, 'ledger' | 'events' | 'clock'>) {}

  /** The customer has changed his mind. @throws Refusal withdrawal_unknown, withdrawal_not_possible */
  async cancel(tx: Tx, given: { customerId: string; intentId: string }): Promise<Intent> {
    const intent = await lockWithdrawal(tx, given.intentId);
    if (intent.customerId !== given.customerId) throw refusal('withdrawal_unknown');
    return this.#end(tx, intent, 'cancel', { by: 'customer' });
  }

  /** An operator says no. @throws Refusal withdrawal_unknown, withdrawal_not_possible */
  async reject(tx: Tx, given: { operatorId: string; intentId: string; reason: string }): Promise<Intent> {
    return this.#end(tx, await lockWithdrawal(tx, given.intentId), 'reject', {
      by: given.operatorId,
      reason: given.reason,
    });
  }

  /** It waited too long. */
  async expire(tx: Tx, intentId: string): Promise<void> {
    const intent = await lockIntent(tx, intentId);
    if (intent.expiresAt === null || intent.expiresAt > this.parts.clock.now()) return;
    if (['requested', 'screened', 'await_approval', 'approved'].includes(intent.state)) {
      await this.#end(tx, intent, 'expire', { waitedFor: intent.waitingFor });
    }
  }

  async #end(tx: Tx, intent: Intent, event: Ending, detail: Record<string, string | null>): Promise<Intent> {
    const { ledger, events, clock } = this.parts;
    const moved = await moveIntent(tx, events, intent, { event, at: clock.now(), detail });
    await ledger.post(tx, withdrawalReleased(withdrawalFacts(intent)));
    return moved;
  }
}

/** A withdrawal by its id, locked. @throws Refusal withdrawal_unknown */
export async function lockWithdrawal(tx: Tx, intentId: string): Promise<Intent> {
  const known = await tx.maybeOne('SELECT FROM custody.intent WHERE id = $1 AND kind = $2 FOR UPDATE', [
    intentId,
    'withdrawal',
  ]);
  if (known === undefined) throw refusal('withdrawal_unknown');
  return lockIntent(tx, intentId);
}
