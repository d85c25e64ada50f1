import { type Queryable } from '@base/database';
import { Refusal } from '@base/http';
import { assetIn, assetOut, type Brokerage, type Order } from '@products/brokerage';
import { moneyOf, presentOrder } from './present.js';

/** An order with what its customer can do next: where to pay, or what a new price would give. */
export class OrderDetails {
  constructor(private readonly brokerage: Brokerage) {}

  async present(db: Queryable, order: Order): Promise<object> {
    return presentOrder(order, {
      payment: await this.#payment(db, order),
      reprice: await this.#reprice(db, order),
      history: await this.brokerage.orders.history(db, order.id),
    });
  }

  async #payment(db: Queryable, order: Order): Promise<object | null> {
    if (order.state !== 'AWAITING_PAYMENT') return null;
    const { payments } = this.brokerage;
    if (order.paymentId !== null) {
      return { kind: 'card', paymentId: order.paymentId, url: await payments.cardPage(db, order.paymentId) };
    }
    return {
      kind: 'bank',
      reference: order.bankReference,
      ...moneyOf(order.quote.priced.inAmount, assetIn(order.quote)),
    };
  }

  async #reprice(db: Queryable, order: Order): Promise<object | null> {
    if (order.state !== 'AWAITING_REPRICE') return null;
    try {
      const { outAmount } = await this.brokerage.reprice.of(db, order);
      return moneyOf(outAmount, assetOut(order.quote));
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  }
}
