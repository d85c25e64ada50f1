import { type Tx } from '@base/database';
import { attemptsOf, insertAttempt } from './attempts.js';
import { intentAfter } from './intent.js';
import { type Intent, lockIntent, postponeIntent } from './intents.js';
import { type CustodyParts } from './parts.js';
import { type BuildRequest, isShortage, type Rail, type Shortage } from './rail.js';

const WAIT_MS = 60_000;

/**
 * Builds the next attempt of an intent whose transaction does not get into a block: the same payment for a higher fee, or a cancellation
 * that pays ourselves. It spends the same coins or the same nonce as all before it, so that at most one of them is ever mined.
 */
export class ReplaceAttempt {
  constructor(
    private readonly parts: CustodyParts,
    private readonly rail: Rail,
  ) {}

  /** Answers why not, or `undefined` when a new attempt waits for its signature. */
  async run(intent: Intent, purpose: 'pay' | 'cancel', height: number): Promise<Shortage | undefined> {
    const { database, clock } = this.parts;
    const request: BuildRequest = { intent, earlier: await attemptsOf(database, intent.id), purpose, height };
    const plan = await this.rail.plan(request);
    const shortage = isShortage(plan) ? plan.shortage : await this.#build(request, plan);
    if (shortage !== undefined) {
      const until = new Date(clock.now().getTime() + WAIT_MS);
      await database.transaction((tx) => postponeIntent(tx, intent.id, { until, waitingFor: shortage }));
    }
    return shortage;
  }

  async #build(request: BuildRequest, plan: unknown): Promise<Shortage | undefined> {
    try {
      await this.parts.database.transaction((tx) => this.#insert(tx, request, plan));
      return undefined;
    } catch (error) {
      if (error instanceof CannotReplace) return error.shortage;
      throw error;
    }
  }

  async #insert(tx: Tx, request: BuildRequest, plan: unknown): Promise<void> {
    const intent = await lockIntent(tx, request.intent.id);
    const earlier = await attemptsOf(tx, intent.id);
    const last = earlier.at(-1);
    // Somebody else was faster, or a block was: there is nothing to replace any more.
    if (last === undefined || last.raw === null || earlier.length !== request.earlier.length) return;
    if (intentAfter(intent.state, 'sign') === undefined || earlier.some(({ height }) => height !== null)) return;
    const built = await this.rail.build(tx, { ...request, intent, earlier }, plan);
    if ('shortage' in built) throw new CannotReplace(built.shortage);
    await insertAttempt(tx, {
      ...built.transaction,
      intentId: intent.id,
      n: last.n + 1,
      chainId: intent.chainId,
      purpose: request.purpose,
      at: this.parts.clock.now(),
    });
  }
}

class CannotReplace extends Error {
  constructor(readonly shortage: Shortage) {
    super(shortage);
  }
}
