import { formatAmount } from '@core/money';
import { type Tx } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { type ApplyBankPayment } from './apply-bank-payment.js';
import { type Applied, isOurId } from './apply-card-payment.js';
import { claimBankLine, insertBankLine, isBookedByLine, type Resolution } from './bank-lines.js';
import { type BankLine } from './bank-rail.js';
import { claimPayout, payoutIdIn } from './card-payouts.js';
import { type Chronicle } from './chronicle.js';
import { type CreditCustomer } from './credit-customer.js';
import { type CustomerNames, isSameName } from './customer-names.js';
import { type DepositReference, resolveRemittance } from './deposit-references.js';
import { openFreeze } from './freezes.js';
import {
  bankCredit,
  payoutArrived,
  transferIds,
  treasuryCredit,
  unidentifiedCredit,
  unorderedDebit,
} from './journals.js';
import { insertSuspenseItem, type SuspenseReason } from './suspense-items.js';
import { contradicts, type Withdrawal } from './withdrawal.js';
import { lockWithdrawal } from './withdrawals.js';

/**
 * Books one line of our bank statement, once, whoever brings it. Every line is booked: what nobody can be named for goes to suspense, and what the bank took without an
 * order stops everything that leaves in that currency until somebody has looked.
 */
export class ApplyBankLine {
  constructor(
    private readonly ledger: Ledger,
    private readonly credit: CreditCustomer,
    private readonly payments: ApplyBankPayment,
    private readonly chronicle: Chronicle,
    private readonly names: CustomerNames,
  ) {}

  async run(tx: Tx, line: BankLine): Promise<Applied> {
    if (await claimBankLine(tx, line.id)) return 'stale';
    const ours =
      line.endToEndId !== null && isOurId(line.endToEndId) ? await lockWithdrawal(tx, line.endToEndId) : undefined;
    if (ours !== undefined && (await this.#ofWithdrawal(tx, line, ours))) return 'applied';
    if (line.direction === 'debit') await this.#unordered(tx, line);
    else if (ours !== undefined) await this.#suspend(tx, line, 'unexpected_return');
    else await this.#credit(tx, line);
    return 'applied';
  }

  /** False when it is not what was ordered: then it is booked as what it is, and the customer's money stays until somebody has looked. */
  async #ofWithdrawal(tx: Tx, line: BankLine, withdrawal: Withdrawal): Promise<boolean> {
    const { id, asset, amount, customerId, state } = withdrawal;
    const isReturn = line.direction === 'credit';
    const status = isReturn ? 'returned' : 'settled';
    const transferId = isReturn ? transferIds.withdrawalReturn(id) : transferIds.withdrawalSettle(id);
    const fits = line.asset === asset && line.amount === amount && !contradicts(state, status);
    if (!fits || (await isBookedByLine(tx, transferId))) {
      const openedAt = this.chronicle.now();
      if (customerId !== null) await openFreeze(tx, { scope: 'customer', subject: customerId, reason: 'contradiction', sourceId: line.id, openedAt }); // prettier-ignore
      return false;
    }
    await this.payments.seenOnStatement(tx, withdrawal, status);
    await this.#keep(tx, line, { resolution: 'withdrawal', transferId });
    return true;
  }

  async #unordered(tx: Tx, line: BankLine): Promise<void> {
    const transfer = unorderedDebit(line);
    await this.ledger.post(tx, transfer);
    await this.#keep(tx, line, { resolution: 'unordered_debit', transferId: transfer.id });
    const openedAt = this.chronicle.now();
    await openFreeze(tx, {
      scope: 'asset',
      subject: line.asset,
      reason: 'unordered_debit',
      sourceId: line.id,
      openedAt,
    });
    const amount = formatAmount(line.amount, line.asset);
    await this.chronicle.tell(tx, 'unordered-debit', { aggregate: 'bank-line', id: line.id }, { lineId: line.id, asset: line.asset, amount }); // prettier-ignore
  }

  async #credit(tx: Tx, line: BankLine): Promise<void> {
    const payoutId = payoutIdIn(line.reference);
    if (payoutId !== undefined) return this.#payout(tx, line, payoutId);
    const meant = await resolveRemittance(tx, line.reference);
    if (typeof meant === 'string') return this.#suspend(tx, line, meant);
    if (meant.customerId === null) {
      const transfer = treasuryCredit(line);
      await this.ledger.post(tx, transfer);
      await this.#keep(tx, line, { resolution: 'treasury', transferId: transfer.id });
      const { id, asset } = line;
      const amount = formatAmount(line.amount, asset);
      return this.chronicle.tell(
        tx,
        'treasury-credited',
        { aggregate: 'bank-line', id },
        { lineId: id, asset, amount },
      );
    }
    return this.#toCustomer(tx, line, { ...meant, customerId: meant.customerId });
  }

  async #toCustomer(tx: Tx, line: BankLine, meant: DepositReference & { customerId: string }): Promise<void> {
    const { customerId, purpose } = meant;
    const name = await this.names.nameOf(tx, customerId);
    if (name !== null && !isSameName(name, line.counterparty.name))
      return this.#suspend(tx, line, 'payer_name_differs');
    const transfer = bankCredit(line, customerId);
    await this.#keep(tx, line, { resolution: 'customer', transferId: transfer.id });
    const { asset, amount, id: lineId } = line;
    await this.credit.run(tx, { customerId, asset, amount, lineId, purpose, transfer });
  }

  async #payout(tx: Tx, line: BankLine, payoutId: string): Promise<void> {
    const transfer = payoutArrived(line);
    if (!(await claimPayout(tx, payoutId, line, transfer.id))) return this.#suspend(tx, line, 'unknown_payout');
    await this.ledger.post(tx, transfer);
    await this.#keep(tx, line, { resolution: 'payout', transferId: transfer.id });
  }

  async #suspend(tx: Tx, line: BankLine, reason: SuspenseReason): Promise<void> {
    const transfer = unidentifiedCredit(line);
    await this.ledger.post(tx, transfer);
    await this.#keep(tx, line, { resolution: 'suspense', transferId: transfer.id });
    await insertSuspenseItem(tx, line, reason, this.chronicle.now());
    const { asset } = line;
    const amount = formatAmount(line.amount, asset);
    await this.chronicle.tell(tx, 'bank-unidentified', { aggregate: 'bank-line', id: line.id }, { lineId: line.id, asset, amount, reason }); // prettier-ignore
  }

  #keep(tx: Tx, line: BankLine, as: { resolution: Resolution; transferId: string }): Promise<void> {
    return insertBankLine(tx, line, { ...as, now: this.chronicle.now() });
  }
}
