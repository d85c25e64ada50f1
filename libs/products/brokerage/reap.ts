import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { type Logger } from '@base/observability';
import { type EndOrder } from './end-order.js';
import { type ExecuteOrder } from './execute-order.js';
import { enterCustomerGate } from './limits.js';
import { type Order, type Orders } from './orders.js';
import { type Quotes } from './quotes.js';
import { type ReviewOrder } from './review-order.js';

const QUOTES_PER_RUN = 1_000;
const ORDERS_PER_RUN = 200;

export interface ReaperHands {
  readonly ending: EndOrder;
  readonly execute: ExecuteOrder;
  readonly review: ReviewOrder;
}

/** Finds what has stood for too long and moves it to its next state: no state of an order is without an exit. */
export class Reap {
  constructor(
    private readonly database: Database,
    private readonly orders: Orders,
    private readonly hands: ReaperHands,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async expireQuotes(quotes: Quotes): Promise<number> {
    return quotes.expire(this.database, this.clock.now(), QUOTES_PER_RUN);
  }

  /** Each order in a transaction of its own; one that fails is told and does not hold up the others. */
  async run(): Promise<number> {
    const due = await this.orders.due(this.database, this.clock.now(), ORDERS_PER_RUN);
    for (const id of due) {
      try {
        await this.database.transaction((tx) => this.#reap(tx, id));
      } catch (error) {
        this.logger.error({ err: error, order: id }, 'an overdue order could not be moved on');
      }
    }
    return due.length;
  }

  async #reap(tx: Tx, id: string): Promise<void> {
    const order = await this.orders.lock(tx, id);
    if (!order.deadlineAt || order.deadlineAt > this.clock.now()) return;
    await enterCustomerGate(tx, order.customerId);
    await this.#moveOn(tx, order);
  }

  async #moveOn(tx: Tx, order: Order): Promise<void> {
    const actor = 'reaper';
    switch (order.state) {
      case 'CREATED':
      case 'AWAITING_PAYMENT':
      case 'AWAITING_REPRICE':
        await this.hands.ending.end(tx, order, 'expire', { actor, reason: 'TIMEOUT' });
        return;
      case 'PAYMENT_REVIEW':
        await this.hands.review.reject(tx, order.id, { actor, reason: 'TIMEOUT' });
        return;
      case 'FUNDED':
        await this.hands.execute.run(tx, order, { actor });
        return;
      case 'EXECUTED':
        await this.orders.transition(tx, order, 'settle', this.clock.now(), { actor });
        return;
      case 'DELIVERING':
      case 'SETTLED':
      case 'FAILED':
      case 'EXPIRED':
      case 'CANCELLED':
      case 'REFUND_PENDING':
      case 'REFUNDED':
      case 'REVERSED':
        throw new Error(`an order that is ${order.state} has no deadline`);
    }
  }
}
