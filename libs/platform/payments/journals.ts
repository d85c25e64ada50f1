import { type AssetCode } from '@core/money';
import { uuidV5, uuidV7 } from '@base/database';
import { type Account, account, captureLegs, credit, debit, holdLegs, type Leg, releaseLegs, type Transfer } from '@platform/ledger'; // prettier-ignore
import { type BankLine } from './bank-rail.js';
import { type CardPayment } from './card-payment.js';
import { type Chargeback } from './chargeback.js';
import { type Refund } from './refund.js';
import { type Withdrawal } from './withdrawal.js';

/**
 * Every transfer that payments posts. Its id is derived from what it books, so that what is booked twice is booked once, and so that reconciliation knows
 * which transfer a line of the bank or of the processor must have.
 */
export const transferIds = {
  bankLine: (lineId: string) => uuidV5('payments', 'bank-line', lineId),
  repoint: (suspenseId: string) => uuidV5('payments', 'repoint', suspenseId),
  capture: (paymentId: string) => uuidV5('payments', 'capture', paymentId),
  refund: (refundId: string) => uuidV5('payments', 'refund', refundId),
  chargeback: (processorId: string) => uuidV5('payments', 'chargeback', processorId),
  chargebackFee: (processorId: string) => uuidV5('payments', 'chargeback-fee', processorId),
  chargebackWon: (processorId: string) => uuidV5('payments', 'chargeback-won', processorId),
  payoutFee: (payoutId: string) => uuidV5('payments', 'payout-fee', payoutId),
  hold: (id: string) => uuidV5('payments', 'hold', id),
  release: (id: string) => uuidV5('payments', 'release', id),
  withdrawalSubmit: (id: string) => uuidV5('payments', 'withdrawal-submit', id),
  withdrawalSettle: (id: string) => uuidV5('payments', 'withdrawal-settle', id),
  withdrawalFail: (id: string) => uuidV5('payments', 'withdrawal-fail', id),
  withdrawalReturn: (id: string) => uuidV5('payments', 'withdrawal-return', id),
} as const;

const available = (customerId: string, asset: AssetCode): Account => account('customer_available', asset, customerId);
const debt = (customerId: string, asset: AssetCode): Account => account('customer_debt', asset, customerId);
const nostro = (asset: AssetCode): Account => account('bank_nostro', asset);
const receivable = (asset: AssetCode): Account => account('card_receivable', asset);
const suspense = (asset: AssetCode): Account => account('suspense_credit', asset);
const payable = (asset: AssetCode): Account => account('withdrawals_payable', asset);

export const accounts = { available, debt, nostro, receivable, suspense, payable };

/** A part of nothing is no leg. */
const some = (legs: readonly Leg[]): Leg[] => legs.filter(({ amount }) => amount !== 0n);

type Line = Pick<BankLine, 'id' | 'asset' | 'amount' | 'bookedAt'>;

const fromBank = (kind: string, line: Line, to: Account): Transfer => ({
  id: transferIds.bankLine(line.id),
  kind: `payments.${kind}`,
  legs: [debit(nostro(line.asset), line.amount), credit(to, line.amount)],
  meta: { bankLine: line.id },
});

export const bankCredit = (line: Line, customerId: string): Transfer =>
  fromBank('bank-credit', line, available(customerId, line.asset));

export const treasuryCredit = (line: Line): Transfer =>
  fromBank('treasury-credit', line, account('house_inventory', line.asset));

export const unidentifiedCredit = (line: Line): Transfer => fromBank('unidentified-credit', line, suspense(line.asset));

export const payoutArrived = (line: Line): Transfer => fromBank('payout', line, receivable(line.asset));

export const unorderedDebit = (line: Line): Transfer => ({
  id: transferIds.bankLine(line.id),
  kind: 'payments.unordered-debit',
  legs: [debit(account('suspense_debit', line.asset), line.amount), credit(nostro(line.asset), line.amount)],
  meta: { bankLine: line.id },
});

/** What was in suspense is the customer's, or was the processor's payout. */
export const repoint = (
  item: { id: string; asset: AssetCode; amount: bigint },
  customerId: string | null,
): Transfer => ({
  id: transferIds.repoint(item.id),
  kind: 'payments.repoint',
  legs: [
    debit(suspense(item.asset), item.amount),
    credit(customerId === null ? receivable(item.asset) : available(customerId, item.asset), item.amount),
  ],
});

const hold = (id: string, from: Account, amount: bigint): Transfer => ({
  id: transferIds.hold(id),
  kind: 'ledger.hold',
  legs: holdLegs({ hold: id, from, amount }),
});

const release = (id: string, from: Account, amount: bigint): Transfer => ({
  id: transferIds.release(id),
  kind: 'ledger.hold-release',
  legs: releaseLegs({ hold: id, from, amount }),
});

/** The captured amount is the customer's; with `lockFunds` it is set aside at once, under the payment's id. */
export function cardCapture(payment: CardPayment): Transfer[] {
  const { id, asset, amount, customerId } = payment;
  const capture: Transfer = {
    id: transferIds.capture(id),
    kind: 'payments.card-capture',
    legs: [debit(receivable(asset), amount), credit(available(customerId, asset), amount)],
    group: id,
  };
  return payment.lockFunds ? [capture, hold(id, available(customerId, asset), amount)] : [capture];
}

type Refunded = Pick<CardPayment, 'id' | 'customerId' | 'asset'>;

export const refundHold = (refund: Refund, { customerId, asset }: Refunded): Transfer =>
  hold(refund.id, available(customerId, asset), refund.amount);

export const refundReleased = (refund: Refund, { customerId, asset }: Refunded): Transfer =>
  release(refund.id, available(customerId, asset), refund.amount);

export const refundPaid = (refund: Refund, { id, customerId, asset }: Refunded): Transfer => ({
  id: transferIds.refund(refund.id),
  kind: 'payments.card-refund',
  legs: captureLegs({
    hold: refund.id,
    from: available(customerId, asset),
    to: [{ account: receivable(asset), amount: refund.amount }],
  }),
  group: id,
});

/** How a sum that the processor took back falls on a customer. */
export interface Taken {
  readonly clawedBack: bigint;
  readonly indebted: bigint;
}

const takenLegs = (asset: AssetCode, customerId: string, { clawedBack, indebted }: Taken): Leg[] => [
  ...some([debit(available(customerId, asset), clawedBack), debit(debt(customerId, asset), indebted)]),
  credit(receivable(asset), clawedBack + indebted),
];

export const refundClaimed = (refund: Refund, { id, customerId, asset }: Refunded, taken: Taken): Transfer => ({
  id: transferIds.refund(refund.id),
  kind: 'payments.card-refund-claimed',
  legs: takenLegs(asset, customerId, taken),
  group: id,
});

type ChargedBack = Pick<Chargeback, 'processorId' | 'paymentId' | 'customerId' | 'asset' | 'amount' | 'fee'>;

export const chargebackTaken = (chargeback: ChargedBack, taken: Taken): Transfer => ({
  id: transferIds.chargeback(chargeback.processorId),
  kind: 'payments.chargeback',
  legs: takenLegs(chargeback.asset, chargeback.customerId, taken),
  group: chargeback.paymentId,
});

export const chargebackFee = ({ processorId, paymentId, asset, fee }: ChargedBack): Transfer => ({
  id: transferIds.chargebackFee(processorId),
  kind: 'payments.chargeback-fee',
  legs: [debit(account('chargeback_losses', asset), fee), credit(receivable(asset), fee)],
  group: paymentId,
});

/** The debt that is still open is paid first; the rest is the customer's again. */
export const chargebackWon = (chargeback: ChargedBack, openDebt: bigint): Transfer => ({
  id: transferIds.chargebackWon(chargeback.processorId),
  kind: 'payments.chargeback-won',
  legs: some([
    debit(receivable(chargeback.asset), chargeback.amount),
    credit(debt(chargeback.customerId, chargeback.asset), openDebt),
    credit(available(chargeback.customerId, chargeback.asset), chargeback.amount - openDebt),
  ]),
  group: chargeback.paymentId,
});

export const debtRepaid = (customerId: string, asset: AssetCode, amount: bigint): Transfer => ({
  id: uuidV7(),
  kind: 'payments.debt-repaid',
  legs: [debit(available(customerId, asset), amount), credit(debt(customerId, asset), amount)],
});

export const debtWrittenOff = (id: string, customerId: string, asset: AssetCode, amount: bigint): Transfer => ({
  id,
  kind: 'payments.debt-written-off',
  legs: [debit(account('chargeback_losses', asset), amount), credit(debt(customerId, asset), amount)],
});

export const payoutFee = (payout: { processorId: string; asset: AssetCode; fees: bigint }): Transfer => ({
  id: transferIds.payoutFee(payout.processorId),
  kind: 'payments.payout-fee',
  legs: [debit(account('processor_fees', payout.asset), payout.fees), credit(receivable(payout.asset), payout.fees)],
  meta: { payout: payout.processorId },
});

/** Amount and fee leave the customer together; the fee is earned only when the payment has left. */
const gross = ({ amount, fee }: Withdrawal): bigint => amount + fee;

const owner = ({ customerId, asset }: Withdrawal): Account =>
  customerId === null ? suspense(asset) : available(customerId, asset);

/** Null for money that is in suspense, which nobody else can spend. */
export const withdrawalHold = (of: Withdrawal): Transfer | null =>
  of.source === 'customer' ? hold(of.id, owner(of), gross(of)) : null;

export const withdrawalReleased = (of: Withdrawal): Transfer | null =>
  of.source === 'customer' ? release(of.id, owner(of), gross(of)) : null;

export const withdrawalSubmitted = (of: Withdrawal): Transfer => ({
  id: transferIds.withdrawalSubmit(of.id),
  kind: 'payments.withdrawal-submit',
  legs:
    of.source === 'customer'
      ? captureLegs({ hold: of.id, from: owner(of), to: [{ account: payable(of.asset), amount: gross(of) }] })
      : [debit(owner(of), gross(of)), credit(payable(of.asset), gross(of))],
  group: of.id,
});

export const withdrawalSettled = (of: Withdrawal): Transfer => ({
  id: transferIds.withdrawalSettle(of.id),
  kind: 'payments.withdrawal-settle',
  legs: some([
    debit(payable(of.asset), gross(of)),
    credit(nostro(of.asset), of.amount),
    credit(account('fee_revenue', of.asset), of.fee),
  ]),
  group: of.id,
});

export const withdrawalFailed = (of: Withdrawal): Transfer => ({
  id: transferIds.withdrawalFail(of.id),
  kind: 'payments.withdrawal-fail',
  legs: [debit(payable(of.asset), gross(of)), credit(owner(of), gross(of))],
  group: of.id,
});

/** What came back is the amount; the fee was earned when the payment left. */
export const withdrawalReturned = (of: Withdrawal): Transfer => ({
  id: transferIds.withdrawalReturn(of.id),
  kind: 'payments.withdrawal-return',
  legs: [debit(nostro(of.asset), of.amount), credit(owner(of), of.amount)],
  group: of.id,
});
