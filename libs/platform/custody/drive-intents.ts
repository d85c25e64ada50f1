import { ChainLog, isNodeTrouble } from '@platform/chains';
import { type Attempt, attemptsOf, undoneAttempts, unsignedAttempts } from './attempts.js';
import { type EndUnsigned } from './end-unsigned.js';
import { findHalt } from './halts.js';
import { BEFORE_SIGNING, IN_THE_OPEN } from './intent.js';
import { type Intent, intentsIn, postponeIntent } from './intents.js';
import { type CustodyParts } from './parts.js';
import { type Rail } from './rail.js';
import { type ReplaceAttempt } from './replace-attempt.js';
import { type ReserveIntent } from './reserve-intent.js';
import { type ScreenIntent } from './screen-intent.js';
import { type SendAttempt } from './send-attempt.js';
import { type SettleIntent } from './settle-intent.js';
import { type SignAttempt } from './sign-attempt.js';

/** Each step of an intent's life. Every one may be run at any time, by several processes at once, and any number of times. */
export interface IntentSteps {
  readonly screen: ScreenIntent;
  readonly end: EndUnsigned;
  readonly reserve: ReserveIntent;
  readonly sign: SignAttempt;
  readonly send: SendAttempt;
  readonly replace: ReplaceAttempt;
  readonly settle: SettleIntent;
}

const STUMBLE_MS = 30_000;

/**
 * Takes the intents of one chain onwards. A step that fails does not keep other intents from theirs; one that finds the node away ends the
 * round. While the asset is halted nothing new is reserved, signed or sent for the first time; what is out is still watched and settled.
 */
export class DriveIntents {
  readonly #log: ChainLog;

  constructor(
    private readonly parts: CustodyParts,
    private readonly rail: Rail,
    private readonly steps: IntentSteps,
  ) {
    this.#log = new ChainLog(rail.settings.chainId);
  }

  async run(): Promise<void> {
    const { database, clock } = this.parts;
    const { chainId, asset } = this.rail.settings;
    const tip = await this.#log.tip(database);
    if (tip === undefined) return;
    const due = (states: Parameters<typeof intentsIn>[2]): Promise<Intent[]> =>
      intentsIn(database, chainId, states, { now: clock.now() });
    try {
      await this.#each(await due(BEFORE_SIGNING), (intent) =>
        database.transaction((tx) => this.steps.end.expire(tx, intent.id)),
      );
      await this.#each(await due(['requested', 'screened']), (intent) => this.steps.screen.run(intent.id));
      const halted = (await findHalt(database, asset)) !== undefined;
      if (!halted) {
        await this.#each(await due(['approved']), (intent) => this.#reserveAndSign(intent));
        await this.#each(await unsignedAttempts(database, chainId, clock.now()), (attempt) =>
          this.steps.sign.run(attempt),
        );
      }
      await this.#each(await due(IN_THE_OPEN), (intent) => this.#carry(intent, tip.height, halted));
      await this.#each(await due(['confirming']), (intent) => this.steps.settle.run(intent.id));
      await this.#each(await undoneAttempts(database, chainId), (attempt) => this.#sendEachBlock(attempt, tip.height));
    } catch (error) {
      if (!isNodeTrouble(error)) throw error;
      this.parts.logger.warn({ asset, why: error.message }, 'no node: withdrawals wait');
    }
  }

  /** One after the other, so that a nonce that comes back leaves no gap. */
  async #reserveAndSign(intent: Intent): Promise<void> {
    if ((await this.steps.reserve.run(intent)) !== undefined) return;
    const attempt = (await attemptsOf(this.parts.database, intent.id)).at(-1);
    if (attempt !== undefined && attempt.raw === null) await this.steps.sign.run(attempt);
  }

  /** Sends what was signed, again with every block until it is in one; replaces what stays out for too long. */
  async #carry(intent: Intent, height: number, halted: boolean): Promise<void> {
    const attempts = await attemptsOf(this.parts.database, intent.id);
    const signed = attempts.filter(({ raw }) => raw !== null).at(-1);
    if (signed === undefined || (halted && signed.broadcasts === 0)) return;
    const isFresh = signed.broadcasts === 0;
    if (isFresh || isUnanswered(signed)) await this.steps.send.run(signed, height);
    else if (signed.sentLast !== height && !(await this.steps.send.look(signed)))
      await this.steps.send.run(signed, height);
    else if (intent.state === 'broadcast') await this.steps.send.look(signed);
    if (halted || isFresh || attempts.at(-1)?.raw === null) return;
    const cancels = intent.cancelledBy !== null && signed.purpose === 'pay';
    if (cancels || (await this.#isStuck(signed, height))) {
      await this.steps.replace.run(intent, intent.cancelledBy === null ? 'pay' : 'cancel', height);
    }
  }

  async #isStuck(attempt: Attempt, height: number): Promise<boolean> {
    const waited = height - (attempt.sentFirst ?? height);
    const isLate = waited >= this.rail.settings.bumpAfterBlocks || attempt.outcome === 'fee_too_low';
    return isLate && (await this.rail.isNextInLine(attempt));
  }

  async #sendEachBlock(attempt: Attempt, height: number): Promise<void> {
    if (attempt.sentLast !== height) await this.steps.send.run(attempt, height);
  }

  async #each<Item extends Intent | Attempt>(
    items: readonly Item[],
    step: (item: Item) => Promise<unknown>,
  ): Promise<void> {
    for (const item of items) {
      try {
        await step(item);
      } catch (error) {
        if (isNodeTrouble(error)) throw error;
        await this.#stumble('id' in item ? item.id : item.intentId, error);
      }
    }
  }

  /** A bug or a broken row: told loudly, put off, and kept from holding up the rest. */
  async #stumble(intentId: string, error: unknown): Promise<void> {
    const { database, clock, logger } = this.parts;
    logger.error({ err: error, intentId }, 'an intent could not be taken onwards');
    const until = new Date(clock.now().getTime() + STUMBLE_MS);
    await database.transaction((tx) => postponeIntent(tx, intentId, { until, waitingFor: 'internal_error' }));
  }
}

/** No answer yet, or one that time may change. */
function isUnanswered({ outcome }: Attempt): boolean {
  return outcome === 'unknown' || outcome === 'insufficient_funds';
}
