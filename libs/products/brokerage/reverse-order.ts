import { convert, convertBack } from '@core/money';
import { type Clock } from '@base/clock';
import { uuidV5, type Tx } from '@base/database';
import { type Outbox } from '@base/jobs';
import { account, credit, debit, type Ledger } from '@platform/ledger';
import { type Prices } from '@platform/pricing';
import { inventory } from './inventory.js';
import { type Order, type Orders } from './orders.js';

export const CLAW_BACK = 'brokerage.claw-back';

/**
 * An executed order whose payment was charged back. Payments has taken what the customer had of the currency and booked the rest as their
 * debt; what the order bought, as far as it is still there, is sold to the house to repay it, and never more than that.
 */
export class ReverseOrder {
  constructor(
    private readonly orders: Orders,
    private readonly ledger: Ledger,
    private readonly prices: Prices,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  /** An order that never executed has nothing to reverse: its money was in the balance, where payments found it. */
  async chargedBack(tx: Tx, orderId: string, eventId: string): Promise<void> {
    const order = await this.orders.lock(tx, orderId);
    if (order.state !== 'EXECUTED' && order.state !== 'SETTLED') return;
    await this.orders.transition(tx, order, 'reverse', this.clock.now(), {
      actor: 'payments',
      reason: 'CHARGEBACK',
      reversal: 'USER_DEBT',
    });
    await this.outbox.enqueue(tx, { kind: CLAW_BACK, payload: { orderId }, id: uuidV5(CLAW_BACK, eventId) });
  }

  async won(tx: Tx, orderId: string): Promise<void> {
    const order = await this.orders.lock(tx, orderId);
    if (order.state === 'REVERSED' && order.reversal !== 'WON')
      await this.orders.resolveReversal(tx, order, 'WON', this.clock.now());
  }

  /**
   * Sells what was bought, up to the debt, at what the external sources say, which nobody on the exchange moves.
   * @throws Refusal `price_unavailable`: the job tries again
   */
  async clawBack(tx: Tx, orderId: string): Promise<Order> {
    const order = await this.orders.lock(tx, orderId);
    if (order.state !== 'REVERSED' || order.reversal !== 'USER_DEBT') return order;
    const { pair } = order.quote;
    const owed = account('customer_debt', pair.quote, order.customerId);
    const debt = await this.ledger.balance(owed, tx);
    if (debt > 0n) {
      const { external: price } = this.prices.mid(pair.symbol);
      const coins = account('customer_available', pair.base, order.customerId);
      const has = await this.ledger.balance(coins, tx);
      const needed = convertBack(debt, price, 'ceil');
      const sold = has < needed ? has : needed;
      const worth = convert(sold, price, 'floor');
      const repaid = worth < debt ? worth : debt;
      if (repaid > 0n) {
        await this.ledger.post(tx, {
          id: uuidV5(CLAW_BACK, order.id, order.version),
          kind: 'brokerage.claw-back',
          group: order.id,
          legs: [
            debit(coins, sold),
            credit(inventory(pair.base), sold),
            debit(inventory(pair.quote), repaid),
            credit(owed, repaid),
          ],
          meta: { order: order.id },
        });
      }
      if (repaid < debt) return order;
    }
    return this.orders.resolveReversal(tx, order, 'CLAWED_BACK', this.clock.now());
  }
}
