import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { type DomainEvent } from '@base/events';
import { Refusal } from '@base/http';
import { findWhitelisted, type RequestWithdrawal } from '@platform/custody';
import { type MoveToExchange } from './move-money.js';
import { refusal } from './refusals.js';
import { findTransfer } from './transfers.js';
import { type VenueWithdrawal } from './withdrawal.js';
import { advanceWithdrawal, findForgottenMoves, lockMovingWithdrawal } from './withdrawals.js';

const FORGOTTEN_AFTER_MS = 30_000;
const MOST_AT_ONCE = 100;

/** What the engine says about moves, as the settlement tells it. */
export const MOVE_ENDED = ['venue.transfer-settled', 'venue.transfer-refused'] as const;

/**
 * Goes on with a withdrawal from the exchange when the engine has said what became of its move: asks custody to pay out, and puts the money back
 * where it came from when custody will not. Runs in the transaction that takes the event, so each move is followed once.
 */
export class ContinueWithdrawal {
  constructor(
    private readonly payOut: RequestWithdrawal,
    private readonly moveBack: MoveToExchange,
    private readonly clock: Clock,
  ) {}

  /** What the events should have done by now and did not: each on its own, so that one that cannot go on does not keep the others. */
  async sweep(database: Database, onFailure: (transferId: string, error: unknown) => void): Promise<void> {
    const before = new Date(this.clock.now().getTime() - FORGOTTEN_AFTER_MS);
    for (const { id: aggregateId, isSettled } of await findForgottenMoves(database, before, MOST_AT_ONCE)) {
      const type = isSettled ? 'venue.transfer-settled' : 'venue.transfer-refused';
      await database
        .transaction((tx) => this.follow(tx, { type, aggregateId }))
        .catch((error: unknown) => onFailure(aggregateId, error));
    }
  }

  async follow(tx: Tx, { type, aggregateId: transferId }: Pick<DomainEvent, 'type' | 'aggregateId'>): Promise<void> {
    const withdrawal = await lockMovingWithdrawal(tx, transferId);
    if (withdrawal === undefined) return;
    const transfer = await findTransfer(tx, transferId);
    if (transfer === undefined) throw new Error('a withdrawal names a move that is not there');
    const at = this.clock.now();
    if (type === 'venue.transfer-refused')
      return advanceWithdrawal(tx, withdrawal, 'refuse', { at, reason: transfer.reason ?? 'refused' });
    const paid = await attempt(tx, () => this.#payOut(tx, withdrawal));
    if (!(paid instanceof Refusal)) return advanceWithdrawal(tx, withdrawal, 'pay_out', { at, intentId: paid.id });
    const { customerId, asset } = withdrawal;
    const back = await attempt(tx, () =>
      this.moveBack.run(tx, { customerId, idempotencyKey: `return:${withdrawal.id}`, asset, amount: transfer.amount }),
    );
    if (back instanceof Refusal) return advanceWithdrawal(tx, withdrawal, 'keep', { at, reason: paid.code });
    return advanceWithdrawal(tx, withdrawal, 'return', { at, returnId: back.id, reason: paid.code });
  }

  /** To an address that its owner still vouches for: it may have been taken back while the move was under way. */
  async #payOut(
    tx: Tx,
    { id, customerId, asset, whitelistId, destination, amount, fee }: VenueWithdrawal,
  ): ReturnType<RequestWithdrawal['run']> {
    if ((await findWhitelisted(tx, customerId, whitelistId)) === undefined) throw refusal('beneficiary_unknown');
    const idempotencyKey = `exchange:${id}`;
    return this.payOut.run(tx, { customerId, idempotencyKey, asset, destination, amount, maxFee: fee });
  }
}

/** A refusal undoes what the refused step has written, and nothing else of the transaction. */
async function attempt<T>(tx: Tx, work: () => Promise<T>): Promise<T | Refusal> {
  await tx.query('SAVEPOINT step');
  try {
    const done = await work();
    await tx.query('RELEASE SAVEPOINT step');
    return done;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    await tx.query('ROLLBACK TO SAVEPOINT step');
    return error;
  }
}
