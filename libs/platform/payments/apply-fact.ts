import { type Tx } from '@base/database';
import { type ApplyBankLine } from './apply-bank-line.js';
import { type ApplyBankPayment } from './apply-bank-payment.js';
import { type ApplyCardPayment, type Applied } from './apply-card-payment.js';
import { type ApplyChargeback } from './apply-chargeback.js';
import { type ApplyPayout } from './apply-payout.js';
import { type ApplyRefund } from './apply-refund.js';
import { type BankFact } from './bank-rail.js';
import { type CardFact } from './card-processor.js';

/** What the card processor tells, each to whom it concerns. */
export class ApplyCardFact {
  constructor(
    private readonly payments: ApplyCardPayment,
    private readonly refunds: ApplyRefund,
    private readonly chargebacks: ApplyChargeback,
    private readonly payouts: ApplyPayout,
  ) {}

  /** @throws Contradiction */
  run(tx: Tx, fact: CardFact): Promise<Applied> {
    switch (fact.kind) {
      case 'payment':
        return this.payments.run(tx, fact.payment);
      case 'refund':
        return this.refunds.run(tx, fact.refund);
      case 'chargeback':
        return this.chargebacks.run(tx, fact.chargeback);
      case 'payout':
        return this.payouts.run(tx, fact.payout);
      case 'other':
        return Promise.resolve('unknown');
    }
  }
}

/** What the bank tells, each to whom it concerns. */
export class ApplyBankFact {
  constructor(
    private readonly lines: ApplyBankLine,
    private readonly payments: ApplyBankPayment,
  ) {}

  /** @throws Contradiction */
  run(tx: Tx, fact: BankFact): Promise<Applied> {
    switch (fact.kind) {
      case 'line':
        return this.lines.run(tx, fact.line);
      case 'payment':
        return this.payments.run(tx, fact.payment);
      case 'other':
        return Promise.resolve('unknown');
    }
  }
}

/** What a fact is about, by our own id where it has one. */
export function subjectOfCardFact(fact: CardFact): string {
  switch (fact.kind) {
    case 'payment':
      return fact.payment.reference;
    case 'refund':
      return fact.refund.paymentReference;
    case 'chargeback':
      return fact.chargeback.paymentReference;
    case 'payout':
      return fact.payout.processorId;
    case 'other':
      return '';
  }
}

export function subjectOfBankFact(fact: BankFact): string {
  switch (fact.kind) {
    case 'line':
      return fact.line.id;
    case 'payment':
      return fact.payment.endToEndId;
    case 'other':
      return '';
  }
}
