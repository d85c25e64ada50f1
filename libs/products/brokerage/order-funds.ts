import { uuidV5, type Tx } from '@base/database';
import { account, type Account, holdLegs, LedgerRefusal, releaseLegs, type Ledger } from '@platform/ledger';
import { type Order } from './orders.js';
import { assetIn } from './quote.js';
import { insufficientFunds } from './refusals.js';

export const available = (order: Order, asset = assetIn(order.quote)): Account =>
  account('customer_available', asset, order.customerId);

/** The customer's money of an order: set aside while the order may still need it, given back when it does not. */
export class OrderFunds {
  constructor(private readonly ledger: Ledger) {}

  /** Sets aside what the customer gives and answers the hold. @throws Refusal `insufficient_funds` */
  async hold(tx: Tx, order: Order): Promise<string> {
    const hold = uuidV5('brokerage.hold', order.id, order.version);
    const amount = order.quote.priced.inAmount;
    try {
      await this.ledger.post(tx, {
        id: uuidV5('brokerage.hold-transfer', order.id, order.version),
        kind: 'brokerage.hold',
        group: order.id,
        legs: holdLegs({ hold, from: available(order), amount }),
      });
    } catch (error) {
      if (error instanceof LedgerRefusal && error.code === 'insufficient_funds')
        throw insufficientFunds(assetIn(order.quote));
      throw error;
    }
    return hold;
  }

  /** Gives back what {@link hold} set aside; nothing when nothing is. */
  async release(tx: Tx, order: Order): Promise<void> {
    if (order.holdId !== null) await this.releaseHold(tx, order, order.holdId, order.quote.priced.inAmount);
  }

  /** Gives back a hold that was made for the order, by us or by payments. */
  async releaseHold(tx: Tx, order: Order, hold: string, amount: bigint): Promise<void> {
    await this.ledger.post(tx, {
      id: uuidV5('brokerage.hold-release', hold),
      kind: 'brokerage.hold-release',
      group: order.id,
      legs: releaseLegs({ hold, from: available(order), amount }),
    });
  }
}
