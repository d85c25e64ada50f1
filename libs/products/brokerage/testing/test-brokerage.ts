import { type AssetCode, parseAmount } from '@core/money';
import { ManualClock } from '@base/clock';
import { Secret } from '@base/config';
import { Database, uuidV7, type Queryable, type Tx } from '@base/database';
import { Events } from '@base/events';
import { Commands, Refusal, type CommandResult } from '@base/http';
import { Jobs, Outbox } from '@base/jobs';
import { createLogger } from '@base/observability';
import { account, credit, debit, holdLegs, Ledger } from '@platform/ledger';
import { createTestLedger, fund, type TestLedger } from '@platform/ledger/testing';
import { createPricing, type Pricing } from '@platform/pricing';
import { ManualSources } from '@platform/pricing/testing';
import { type Brokerage, createBrokerage, type CustomerTiers, type Order, type OrderPayments, type PaymentRequest, type Quote, type QuoteInput, registerBrokerageJobs, type Tier } from '@products/brokerage'; // prettier-ignore

export const PRICES = {
  'BTC-USD': '60000',
  'ETH-USD': '3000',
  'ETH-BTC': '0.05',
  'BTC-EUR': '55000',
  'ETH-EUR': '2750',
  'EUR-USD': '1.09',
};

/** Payments as the brokerage sees them, remembered; a spec plays the customer, the processor and the bank. */
export class FakePayments implements OrderPayments {
  readonly cards: (PaymentRequest & { paymentId: string })[] = [];
  readonly bank: PaymentRequest[] = [];
  readonly cancelled: string[] = [];
  readonly refunds: string[] = [];
  held: (paymentId: string) => Date | null = () => null;

  startCard(tx: Tx, request: PaymentRequest): Promise<string> {
    const paymentId = uuidV7();
    tx.afterCommit(() => this.cards.push({ ...request, paymentId }));
    return Promise.resolve(paymentId);
  }
  cancelCard(_: Tx, paymentId: string): Promise<void> {
    this.cancelled.push(paymentId);
    return Promise.resolve();
  }
  refundCard(_: Tx, paymentId: string): Promise<void> {
    this.refunds.push(paymentId);
    return Promise.resolve();
  }
  expectBankCredit(_: Tx, request: PaymentRequest): Promise<string> {
    this.bank.push(request);
    return Promise.resolve(`RF00${this.bank.length}`);
  }
  cardPage(_: Queryable, paymentId: string): Promise<string> {
    return Promise.resolve(`https://processor.example/${paymentId}`);
  }
  heldUntil(_: Tx, { paymentId }: { paymentId: string }): Promise<Date | null> {
    return Promise.resolve(this.held(paymentId));
  }
}

export interface TestBrokerageOptions {
  readonly tier?: Tier;
  readonly connections?: number;
  /** The desk's inventory in major units; a desk that can serve any spec unless told. */
  readonly inventory?: Partial<Record<AssetCode, string>>;
}

export type TestBrokerage = Awaited<ReturnType<typeof createTestBrokerage>>;

/** The brokerage on a real database and ledger, with prices, payments and time in the spec's hands. */
export async function createTestBrokerage(options: TestBrokerageOptions = {}) {
  const clock = new ManualClock();
  const test: TestLedger = await createTestLedger({ clock, max: 2 });
  const logger = createLogger('spec', 'silent');
  // Hundreds race for a few connections here, on a machine that may be busy: how long one waits for its turn is not what specs ask.
  const database = new Database({
    url: test.database.appUrl,
    applicationName: 'spec-brokerage',
    max: options.connections ?? 10,
    acquireTimeoutMs: 120_000,
    statementTimeoutMs: 120_000,
    idleInTransactionTimeoutMs: 120_000,
  });
  const ledger = new Ledger(database, clock);
  const sources = new ManualSources();
  const monotonic = { ms: 0 };
  const pricing: Pricing = createPricing(
    { database, clock, logger },
    { sources: sources.sources, monotonicMs: () => monotonic.ms },
  );
  await pricing.start();
  sources.agree(PRICES);
  const payments = new FakePayments();
  payments.held = () => new Date(clock.now().getTime() + 3 * 86_400_000);
  let tier: Tier = options.tier ?? 3;
  const tiers: CustomerTiers = { tierOf: () => Promise.resolve(tier) };
  const events = new Events({ database, clock, logger });
  const outbox = new Outbox(database, clock);
  const brokerage: Brokerage = createBrokerage(
    { database, clock, logger, events, outbox, ledger, pricing, payments, tiers },
    { quoteSigningKey: new Secret('a key that signs the quotes of specs') },
  );
  const jobs = new Jobs({ database, clock, logger });
  registerBrokerageJobs({ jobs, events }, brokerage);
  const commands = new Commands(database);
  const major = (amount: string, asset: AssetCode): bigint => parseAmount(amount, asset);

  for (const [asset, amount] of Object.entries(
    options.inventory ?? { USD: '10000000.00', EUR: '10000000.00', BTC: '100', ETH: '1000' },
  )) {
    const own = major(amount, asset as AssetCode);
    await ledger.submit({ id: uuidV7(), kind: 'test.fund', legs: [debit(account('bank_nostro', asset as AssetCode), own), credit(account('equity', asset as AssetCode), own)] }); // prettier-ignore
    await database.transaction((tx) =>
      brokerage.fundInventory.run(tx, { id: uuidV7(), asset: asset as AssetCode, amount: own, source: 'spec' }),
    );
  }

  const pass = (ms: number): void => {
    clock.advance(ms);
    monotonic.ms += ms;
  };
  const quote = async (input: Partial<QuoteInput> & { customerId: string; amount: string }): Promise<Quote> => {
    const full: QuoteInput = { profile: 'BUY', from: 'USD', to: 'BTC', mode: 'EXACT_IN', method: 'FUNDS', ...input };
    return (await database.transaction((tx) => brokerage.createQuote.run(tx, full))).quote;
  };
  const order = (
    customerId: string,
    quoteId: string,
    more: { confirm?: boolean; toleranceBps?: number } = { confirm: true },
  ): Promise<Order> => database.transaction((tx) => brokerage.createOrder.run(tx, { customerId, quoteId, ...more }));

  return {
    ...test,
    database,
    testDatabase: test.database,
    ledger,
    clock,
    sources,
    pricing,
    payments,
    brokerage,
    events,
    jobs,
    commands,
    pass,
    quote,
    order,
    major,
    setTier: (to: Tier) => (tier = to),
    /** All sources state these prices now, beside the usual ones. */
    prices: (prices: Readonly<Record<string, string>> = {}) => sources.agree({ ...PRICES, ...prices }),
    customer: async (money: Partial<Record<AssetCode, string>> = {}): Promise<string> => {
      const id = uuidV7();
      for (const [asset, amount] of Object.entries(money)) {
        await fund(ledger, account('customer_available', asset as AssetCode, id), major(amount, asset as AssetCode));
      }
      return id;
    },
    available: (customerId: string, asset: AssetCode) =>
      ledger.balance(account('customer_available', asset, customerId)),
    held: (customerId: string, asset: AssetCode) => ledger.balance(account('customer_hold', asset, customerId)),
    house: (asset: AssetCode) => ledger.balance(account('house_inventory', asset)),
    revenue: (type: 'fee_revenue' | 'spread_revenue', asset: AssetCode) => ledger.balance(account(type, asset)),
    read: (orderId: string) => brokerage.orders.read(database, orderId),
    /** The processor captures: the money is locked on a hold under the payment's id, as payments books it. */
    capture: async (request: PaymentRequest & { paymentId: string }, liabilityShifted = true): Promise<Order> =>
      database.transaction(async (tx) => {
        const from = account('customer_available', request.asset, request.customerId);
        await ledger.post(tx, [
          { id: uuidV7(), kind: 'test.fund', legs: [debit(account('card_receivable', request.asset), request.amount), credit(from, request.amount)] }, // prettier-ignore
          {
            id: uuidV7(),
            kind: 'ledger.hold',
            legs: holdLegs({ hold: request.paymentId, from, amount: request.amount }),
          },
        ]);
        return brokerage.receivePayment.received(tx, {
          orderId: request.orderId,
          amount: request.amount,
          holdId: request.paymentId,
          liabilityShifted,
        });
      }),
    /** Runs a command as the API does. */
    command: (owner: string, key: string, request: unknown, work: (tx: Tx) => Promise<Order>): Promise<CommandResult> =>
      commands.run({ owner, key, operation: 'spec', request }, async (tx) => ({
        status: 201,
        body: { id: (await work(tx)).id },
      })),
    refusalOf: async (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => 'done',
        (error: unknown) => {
          if (error instanceof Refusal) return `${error.options.status} ${error.code}`;
          throw error;
        },
      ),
    close: async () => {
      await pricing.stop();
      await ledger.close();
      await database.close();
      await test.close();
    },
  };
}
