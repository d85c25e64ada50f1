import { randomBytes } from 'node:crypto';
import { type AssetCode } from '@core/money';
import { ManualClock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { Events } from '@base/events';
import { Jobs, Outbox } from '@base/jobs';
import { createLogger } from '@base/observability';
import { account } from '@platform/ledger';
import { createTestLedger, fund, type TestLedger } from '@platform/ledger/testing';
import { type Beneficiary } from '../beneficiary.js';
import { findCardPayment } from '../card-payments.js';
import { type CardPayment } from '../card-payment.js';
import { createPayments, type Payments, type PaymentsSettings } from '../create-payments.js';
import { registerPaymentsJobs } from '../register-jobs.js';
import { SANDBOX_TERMS } from '../terms.js';
import { type OutsideEvent } from '../card-processor.js';
import { FakeBank } from './fake-bank.js';
import { FakeCard } from './fake-card.js';

export interface TestPayments extends TestLedger {
  readonly payments: Payments;
  readonly bank: FakeBank;
  readonly card: FakeCard;
  readonly clock: ManualClock;
  readonly jobs: Jobs;
  readonly events: Events;
  transaction<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** A customer with this much available. */
  customer(amount?: bigint, asset?: AssetCode): Promise<string>;
  /** Somebody that the customer can pay at once. */
  beneficiary(customerId: string, asset?: AssetCode): Promise<Beneficiary>;
  /** Delivers the events that have not been delivered, in order, and runs every job, until nothing is left. */
  settle(): Promise<void>;
  deliver(source: 'card' | 'bank', event: OutsideEvent): Promise<void>;
  /** A card payment that has been captured. */
  paid(
    customerId: string,
    amount: bigint,
    options?: { lockFunds?: boolean; purpose?: { kind: string; id: string } },
  ): Promise<CardPayment>;
  balance(type: Parameters<typeof account>[0], owner?: string, asset?: AssetCode): Promise<bigint>;
}

/** Payments on a database of its own, between a bank and a card processor in memory, with time that stands still. */
export async function createTestPayments(
  options: Partial<PaymentsSettings> & { max?: number } = {},
): Promise<TestPayments> {
  const clock = new ManualClock(new Date());
  const test = await createTestLedger({ clock, max: options.max ?? 10 });
  const { ledger } = test;
  const database = test.database.app;
  const logger = createLogger('payments-spec', 'silent');
  const events = new Events({ database, clock, logger });
  const outbox = new Outbox(database, clock);
  const jobs = new Jobs({ database, clock, logger });
  const bank = new FakeBank();
  const card = new FakeCard();
  const parts = { database, clock, logger, ledger, outbox, events, bank, card };
  const payments = createPayments(parts, { terms: SANDBOX_TERMS, ...options });
  registerPaymentsJobs(jobs, parts, payments);
  const delivered = { card: 0, bank: 0 };

  const deliver = async (source: 'card' | 'bank', event: OutsideEvent): Promise<void> => {
    const intake = source === 'card' ? payments.cardIntake : payments.bankIntake;
    await intake.take(event, 'webhook');
  };
  const settle = async (): Promise<void> => {
    for (let moved = true; moved;) {
      moved = (await jobs.runPending()) > 0;
      for (const [source, log] of [
        ['card', card.events],
        ['bank', bank.events],
      ] as const) {
        // prettier-ignore
        for (; delivered[source] < log.length; delivered[source] += 1, moved = true) {
          await deliver(source, log[delivered[source]] as OutsideEvent);
        }
      }
    }
  };
  const transaction = <Result>(work: (tx: Tx) => Promise<Result>): Promise<Result> => database.transaction(work);

  return {
    ...test,
    payments,
    bank,
    card,
    clock,
    jobs,
    events,
    transaction,
    deliver,
    settle,
    customer: async (amount = 0n, asset = 'USD') => {
      const id = uuidV7();
      if (amount > 0n) await fund(ledger, account('customer_available', asset, id), amount);
      return id;
    },
    beneficiary: async (customerId, asset = 'USD') => {
      const made = await transaction((tx) =>
        payments.addBeneficiary.run(tx, { customerId, asset, name: 'Ada Lovelace', account: randomIban() }),
      );
      await settle();
      return made;
    },
    paid: async (customerId, amount, more = {}) => {
      const { id } = await transaction((tx) =>
        payments.startCardPayment.run(tx, { customerId, asset: 'USD', amount, ...more }),
      );
      await settle();
      card.approve(id);
      await settle();
      const payment = await findCardPayment(database, id);
      if (payment?.state !== 'CAPTURED') throw new Error(`the payment is ${payment?.state}`);
      return payment;
    },
    balance: (type, owner, asset = 'USD') => ledger.balance(account(type, asset, owner)),
  };
}

/** An account number with sound check digits (ISO 13616). */
export function randomIban(): string {
  const digits = BigInt(`0x${randomBytes(7).toString('hex')}`)
    .toString()
    .padStart(18, '0')
    .slice(0, 18);
  const check = 98n - (BigInt(`${digits}${'33'}${'28'}00`) % 97n);
  return `XS${check.toString().padStart(2, '0')}${digits}`;
}
