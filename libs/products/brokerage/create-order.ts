import { type Clock } from '@base/clock';
import { uuidV7, type Tx } from '@base/database';
import { type ConfirmOrder } from './confirm-order.js';
import { inventoryChanges } from './desk.js';
import { type House } from './house.js';
import { type CustomerTiers, enterCustomerGate, isLimited, reserveLimits } from './limits.js';
import { DEFAULT_TOLERANCE_BPS, GRACE_MS, MAX_UNPAID_ORDERS } from './methods.js';
import { assertOpen } from './offers.js';
import { type OrderFunds } from './order-funds.js';
import { type Order, type Orders } from './orders.js';
import { type Quote, type QuoteSigner } from './quote.js';
import { type Quotes } from './quotes.js';
import { tooManyOpenOrders } from './refusals.js';

export interface OrderInput {
  readonly customerId: string;
  readonly quoteId: string;
  readonly toleranceBps?: number | undefined;
  /** One click: the order is confirmed at once. */
  readonly confirm?: boolean | undefined;
  readonly returnUrl?: string | undefined;
}

/** Where quotes come from and what an order may claim. */
export interface OrderParts {
  readonly quotes: Quotes;
  readonly signer: QuoteSigner;
  readonly house: House;
  readonly tiers: CustomerTiers;
  readonly funds: OrderFunds;
}

/** Makes an order of an open quote: uses the quote up, takes the limits it needs, and sets the money aside if the customer has it here. */
export class CreateOrder {
  constructor(
    private readonly orders: Orders,
    private readonly parts: OrderParts,
    private readonly confirmOrder: ConfirmOrder,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws Refusal `quote_not_found`, `quote_expired`, `quote_used`, `quote_voided`, `pair_paused`, `side_closed`, `limit_exceeded`,
   * `too_many_open_orders`, `insufficient_funds`
   */
  async run(tx: Tx, input: OrderInput): Promise<Order> {
    await enterCustomerGate(tx, input.customerId);
    const now = this.clock.now();
    const { quote, signature } = await this.parts.quotes.use(tx, input.quoteId, input.customerId, now);
    if (!this.parts.signer.isGenuine(quote, signature))
      throw new Error(`the signature of quote ${quote.id} does not match its row`);
    await assertOpen(tx, quote.pair.symbol);
    const created = await this.#insert(tx, quote, input.toleranceBps ?? DEFAULT_TOLERANCE_BPS, now);
    // The customer's own balance first: who has too little goes before queueing for the house's headroom.
    const order = quote.method === 'FUNDS' ? await this.#hold(tx, created) : created;
    if (quote.priceMode === 'FIRM')
      await this.parts.house.claim(tx, inventoryChanges(quote.pair, quote.side, quote.priced));
    if (isLimited(quote.method)) await this.#reserve(tx, order, now);
    return input.confirm ? this.confirmOrder.confirm(tx, order, input.returnUrl) : order;
  }

  #insert(tx: Tx, quote: Quote, toleranceBps: number, now: Date): Promise<Order> {
    const deadlineAt = new Date(quote.expiresAt.getTime() + GRACE_MS);
    return this.orders.create(tx, { id: uuidV7(now.getTime()), quote, toleranceBps, now, deadlineAt });
  }

  async #hold(tx: Tx, order: Order): Promise<Order> {
    return this.orders.setHold(tx, order, await this.parts.funds.hold(tx, order));
  }

  async #reserve(tx: Tx, { id: orderId, customerId, quote }: Order, now: Date): Promise<void> {
    if ((await this.orders.countUnpaid(tx, customerId)) > MAX_UNPAID_ORDERS) throw tooManyOpenOrders(MAX_UNPAID_ORDERS);
    if (!isLimited(quote.method)) return;
    const tier = await this.parts.tiers.tierOf(tx, customerId);
    await reserveLimits(tx, { orderId, customerId, tier, method: quote.method, cents: quote.valueCents, now });
  }
}
