import { type Database, type Tx } from '@base/database';
import { type ApplyBankPayment } from './apply-bank-payment.js';
import { type BankPaymentOrder, type BankRail } from './bank-rail.js';
import { freezesOf } from './freezes.js';
import { type MoveWithdrawal } from './move-withdrawal.js';
import { OutsideRefused } from './outside-error.js';
import { type Withdrawal } from './withdrawal.js';
import { findWithdrawal, lockWithdrawal } from './withdrawals.js';

/**
 * Orders a stored withdrawal at the bank. First it becomes SUBMITTING, which only the bank's answer ends; then the bank is asked, under the withdrawal's id. A crash or
 * a lost answer anywhere in between is repeated under the same id, which the bank takes once.
 */
export class SubmitWithdrawal {
  constructor(
    private readonly database: Database,
    private readonly bank: BankRail,
    private readonly move: MoveWithdrawal,
    private readonly apply: ApplyBankPayment,
  ) {}

  async run(withdrawalId: string): Promise<void> {
    const withdrawal = await this.database.transaction((tx) => this.#pointOfNoReturn(tx, withdrawalId));
    if (withdrawal === undefined) return;
    try {
      const snapshot = await this.bank.pay(orderOf(withdrawal));
      await this.database.transaction((tx) => this.apply.run(tx, snapshot));
    } catch (error) {
      if (!(error instanceof OutsideRefused)) throw error;
      await this.database.transaction((tx) => this.#refused(tx, withdrawalId, error.code));
    }
  }

  /** Asks the bank what became of a payment; one that it does not know is ordered again, under the same id. */
  async chase(withdrawalId: string): Promise<void> {
    const withdrawal = await findWithdrawal(this.database, withdrawalId);
    if (withdrawal?.state === 'REQUESTED') return this.run(withdrawalId);
    if (withdrawal?.state !== 'SUBMITTING' && withdrawal?.state !== 'SUBMITTED') return;
    const snapshot = await this.bank.findPayment(withdrawal.id);
    if (snapshot !== undefined) await this.database.transaction((tx) => this.apply.run(tx, snapshot));
    else if (withdrawal.state === 'SUBMITTING') await this.run(withdrawalId);
  }

  async #pointOfNoReturn(tx: Tx, id: string): Promise<Withdrawal | undefined> {
    const withdrawal = await lockWithdrawal(tx, id);
    if (withdrawal?.state === 'SUBMITTING') return withdrawal;
    if (withdrawal?.state !== 'REQUESTED') return undefined;
    if ((await freezesOf(tx, withdrawal)).length > 0) {
      await this.move.run(tx, withdrawal, 'hold', { heldFor: 'frozen' });
      return undefined;
    }
    return this.move.run(tx, withdrawal, 'submit');
  }

  async #refused(tx: Tx, id: string, code: string): Promise<void> {
    const withdrawal = await lockWithdrawal(tx, id);
    if (withdrawal?.state === 'SUBMITTING') await this.move.run(tx, withdrawal, 'rejected', { failureCode: code });
  }
}

const orderOf = ({ id, asset, amount, payeeName, payeeAccount, returnOf }: Withdrawal): BankPaymentOrder => ({
  endToEndId: id,
  asset,
  amount,
  payee: { name: payeeName, account: payeeAccount },
  reference: returnOf === null ? 'Strongroom withdrawal' : 'Returned: we could not tell whom it was for',
  returnOf,
});
