import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type ExecuteOrder } from './execute-order.js';
import { enterCustomerGate } from './limits.js';
import { type OrderFunds } from './order-funds.js';
import { type OrderPayments } from './order-payments.js';
import { type Order, type Orders } from './orders.js';

/** What an operator decides about a paid order that was set apart: go on, or give the money back to the card. */
export class ReviewOrder {
  constructor(
    private readonly orders: Orders,
    private readonly funds: OrderFunds,
    private readonly payments: OrderPayments,
    private readonly execute: ExecuteOrder,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal `order_not_found`, `order_state` */
  async clear(tx: Tx, orderId: string, actor: string): Promise<Order> {
    const order = await this.orders.lock(tx, orderId);
    await enterCustomerGate(tx, order.customerId);
    return this.execute.run(tx, await this.orders.transition(tx, order, 'clear', this.clock.now(), { actor }), {
      actor,
    });
  }

  /** @throws Refusal `order_not_found`, `order_state` */
  async reject(tx: Tx, orderId: string, { actor, reason }: { actor: string; reason: string }): Promise<Order> {
    const order = await this.orders.lock(tx, orderId);
    const rejected = await this.orders.transition(tx, order, 'reject', this.clock.now(), {
      actor,
      reason,
      holdId: null,
    });
    await this.funds.release(tx, order);
    if (order.paymentId !== null) await this.payments.refundCard(tx, order.paymentId, reason);
    return rejected;
  }
}
