import { type Tx } from '@base/database';
import { type Outbox } from '@base/jobs';
import { freezesOf } from './freezes.js';
import { type MoveWithdrawal } from './move-withdrawal.js';
import { refused } from './refusals.js';
import { type Withdrawal } from './withdrawal.js';
import { lockWithdrawal } from './withdrawals.js';

/** What people decide about a withdrawal before the bank hears of it. */
export class DecideWithdrawal {
  constructor(
    private readonly move: MoveWithdrawal,
    private readonly outbox: Outbox,
  ) {}

  /** The customer does not want it after all. @throws Refusal 404, also for somebody else's; 409 once the bank may know of it */
  async cancel(tx: Tx, customerId: string, id: string): Promise<Withdrawal> {
    const withdrawal = await lockWithdrawal(tx, id);
    if (withdrawal?.customerId !== customerId) throw refused('withdrawal_unknown');
    return this.#move(tx, withdrawal, 'cancel');
  }

  /** An operator lets a held withdrawal go. @throws Refusal 409 while a freeze on it stands */
  async approve(tx: Tx, id: string): Promise<Withdrawal> {
    const withdrawal = await this.#find(tx, id);
    const freezes = await freezesOf(tx, withdrawal);
    if (freezes.length > 0) {
      throw refused('withdrawal_state', { detail: `Lift the freeze on the ${freezes[0]?.scope} first.` });
    }
    const approved = await this.#move(tx, withdrawal, 'approve');
    await this.outbox.enqueue(tx, { kind: 'payments.submit-withdrawal', payload: { withdrawalId: id } });
    return approved;
  }

  /** An operator refuses a held withdrawal; the customer gets the money back. @throws Refusal */
  async refuse(tx: Tx, id: string, reason: string): Promise<Withdrawal> {
    return this.#move(tx, await this.#find(tx, id), 'refuse', reason);
  }

  async #find(tx: Tx, id: string): Promise<Withdrawal> {
    const withdrawal = await lockWithdrawal(tx, id);
    if (withdrawal === undefined) throw refused('withdrawal_unknown');
    return withdrawal;
  }

  async #move(
    tx: Tx,
    withdrawal: Withdrawal,
    event: 'cancel' | 'approve' | 'refuse',
    code?: string,
  ): Promise<Withdrawal> {
    const moved = await this.move.run(tx, withdrawal, event, { failureCode: code });
    if (moved === undefined) throw refused('withdrawal_state');
    return moved;
  }
}
