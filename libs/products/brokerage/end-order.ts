import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { freeLimits } from './limits.js';
import { type OrderFunds } from './order-funds.js';
import { type OrderPayments } from './order-payments.js';
import { type Order, type Orders } from './orders.js';

export type Ending = 'cancel' | 'expire' | 'decline';

/**
 * Ends an order that was not executed. Money it held goes back to the customer's balance; limits it took are freed unless money from outside had
 * come in; a payment under way is given up. A capture that comes all the same is the customer's: see `receive-payment.ts`.
 */
export class EndOrder {
  constructor(
    private readonly orders: Orders,
    private readonly funds: OrderFunds,
    private readonly payments: OrderPayments,
    private readonly clock: Clock,
  ) {}

  /** The customer's own wish, also the answer "no" to a new price. @throws Refusal `order_not_found`, `order_state` */
  async cancel(tx: Tx, orderId: string, customerId: string): Promise<Order> {
    return this.end(tx, await this.orders.lock(tx, orderId, customerId), 'cancel', { actor: 'customer' });
  }

  /** `order` is locked. @throws Refusal `order_state` */
  async end(tx: Tx, order: Order, event: Ending, change: { actor: string; reason?: string }): Promise<Order> {
    const now = this.clock.now();
    const ended = await this.orders.transition(tx, order, event, now, { ...change, holdId: null });
    await this.funds.release(tx, order);
    if (order.state === 'AWAITING_PAYMENT' && order.paymentId !== null && event !== 'decline') {
      await this.payments.cancelCard(tx, order.paymentId);
    }
    if (!order.paid) await freeLimits(tx, order.id, now);
    return ended;
  }
}
