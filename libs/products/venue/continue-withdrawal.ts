import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type DomainEvent } from '@base/events';
import { Refusal } from '@base/http';
import { type RequestWithdrawal } from '@platform/custody';
import { type MoveToExchange } from './move-money.js';
import { findTransfer } from './transfers.js';
import { type VenueWithdrawal } from './withdrawal.js';
import { advanceWithdrawal, lockMovingWithdrawal } from './withdrawals.js';

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

  #payOut(
    tx: Tx,
    { id, customerId, asset, destination, amount, fee }: VenueWithdrawal,
  ): ReturnType<RequestWithdrawal['run']> {
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
