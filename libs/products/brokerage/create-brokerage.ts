import { type Clock } from '@base/clock';
import { type Secret } from '@base/config';
import { type Database } from '@base/database';
import { type Events } from '@base/events';
import { type Outbox } from '@base/jobs';
import { type Logger } from '@base/observability';
import { type Ledger } from '@platform/ledger';
import { type Pricing } from '@platform/pricing';
import { AcceptHedge } from './accept-hedge.js';
import { AcceptReprice } from './accept-reprice.js';
import { ConfirmOrder } from './confirm-order.js';
import { CreateOrder } from './create-order.js';
import { CreateQuote } from './create-quote.js';
import { Desk } from './desk.js';
import { EndOrder } from './end-order.js';
import { ExecuteOrder } from './execute-order.js';
import { FollowPayments } from './follow-payments.js';
import { FundInventory } from './fund-inventory.js';
import { HedgeHouse } from './hedge-house.js';
import { type HedgeVenue } from './hedge-venue.js';
import { House } from './house.js';
import { type CustomerTiers } from './limits.js';
import { OperateDesk } from './operate-desk.js';
import { OrderFunds } from './order-funds.js';
import { type OrderPayments } from './order-payments.js';
import { Orders } from './orders.js';
import { ReadPortfolio } from './portfolio.js';
import { QuoteSigner } from './quote.js';
import { Quotes } from './quotes.js';
import { Reap } from './reap.js';
import { ReceivePayment } from './receive-payment.js';
import { Reprice } from './reprice.js';
import { ReverseOrder } from './reverse-order.js';
import { ReviewOrder } from './review-order.js';

export interface BrokerageParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: Events;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  readonly pricing: Pick<Pricing, 'prices' | 'volatility'>;
  readonly payments: OrderPayments;
  readonly tiers: CustomerTiers;
  /** Where the desk hedges, in the process that does; without one it holds its positions within their limits. */
  readonly hedgeVenue?: HedgeVenue | undefined;
}

export type Brokerage = ReturnType<typeof createBrokerage>;

/** Every use-case of the brokerage, wired. */
export function createBrokerage(parts: BrokerageParts, { quoteSigningKey }: { quoteSigningKey?: Secret | undefined }) {
  const { database, clock, logger, events, outbox, ledger, payments, tiers } = parts;
  const { prices, volatility } = parts.pricing;
  const signer = new QuoteSigner(quoteSigningKey);
  const quotes = new Quotes();
  const orders = new Orders(quotes, events);
  const house = new House(ledger, prices);
  const desk = new Desk(prices, volatility, house);
  const funds = new OrderFunds(ledger);
  const executeOrder = new ExecuteOrder(orders, { prices, desk, house }, { ledger, funds, payments }, clock);
  const confirmOrder = new ConfirmOrder(orders, payments, executeOrder, clock);
  const endOrder = new EndOrder(orders, funds, payments, clock);
  const reviewOrder = new ReviewOrder(orders, funds, payments, executeOrder, clock);
  const reprice = new Reprice(desk);
  const receivePayment = new ReceivePayment(orders, funds, executeOrder, endOrder, clock);
  const reverseOrder = new ReverseOrder(orders, ledger, prices, outbox, clock);
  const fundInventory = new FundInventory(ledger, clock);
  return {
    quotes,
    orders,
    house,
    payments,
    tiers,
    hedgeHouse:
      parts.hedgeVenue && new HedgeHouse({ database, clock, logger, ledger, prices }, house, parts.hedgeVenue),
    acceptHedge: new AcceptHedge(clock),
    createQuote: new CreateQuote(quotes, signer, { desk, house, tiers }, clock),
    createOrder: new CreateOrder(orders, { quotes, signer, house, tiers, funds }, confirmOrder, clock),
    confirmOrder,
    endOrder,
    reviewOrder,
    reprice,
    acceptReprice: new AcceptReprice(orders, funds, executeOrder, reprice, clock),
    receivePayment,
    reverseOrder,
    fundInventory,
    followPayments: new FollowPayments(receivePayment, reverseOrder, fundInventory, logger),
    operateDesk: new OperateDesk(quotes, clock),
    readPortfolio: new ReadPortfolio(ledger, prices),
    reap: new Reap(database, orders, { ending: endOrder, execute: executeOrder, review: reviewOrder }, clock, logger),
  };
}
