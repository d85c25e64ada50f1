import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Events } from '@base/events';
import { type Outbox } from '@base/jobs';
import { type Logger } from '@base/observability';
import { type Ledger } from '@platform/ledger';
import { AddBeneficiary } from './add-beneficiary.js';
import { ApplyBankLine } from './apply-bank-line.js';
import { ApplyBankPayment } from './apply-bank-payment.js';
import { ApplyCardPayment } from './apply-card-payment.js';
import { ApplyChargeback } from './apply-chargeback.js';
import { ApplyBankFact, ApplyCardFact, subjectOfBankFact, subjectOfCardFact } from './apply-fact.js';
import { ApplyPayout } from './apply-payout.js';
import { ApplyRefund } from './apply-refund.js';
import { type BankFact, type BankRail } from './bank-rail.js';
import { type CardFact, type CardProcessor } from './card-processor.js';
import { Cards } from './cards.js';
import { CaptureCardPayment } from './capture-card-payment.js';
import { Chronicle } from './chronicle.js';
import { CreditCustomer } from './credit-customer.js';
import { type CustomerNames, noNames } from './customer-names.js';
import { Debts } from './debts.js';
import { DecideWithdrawal } from './decide-withdrawal.js';
import { DepositReferences } from './deposit-references.js';
import { GiveUpCardPayment } from './give-up-card-payment.js';
import { Intake } from './intake.js';
import { MoveWithdrawal } from './move-withdrawal.js';
import { OpenCardPayment } from './open-card-payment.js';
import { OwnAccounts } from './own-accounts.js';
import { Poll } from './poll.js';
import { Reconcile } from './reconcile.js';
import { RequestRefund } from './request-refund.js';
import { RequestWithdrawal } from './request-withdrawal.js';
import { ResolveSuspense } from './resolve-suspense.js';
import { ReviewBeneficiary } from './review-beneficiary.js';
import { StartCardPayment } from './start-card-payment.js';
import { SubmitRefund } from './submit-refund.js';
import { SubmitWithdrawal } from './submit-withdrawal.js';
import { type PaymentsTerms } from './terms.js';
import { faceValue, type Valuation, Withdrawable } from './withdrawable.js';

export interface PaymentsParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly events: Events;
  readonly bank: BankRail;
  readonly card: CardProcessor;
}

export interface PaymentsSettings {
  readonly terms: PaymentsTerms;
  /** Without it nobody's own name is known, and names are checked by the payee's bank alone. */
  readonly names?: CustomerNames | undefined;
  /** Without it only money of the held currency covers a hold. */
  readonly valuation?: Valuation | undefined;
}

/** Builds every use-case of the library by hand: in modules, in the worker and in specs alike. */
export function createPayments(
  parts: PaymentsParts,
  { terms, names = noNames, valuation = faceValue }: PaymentsSettings,
) {
  const { database, clock, logger, ledger, outbox, events, bank, card } = parts;
  const chronicle = new Chronicle(events, clock);
  const debts = new Debts(ledger, chronicle);
  const withdrawable = new Withdrawable(ledger, clock, valuation);

  const applyCardPayment = new ApplyCardPayment(ledger, debts, chronicle, outbox, terms.card);
  const applyRefund = new ApplyRefund(ledger, debts, chronicle);
  const applyChargeback = new ApplyChargeback(ledger, debts, chronicle);
  const applyPayout = new ApplyPayout(ledger, chronicle);
  const applyCardFact = new ApplyCardFact(applyCardPayment, applyRefund, applyChargeback, applyPayout);

  const moveWithdrawal = new MoveWithdrawal(ledger, debts, chronicle);
  const applyBankPayment = new ApplyBankPayment(moveWithdrawal);
  const creditCustomer = new CreditCustomer(ledger, debts, chronicle, terms.bank);
  const applyBankLine = new ApplyBankLine(ledger, creditCustomer, applyBankPayment, chronicle, names);
  const applyBankFact = new ApplyBankFact(applyBankLine, applyBankPayment);

  const cardIntake = new Intake<CardFact>(
    database,
    {
      source: 'card',
      factOf: (event) => card.factOf(event),
      subjectOf: subjectOfCardFact,
      apply: (tx, fact) => applyCardFact.run(tx, fact),
    },
    clock,
    logger,
  );
  const bankIntake = new Intake<BankFact>(
    database,
    {
      source: 'bank',
      factOf: (event) => bank.factOf(event),
      subjectOf: subjectOfBankFact,
      apply: (tx, fact) => applyBankFact.run(tx, fact),
    },
    clock,
    logger,
  );

  const openCardPayment = new OpenCardPayment(database, card, applyCardPayment, chronicle, terms.card);
  return {
    terms,
    debts,
    withdrawable,
    cards: new Cards(clock),
    ownAccounts: new OwnAccounts(bank),
    depositReferences: new DepositReferences(clock),
    startCardPayment: new StartCardPayment(chronicle, outbox, clock, terms.card),
    openCardPayment,
    captureCardPayment: new CaptureCardPayment(database, card, applyCardPayment),
    giveUpCardPayment: new GiveUpCardPayment(database, card, applyCardPayment, openCardPayment, outbox),
    applyCardPayment,
    requestRefund: new RequestRefund(ledger, chronicle, outbox),
    submitRefund: new SubmitRefund(database, card, applyRefund),
    addBeneficiary: new AddBeneficiary(chronicle, outbox, clock, terms.withdrawal),
    reviewBeneficiary: new ReviewBeneficiary(database, bank, names, chronicle, outbox),
    requestWithdrawal: new RequestWithdrawal(ledger, withdrawable, chronicle, outbox, terms.withdrawal),
    decideWithdrawal: new DecideWithdrawal(moveWithdrawal, outbox),
    submitWithdrawal: new SubmitWithdrawal(database, bank, moveWithdrawal, applyBankPayment),
    resolveSuspense: new ResolveSuspense(ledger, creditCustomer, chronicle, outbox),
    applyBankLine,
    cardIntake,
    bankIntake,
    poll: new Poll(database, chronicle),
    reconcile: new Reconcile(database, ledger, bank, chronicle, terms),
  };
}

export type Payments = ReturnType<typeof createPayments>;
