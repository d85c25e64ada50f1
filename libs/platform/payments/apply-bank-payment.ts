import { type Tx } from '@base/database';
import { type Applied, isOurId } from './apply-card-payment.js';
import { type BankPaymentSnapshot } from './bank-rail.js';
import { type MoveWithdrawal } from './move-withdrawal.js';
import { Contradiction } from './refusals.js';
import { contradicts, isNews, type Withdrawal } from './withdrawal.js';
import { lockWithdrawal, recordBankWord } from './withdrawals.js';

/** Brings a withdrawal to where the bank has its payment; what is older than what is known changes nothing. */
export class ApplyBankPayment {
  constructor(private readonly move: MoveWithdrawal) {}

  /** @throws Contradiction */
  async run(tx: Tx, snapshot: BankPaymentSnapshot): Promise<Applied> {
    const withdrawal = isOurId(snapshot.endToEndId) ? await lockWithdrawal(tx, snapshot.endToEndId) : undefined;
    if (withdrawal === undefined) return 'unknown';
    if (withdrawal.asset !== snapshot.asset || withdrawal.amount !== snapshot.amount) {
      throw new Contradiction(`withdrawal ${withdrawal.id} is about another amount`, withdrawal.customerId);
    }
    if (withdrawal.bankId !== null && withdrawal.bankId !== snapshot.bankId) {
      throw new Contradiction(`withdrawal ${withdrawal.id} has two payments at the bank`, withdrawal.customerId);
    }
    if (snapshot.version <= withdrawal.bankVersion) return 'stale';
    const { status, reason, bankId, version } = snapshot;
    if (contradicts(withdrawal.state, status)) {
      throw new Contradiction(
        `withdrawal ${withdrawal.id} was ${withdrawal.state} and is now ${status}`,
        withdrawal.customerId,
      );
    }
    const failureCode = status === 'rejected' || status === 'returned' ? reason : null;
    const bank = { bankId, bankVersion: version, failureCode };
    if (isNews(withdrawal.state, status)) await this.move.run(tx, withdrawal, status, bank);
    else await recordBankWord(tx, withdrawal.id, bank);
    return 'applied';
  }

  /** A line on the statement says the same as the bank's message, perhaps before it. */
  async seenOnStatement(tx: Tx, withdrawal: Withdrawal, status: 'settled' | 'returned'): Promise<void> {
    if (isNews(withdrawal.state, status)) await this.move.run(tx, withdrawal, status);
  }
}
