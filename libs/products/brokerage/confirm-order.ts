import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type ExecuteOrder } from './execute-order.js';
import { enterCustomerGate } from './limits.js';
import { GRACE_MS, METHOD_RULES } from './methods.js';
import { type OrderPayments } from './order-payments.js';
import { type Order, type Orders } from './orders.js';
import { assetIn } from './quote.js';
import { orderState, quoteExpired } from './refusals.js';

/** The customer's last word: stored money is converted at once, a card or bank payment is asked for. */
export class ConfirmOrder {
  constructor(
    private readonly orders: Orders,
    private readonly payments: OrderPayments,
    private readonly execute: ExecuteOrder,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal `order_not_found`, `order_state`, `quote_expired` */
  async run(tx: Tx, input: { orderId: string; customerId: string; returnUrl?: string | undefined }): Promise<Order> {
    const order = await this.orders.lock(tx, input.orderId, input.customerId);
    await enterCustomerGate(tx, order.customerId);
    return this.confirm(tx, order, input.returnUrl);
  }

  /** As {@link run}, for an order that is locked, inside its customer's gate. */
  async confirm(tx: Tx, order: Order, returnUrl?: string): Promise<Order> {
    const now = this.clock.now();
    if (order.state !== 'CREATED') throw orderState(order.state, 'confirmed');
    if (now.getTime() > order.quote.expiresAt.getTime() + GRACE_MS) throw quoteExpired();
    const change = { actor: 'customer' };
    if (order.quote.method === 'FUNDS') {
      return this.execute.run(tx, await this.orders.transition(tx, order, 'fund', now, change), change);
    }
    const deadlineAt = new Date(now.getTime() + METHOD_RULES[order.quote.method].paymentTimeoutMs);
    const request = {
      orderId: order.id,
      customerId: order.customerId,
      asset: assetIn(order.quote),
      amount: order.quote.priced.inAmount,
      expiresAt: deadlineAt,
      returnUrl,
    };
    if (order.quote.method === 'CARD') {
      const paymentId = await this.payments.startCard(tx, request);
      return this.orders.transition(tx, order, 'await_payment', now, { ...change, deadlineAt, paymentId });
    }
    const bankReference = await this.payments.expectBankCredit(tx, request);
    return this.orders.transition(tx, order, 'await_payment', now, { ...change, deadlineAt, bankReference });
  }
}
