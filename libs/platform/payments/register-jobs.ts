import { z } from 'zod';
import { type Jobs } from '@base/jobs';
import { overdueBeneficiaries } from './beneficiaries.js';
import { type CardPayment } from './card-payment.js';
import { overdueCardPayments } from './card-payments.js';
import { type Payments, type PaymentsParts } from './create-payments.js';
import { freezesFor } from './freezes.js';
import { measure } from './measure.js';
import { failedEvents } from './outside-events.js';
import { quietRefunds } from './refunds.js';
import { quietWithdrawals, touchWithdrawal } from './withdrawals.js';

const paymentId = z.object({ paymentId: z.uuid() });
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** How long something unfinished may be quiet before we ask what became of it. */
const QUIET_MS = MINUTE;
/** A failed event is tried again by itself this often; then only a person can. */
const ATTEMPTS_MAX = 20;

/** Everything of payments that happens later: what the outbox asks for, what nobody told us, and what stands too long. */
export function registerPaymentsJobs(jobs: Jobs, parts: PaymentsParts, payments: Payments): void {
  registerCardJobs(jobs, payments);
  registerBankJobs(jobs, payments);
  registerPolls(jobs, parts, payments);
  registerReconciliation(jobs, parts, payments);
  registerReapers(jobs, parts, payments);
}

function registerCardJobs(jobs: Jobs, payments: Payments): void {
  jobs.registerOutside({
    kind: 'payments.open-card-payment',
    schema: paymentId,
    handle: (payload) => payments.openCardPayment.run(payload.paymentId),
  });
  jobs.registerOutside({
    kind: 'payments.capture-card-payment',
    schema: paymentId,
    handle: (payload) => payments.captureCardPayment.run(payload.paymentId),
  });
  jobs.registerOutside({
    kind: 'payments.give-up-card-payment',
    schema: paymentId,
    handle: (payload) => payments.giveUpCardPayment.run(payload.paymentId),
  });
  jobs.registerOutside({
    kind: 'payments.submit-refund',
    schema: z.object({ refundId: z.uuid() }),
    handle: (payload) => payments.submitRefund.run(payload.refundId),
  });
  jobs.register({
    kind: 'payments.apply-waiting',
    schema: z.object({ source: z.enum(['bank', 'card']), subject: z.string() }),
    handle: (tx, { source, subject }) =>
      source === 'card' ? payments.cardIntake.applyWaiting(tx, subject) : payments.bankIntake.applyWaiting(tx, subject),
  });
}

function registerBankJobs(jobs: Jobs, payments: Payments): void {
  const beneficiaryId = z.object({ beneficiaryId: z.uuid() });
  jobs.registerOutside({
    kind: 'payments.check-beneficiary',
    schema: beneficiaryId,
    handle: (payload) => payments.reviewBeneficiary.check(payload.beneficiaryId),
  });
  jobs.register({
    kind: 'payments.activate-beneficiary',
    schema: beneficiaryId,
    handle: (tx, payload) => payments.reviewBeneficiary.activateIfDue(tx, payload.beneficiaryId),
  });
  jobs.registerOutside({
    kind: 'payments.submit-withdrawal',
    schema: z.object({ withdrawalId: z.uuid() }),
    handle: (payload) => payments.submitWithdrawal.run(payload.withdrawalId),
  });
}

function registerPolls(
  jobs: Jobs,
  { bank, card }: PaymentsParts,
  { poll, cardIntake, bankIntake, applyBankLine }: Payments,
): void {
  jobs.every({ kind: 'payments.poll-card-events', everyMs: 5 * SECOND, run: () => poll.cardEvents(card, cardIntake) });
  jobs.every({ kind: 'payments.poll-bank-events', everyMs: 5 * SECOND, run: () => poll.bankEvents(bank, bankIntake) });
  jobs.every({ kind: 'payments.poll-bank-lines', everyMs: 5 * SECOND, run: () => poll.bankLines(bank, applyBankLine) });
  jobs.every({ kind: 'payments.poll-card-report', everyMs: 30 * SECOND, run: () => poll.cardReport(card) });
}

function registerReconciliation(jobs: Jobs, { bank, card }: PaymentsParts, payments: Payments): void {
  const { poll, applyBankLine, cardIntake, reconcile } = payments;
  jobs.every({
    kind: 'payments.reconcile-bank',
    everyMs: 10 * MINUTE,
    run: async () => {
      await poll.bankLines(bank, applyBankLine);
      await reconcile.bankAccounts();
    },
  });
  jobs.every({
    kind: 'payments.reconcile-card',
    everyMs: 10 * MINUTE,
    run: async () => {
      await poll.cardEvents(card, cardIntake);
      await poll.cardReport(card);
      await reconcile.cardReceivables();
    },
  });
}

function registerReapers(jobs: Jobs, parts: PaymentsParts, payments: Payments): void {
  const { database, clock } = parts;
  const quietSince = (): Date => new Date(clock.now().getTime() - QUIET_MS);
  const reap = <Item>(
    kind: string,
    everyMs: number,
    find: () => Promise<readonly Item[]>,
    work: (item: Item) => Promise<unknown>,
  ) => jobs.every({ kind: `payments.${kind}`, everyMs, run: async () => eachOf(await find(), work) });

  reap(
    'reap-card-payments',
    10 * SECOND,
    () => overdueCardPayments(database, clock.now(), quietSince()),
    (payment) => chaseCardPayment(payment, parts, payments),
  );
  reap(
    'chase-refunds',
    30 * SECOND,
    () => quietRefunds(database, quietSince()),
    ({ id }) => payments.submitRefund.chase(id),
  );
  reap(
    'chase-withdrawals',
    30 * SECOND,
    () => quietWithdrawals(database, CHASED, quietSince()),
    async ({ id }) => {
      await touchWithdrawal(database, id, clock.now());
      await payments.submitWithdrawal.chase(id);
    },
  );
  reap(
    'reap-beneficiaries',
    30 * SECOND,
    () => overdueBeneficiaries(database, clock.now(), quietSince()),
    ({ id, state }) =>
      state === 'CREATED'
        ? payments.reviewBeneficiary.check(id)
        : database.transaction((tx) => payments.reviewBeneficiary.activateIfDue(tx, id)),
  );
  reap(
    'collect-debts',
    MINUTE,
    () => freezesFor(database, 'debt', 500),
    ({ subject }) => database.transaction((tx) => payments.debts.collect(tx, subject)),
  );
  reap(
    'retry-failed-events',
    5 * MINUTE,
    () => failedEvents(database, 200),
    async ({ source, id, attempts }) => {
      if (attempts < ATTEMPTS_MAX) await payments[source === 'card' ? 'cardIntake' : 'bankIntake'].tryAgain(id);
    },
  );
  jobs.every({ kind: 'payments.measure', everyMs: 30 * SECOND, run: () => measure(database, quietSince()) });
}

const CHASED = ['REQUESTED', 'SUBMITTING', 'SUBMITTED'] as const;

async function chaseCardPayment(
  payment: CardPayment,
  { database, clock }: PaymentsParts,
  payments: Payments,
): Promise<void> {
  const { id, state, givingUp, expiresAt } = payment;
  if (givingUp !== null) await payments.giveUpCardPayment.run(id);
  else if (state === 'AUTHORISED') await payments.captureCardPayment.run(id);
  else if (expiresAt <= clock.now()) {
    await database.transaction((tx) => payments.giveUpCardPayment.request(tx, id, 'EXPIRED'));
    await payments.giveUpCardPayment.run(id);
  } else await payments.openCardPayment.run(id);
}

/** One that fails does not keep the others from their turn. @throws AggregateError of what failed */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const item of items) await work(item).catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${items.length} failed`);
}
