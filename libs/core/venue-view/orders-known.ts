import { EndedOrders } from './ended-orders.js';
import { type LiveOrder } from './live-order.js';
import { type ViewedOrder } from './venue-snapshot.js';

/** Ended orders that are kept in memory; older ones are in the product's database. */
const MOST_ENDED = 100_000;

interface AccountOrders {
  /** In order of acceptance. */
  readonly open: Map<bigint, LiveOrder>;
  /** The last open order of each client order id. */
  readonly byClientId: Map<bigint, LiveOrder>;
}

/**
 * Every open order, and those that ended lately, by id, by account and by client order id. One that ends is still worked on until its command is over
 * (`settle`), and is from then on but a record of how it ended.
 */
export class OrdersKnown {
  readonly #byId = new Map<bigint, LiveOrder>();
  readonly #accounts = new Map<number, AccountOrders>();
  readonly #ended = new EndedOrders(MOST_ENDED);
  readonly #ending: LiveOrder[] = [];

  begin(order: LiveOrder): void {
    const { orderId, account, clientOrderId } = order.terms;
    let orders = this.#accounts.get(account);
    if (orders === undefined) {
      orders = { open: new Map(), byClientId: new Map() };
      this.#accounts.set(account, orders);
    }
    this.#byId.set(orderId, order);
    orders.open.set(orderId, order);
    if (clientOrderId !== 0n) orders.byClientId.set(clientOrderId, order);
  }

  end(order: LiveOrder): void {
    const { orderId, account } = order.terms;
    this.#accounts.get(account)?.open.delete(orderId);
    this.#ending.push(order);
  }

  /** The command is over, and what it ended is as it will stay. */
  settle(): void {
    if (this.#ending.length === 0) return;
    for (const order of this.#ending) {
      const { orderId, account, clientOrderId } = order.terms;
      this.#byId.delete(orderId);
      const named = this.#accounts.get(account)?.byClientId;
      if (named?.get(clientOrderId) === order) named.delete(clientOrderId);
      this.#ended.remember(order.seen());
    }
    this.#ending.length = 0;
  }

  /** To be worked on: one that is open, or has been ended by this command. */
  live(orderId: bigint): LiveOrder | undefined {
    return this.#byId.get(orderId);
  }

  get(orderId: bigint): ViewedOrder | undefined {
    return this.#byId.get(orderId)?.seen() ?? this.#ended.get(orderId);
  }

  byClientId(account: number, clientOrderId: bigint): ViewedOrder | undefined {
    return (
      this.#accounts.get(account)?.byClientId.get(clientOrderId)?.seen() ??
      this.#ended.byClientId(account, clientOrderId)
    );
  }

  *open(): Generator<LiveOrder> {
    for (const { open } of this.#accounts.values()) yield* open.values();
  }

  openOf(account: number): Iterable<LiveOrder> {
    return this.#accounts.get(account)?.open.values() ?? [];
  }

  /** Newest first. */
  *endedOf(account: number): Generator<ViewedOrder> {
    for (let at = this.#ending.length - 1; at >= 0; at -= 1) {
      const order = this.#ending[at];
      if (order?.terms.account === account) yield order.seen();
    }
    yield* this.#ended.of(account);
  }
}
