import { type Tx } from '@base/database';
import { ChainLog } from '@platform/chains';
import { insertAttempt } from './attempts.js';
import { inGap } from './gaps.js';
import { findHalt } from './halts.js';
import { type Intent, lockIntent, moveIntent, postponeIntent } from './intents.js';
import { type CustodyParts } from './parts.js';
import { isShortage, type Rail, type Shortage } from './rail.js';

/** How long an intent waits before it is tried again. */
const WAIT_MS: Readonly<Record<Shortage, number>> = {
  hot_wallet_short: 5_000,
  network_fee_above_limit: 60_000,
  coins_not_confirmed: 10_000,
  in_queue: 250,
  nonce_not_ours: 5_000,
  destination_refuses: 60_000,
  nothing_to_sweep: 60_000,
};

/**
 * Builds the first transaction of an approved intent. Coins or nonce, the unsigned transaction and the new state commit together, before
 * the signer hears of it. What cannot be paid now waits in line, and does not keep smaller ones behind it from being paid.
 */
export class ReserveIntent {
  readonly #log: ChainLog;

  constructor(
    private readonly parts: CustodyParts,
    private readonly rail: Rail,
  ) {
    this.#log = new ChainLog(rail.settings.chainId);
  }

  /** Answers what it waits for, or `undefined` when it was reserved (or was not approved any more). */
  async run(intent: Intent): Promise<Shortage | undefined> {
    const { database } = this.parts;
    const tip = await this.#log.tip(database);
    if (tip === undefined) return this.#postpone(intent, 'hot_wallet_short');
    const request = { intent, earlier: [], purpose: 'pay', height: tip.height } as const;
    const plan = await this.rail.plan(request);
    if (isShortage(plan)) return this.#postpone(intent, plan.shortage);
    try {
      await database.transaction((tx) => this.#reserve(tx, request, plan));
      inGap('reserved');
      return undefined;
    } catch (error) {
      // Thrown, so that what `build` had reserved on the way is rolled back with it.
      if (error instanceof Short) return this.#postpone(intent, error.shortage);
      throw error;
    }
  }

  async #reserve(tx: Tx, request: Parameters<Rail['plan']>[0], plan: unknown): Promise<void> {
    const { events, clock } = this.parts;
    const intent = await lockIntent(tx, request.intent.id);
    if (intent.state !== 'approved' || (await findHalt(tx, intent.asset)) !== undefined) return;
    const built = await this.rail.build(tx, { ...request, intent }, plan);
    if ('shortage' in built) throw new Short(built.shortage);
    const at = clock.now();
    await insertAttempt(tx, {
      ...built.transaction,
      intentId: intent.id,
      n: 1,
      chainId: intent.chainId,
      purpose: 'pay',
      at,
    });
    await moveIntent(tx, events, intent, { event: 'reserve', at, detail: { fee: String(built.transaction.fee) } });
    inGap('reserving');
  }

  async #postpone(intent: Intent, shortage: Shortage): Promise<Shortage> {
    const { database, clock } = this.parts;
    const until = new Date(clock.now().getTime() + WAIT_MS[shortage]);
    await database.transaction((tx) => postponeIntent(tx, intent.id, { until, waitingFor: shortage }));
    return shortage;
  }
}

class Short extends Error {
  constructor(readonly shortage: Shortage) {
    super(shortage);
  }
}
