import { type BroadcastOutcome } from '@platform/chains';
import { type Attempt, storeOutcome } from './attempts.js';
import { inGap } from './gaps.js';
import { intentAfter } from './intent.js';
import { lockIntent, moveIntent } from './intents.js';
import { type CustodyParts } from './parts.js';
import { type Rail } from './rail.js';
import { type WatchAttempts } from './watch-attempts.js';

/**
 * Sends a signed transaction out. It is in our books already, so any crash here ends in the same bytes being sent again, and the network
 * takes them once. An answer that does not come changes nothing.
 */
export class SendAttempt {
  constructor(
    private readonly parts: CustodyParts,
    private readonly rail: Rail,
    private readonly watch: WatchAttempts,
  ) {}

  /** @param height of the chain as we know it, to count the blocks that a transaction has been waiting */
  async run(attempt: Attempt, height: number): Promise<BroadcastOutcome> {
    const { database, events, clock, logger } = this.parts;
    if (attempt.raw === null) throw new Error('only signed transactions are sent');
    const outcome = await this.rail.broadcast(attempt.raw);
    inGap('sent');
    if (outcome !== 'accepted' && outcome !== 'known') {
      logger.warn(
        { intentId: attempt.intentId, attempt: attempt.n, outcome },
        'the network did not take a transaction',
      );
    }
    await database.transaction(async (tx) => {
      const intent = await lockIntent(tx, attempt.intentId);
      await storeOutcome(tx, attempt, { outcome, height });
      if (outcome !== 'accepted' && outcome !== 'known') return;
      if (intent.state === 'broadcast' || intentAfter(intent.state, 'broadcast') === undefined) return;
      await this.watch.ensureBroadcastBooked(tx, intent);
      await moveIntent(tx, events, intent, {
        event: 'broadcast',
        at: clock.now(),
        detail: { attempt: attempt.n, outcome },
      });
      inGap('broadcasting');
    });
    inGap('broadcast');
    return outcome;
  }

  /** Looks whether the network still has it, and says so in the intent's state. */
  async look(attempt: Attempt): Promise<boolean> {
    const { database, events, clock } = this.parts;
    const pooled = await this.rail.isPooled(attempt.txid ?? '');
    await database.transaction(async (tx) => {
      const intent = await lockIntent(tx, attempt.intentId);
      const event = pooled ? 'see' : 'drop';
      // A transaction that was only just handed over may not have made its round yet; only one that was seen can be dropped.
      if (
        (pooled && intent.state !== 'broadcast' && intent.state !== 'dropped') ||
        (!pooled && intent.state !== 'seen')
      )
        return;
      await moveIntent(tx, events, intent, { event, at: clock.now(), detail: { attempt: attempt.n } });
    });
    return pooled;
  }
}
