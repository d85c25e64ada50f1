import { mulDiv } from '@core/money';
import { type Clock } from '@base/clock';
import { uuidV5, type Tx } from '@base/database';
import { Refusal } from '@base/http';
import { LedgerRefusal, type Ledger } from '@platform/ledger';
import { type Prices } from '@platform/pricing';
import { assert } from './assert.js';
import { adverseMoveBps, dealAt, dealLegs, type Deal } from './deal.js';
import { type Desk, inventoryChanges } from './desk.js';
import { type House } from './house.js';
import { inventory } from './inventory.js';
import { EXECUTION_GIVE_UP_MS, EXECUTION_RETRY_MS, GRACE_MS, METHOD_RULES, REPRICE_WINDOW_MS } from './methods.js';
import { circuitBps, methodTerms, readOffer } from './offers.js';
import { type OrderFunds } from './order-funds.js';
import { type OrderPayments } from './order-payments.js';
import { type Execution, type Order, type Orders } from './orders.js';
import { worseFor } from './price-quote.js';
import { keepReceipt, receiptBody } from './receipt.js';

/** Why a funded order was not executed; the money is back in the customer's balance. */
export type ExecutionFailure =
  'PRICE_MOVED' | 'PRICE_UNAVAILABLE' | 'AMOUNT_TOO_SMALL' | 'HOUSE_LIMIT' | 'HOUSE_INVENTORY';

type Decision =
  | { readonly kind: 'deal'; readonly deal: Deal }
  | { readonly kind: 'reprice' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'fail'; readonly why: ExecutionFailure };

/** The market's side of an execution. */
export interface ExecutionMarket {
  readonly prices: Prices;
  readonly desk: Desk;
  readonly house: House;
}

/** The books' side. */
export interface ExecutionBooks {
  readonly ledger: Ledger;
  readonly funds: OrderFunds;
  readonly payments: OrderPayments;
}

/**
 * Converts the money of a FUNDED order against the house, or says why not and gives the money back. A firm quote is honoured in its time
 * unless the market has moved beyond the circuit breaker; later, and for indicative quotes, the price is made anew and must lie within what
 * the customer tolerates.
 */
export class ExecuteOrder {
  constructor(
    private readonly orders: Orders,
    private readonly market: ExecutionMarket,
    private readonly books: ExecutionBooks,
    private readonly clock: Clock,
  ) {}

  /** `order` is locked and FUNDED. `minimumOut` is what a customer who accepts a new price insists on. */
  async run(tx: Tx, order: Order, { actor, minimumOut }: { actor: string; minimumOut?: bigint }): Promise<Order> {
    const decision = this.#isFirm(order) ? await this.#honour(tx, order) : await this.#makeAnew(tx, order, minimumOut);
    switch (decision.kind) {
      case 'deal':
        return this.#book(tx, order, decision.deal, actor);
      case 'fail':
        return this.#giveBack(tx, order, 'fail', { actor, reason: decision.why });
      case 'reprice': {
        const deadlineAt = new Date(this.clock.now().getTime() + REPRICE_WINDOW_MS);
        return this.#giveBack(tx, order, 'reprice', { actor, deadlineAt });
      }
      case 'wait':
        await this.orders.postpone(tx, order, new Date(this.clock.now().getTime() + EXECUTION_RETRY_MS));
        return order;
    }
  }

  #isFirm({ quote }: Order): boolean {
    return quote.priceMode === 'FIRM' && this.clock.now().getTime() <= quote.expiresAt.getTime() + GRACE_MS;
  }

  /** A firm price needs no fresh one: while the sources are silent, what was promised still holds. */
  async #honour(tx: Tx, { quote }: Order): Promise<Decision> {
    const { mid, external } = this.market.prices.firm(quote.pair.symbol) ?? { mid: quote.mid, external: quote.mid };
    // With the own book in it mid may lag behind the outside: what the house must buy at, or sell for, is the worse of both.
    const now = worseFor(quote.side, mid, external);
    const circuit = await circuitBps(tx, quote.pair.symbol);
    if (adverseMoveBps(quote.side, quote.mid, now) > circuit) return { kind: 'fail', why: 'PRICE_MOVED' };
    return { kind: 'deal', deal: dealAt(quote.side, quote.priced, mid) };
  }

  async #makeAnew(tx: Tx, order: Order, minimumOut: bigint | undefined): Promise<Decision> {
    const { quote } = order;
    const offer = await readOffer(tx, quote.pair.symbol);
    const waitedMs = this.clock.now().getTime() - (order.fundedAt ?? order.updatedAt).getTime();
    try {
      const { priced, mid } = await this.market.desk.price(tx, {
        offer,
        method: methodTerms(offer, quote.profile, quote.method),
        side: quote.side,
        mode: 'EXACT_IN',
        amount: quote.priced.inAmount,
        ttlMs: METHOD_RULES.FUNDS.ttlMs,
      });
      if (await this.market.house.closedFor(tx, inventoryChanges(quote.pair, quote.side, priced)))
        return { kind: 'fail', why: 'HOUSE_LIMIT' };
      const least = minimumOut ?? leastTolerated(order);
      return priced.outAmount < least
        ? { kind: 'reprice' }
        : { kind: 'deal', deal: dealAt(quote.side, priced, mid.mid) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code !== 'price_unavailable') return { kind: 'fail', why: 'AMOUNT_TOO_SMALL' };
      return waitedMs > EXECUTION_GIVE_UP_MS ? { kind: 'fail', why: 'PRICE_UNAVAILABLE' } : { kind: 'wait' };
    }
  }

  async #book(tx: Tx, order: Order, deal: Deal, actor: string): Promise<Order> {
    const { quote, holdId } = order;
    assert(holdId !== null, 'a funded order holds its money');
    assert(deal.inAmount === quote.priced.inAmount, 'what is executed is what was held');
    const transferId = uuidV5('brokerage.execution', order.id);
    try {
      await this.books.ledger.post(tx, {
        id: transferId,
        kind: `brokerage.${quote.profile === 'SWAP_INTERNAL' ? 'swap' : quote.profile.toLowerCase()}`,
        group: order.id,
        legs: dealLegs(order, holdId, deal),
        meta: { order: order.id, pair: quote.pair.symbol },
      });
    } catch (error) {
      if (!isInventoryShort(error, order)) throw error;
      return this.#giveBack(tx, order, 'fail', { actor, reason: 'HOUSE_INVENTORY' });
    }
    return this.#complete(tx, order, { ...deal, at: this.clock.now(), transferId }, actor);
  }

  async #complete(tx: Tx, order: Order, execution: Execution, actor: string): Promise<Order> {
    const { at } = execution;
    const { paymentId } = order;
    const heldUntil =
      paymentId === null ? null : await this.books.payments.heldUntil(tx, { paymentId, customerId: order.customerId });
    await keepReceipt(tx, order.id, receiptBody(order, execution, heldUntil), at);
    const executed = await this.orders.transition(tx, order, 'execute', at, {
      actor,
      execution,
      holdId: null,
      ...(heldUntil && { heldUntil, deadlineAt: heldUntil }),
    });
    return heldUntil ? executed : this.orders.transition(tx, executed, 'settle', at, { actor: 'system' });
  }

  async #giveBack(
    tx: Tx,
    order: Order,
    event: 'fail' | 'reprice',
    change: { actor: string; reason?: ExecutionFailure; deadlineAt?: Date },
  ) {
    await this.books.funds.release(tx, order);
    return this.orders.transition(tx, order, event, this.clock.now(), { ...change, holdId: null });
  }
}

const BPS = 10_000n;

/** What the customer must get at least without being asked again: the quoted amount less their tolerance, rounded up. */
export const leastTolerated = ({ quote, toleranceBps }: Order): bigint =>
  mulDiv(quote.priced.outAmount, BPS - BigInt(toleranceBps), BPS, 'ceil');

/** The house's inventory has a floor of zero in the ledger: it cannot sell what it does not have, whoever races. */
const isInventoryShort = (error: unknown, { quote: { pair } }: Order): boolean =>
  error instanceof LedgerRefusal &&
  error.code === 'insufficient_funds' &&
  [pair.base, pair.quote].some((asset) => inventory(asset).path === error.accountPath);
