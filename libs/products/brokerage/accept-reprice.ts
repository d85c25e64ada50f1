import { parseAmount } from '@core/money';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type ExecuteOrder } from './execute-order.js';
import { enterCustomerGate } from './limits.js';
import { assertOpen } from './offers.js';
import { type OrderFunds } from './order-funds.js';
import { type Order, type Orders } from './orders.js';
import { assetOut } from './quote.js';
import { orderValueChanged, sideClosed } from './refusals.js';
import { type Reprice } from './reprice.js';

/**
 * Executes an order whose price has changed too much, at the price of this moment, if it still gives what the customer names as the minimum.
 */
export class AcceptReprice {
  constructor(
    private readonly orders: Orders,
    private readonly funds: OrderFunds,
    private readonly execute: ExecuteOrder,
    private readonly reprice: Reprice,
    private readonly clock: Clock,
  ) {}

  /**
   * @param input.minimumOut decimal string of the asset received
   * @throws Refusal `order_not_found`, `order_state`, `order_value_changed`, `price_unavailable`, `insufficient_funds`, `side_closed`, `pair_paused`
   */
  async run(tx: Tx, input: { orderId: string; customerId: string; minimumOut: string }): Promise<Order> {
    const order = await this.orders.lock(tx, input.orderId, input.customerId);
    await enterCustomerGate(tx, order.customerId);
    const out = assetOut(order.quote);
    const minimumOut = parseAmount(input.minimumOut, out);
    await assertOpen(tx, order.quote.pair.symbol);
    const accepted = await this.orders.transition(tx, order, 'accept', this.clock.now(), { actor: 'customer' });
    const { outAmount } = await this.reprice.of(tx, order);
    if (outAmount < minimumOut) throw orderValueChanged(outAmount, out);
    const held = await this.orders.setHold(tx, accepted, await this.funds.hold(tx, accepted));
    const executed = await this.execute.run(tx, held, { actor: 'customer', minimumOut });
    if (executed.state === 'FAILED') throw sideClosed(order.quote.pair.base);
    return executed;
  }
}
