import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { Refusal } from '@base/http';
import { type EndOrder } from './end-order.js';
import { type ExecuteOrder } from './execute-order.js';
import { countLimitsAfterAll, enterCustomerGate, freeLimits } from './limits.js';
import { type OrderFunds } from './order-funds.js';
import { type Order, type Orders } from './orders.js';

/** Money of an order has arrived: on a hold of its own (a card's), or in the customer's balance (a bank credit). */
export interface ReceivedMoney {
  readonly orderId: string;
  readonly amount: bigint;
  /** The ledger hold that keeps it for the order; none when it is in the balance. */
  readonly holdId: string | null;
  /** Whether the issuer bears fraud (3-D Secure); null where the question does not arise. */
  readonly liabilityShifted: boolean | null;
}

/** Card money from this value on that the issuer does not stand for is looked at before coins leave the house's side. */
export const REVIEW_FROM_CENTS = 100_000n;
/** How long operators have; then the money goes back. */
export const REVIEW_WINDOW_MS = 3 * 86_400_000;

/** What becomes of an order when payments says what became of its payment. Runs in the consumer of payments' events, once per event. */
export class ReceivePayment {
  constructor(
    private readonly orders: Orders,
    private readonly funds: OrderFunds,
    private readonly execute: ExecuteOrder,
    private readonly ending: EndOrder,
    private readonly clock: Clock,
  ) {}

  /** Funds the order and executes it; money that comes too late or too little stays in the customer's balance. */
  async received(tx: Tx, money: ReceivedMoney): Promise<Order> {
    const order = await this.orders.lock(tx, money.orderId);
    await enterCustomerGate(tx, order.customerId);
    await countLimitsAfterAll(tx, order.id);
    if (order.state !== 'AWAITING_PAYMENT') {
      await this.orders.markPaid(tx, order);
      if (money.holdId !== null) await this.funds.releaseHold(tx, order, money.holdId, money.amount);
      return order;
    }
    const paid = { actor: 'payments', paid: true };
    const holdId = await this.#secure(tx, order, money);
    if (holdId === undefined)
      return this.orders.transition(tx, order, 'decline', this.clock.now(), { ...paid, reason: 'UNDERPAID' });
    if (money.liabilityShifted === false && order.quote.valueCents >= REVIEW_FROM_CENTS) {
      const deadlineAt = new Date(this.clock.now().getTime() + REVIEW_WINDOW_MS);
      return this.orders.transition(tx, order, 'review', this.clock.now(), {
        ...paid,
        holdId,
        deadlineAt,
        reason: 'LIABILITY_NOT_SHIFTED',
      });
    }
    const funded = await this.orders.transition(tx, order, 'fund', this.clock.now(), { ...paid, holdId });
    return this.execute.run(tx, funded, { actor: 'system' });
  }

  /** The payment failed or was given up. */
  async declined(tx: Tx, orderId: string, reason: string): Promise<void> {
    const order = await this.orders.lock(tx, orderId);
    if (order.state !== 'AWAITING_PAYMENT') return;
    await this.ending.end(tx, order, 'decline', { actor: 'payments', reason });
  }

  /** The processor has given the money back to the card. */
  async refunded(tx: Tx, orderId: string): Promise<void> {
    const order = await this.orders.lock(tx, orderId);
    if (order.state !== 'REFUND_PENDING') return;
    await this.orders.transition(tx, order, 'refund', this.clock.now(), { actor: 'payments' });
    await freeLimits(tx, order.id, this.clock.now());
  }

  /** The processor would not give it back: the money is in the customer's balance, and that is where the order ends. */
  async refundFailed(tx: Tx, orderId: string): Promise<void> {
    const order = await this.orders.lock(tx, orderId);
    if (order.state !== 'REFUND_PENDING') return;
    await this.orders.transition(tx, order, 'decline', this.clock.now(), {
      actor: 'payments',
      reason: 'REFUND_FAILED',
    });
  }

  async #secure(tx: Tx, order: Order, { holdId, amount }: ReceivedMoney): Promise<string | undefined> {
    const wanted = order.quote.priced.inAmount;
    if (holdId !== null && amount === wanted) return holdId;
    if (holdId !== null) await this.funds.releaseHold(tx, order, holdId, amount);
    try {
      return await this.funds.hold(tx, order);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'insufficient_funds') return undefined;
      throw error;
    }
  }
}
