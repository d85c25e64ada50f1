import { type LiveOrder } from './live-order.js';
import { Recent } from './recent.js';

/** Ended orders that are kept in memory; older ones are in the product's database. */
const MOST_ENDED = 100_000;

interface AccountOrders {
  /** In order of acceptance. */
  readonly open: Map<bigint, LiveOrder>;
  /** The last order of each client order id. */
  readonly byClientId: Map<bigint, LiveOrder>;
}

/** Every open order, and those that ended lately, by id, by account and by client order id. */
export class OrdersKnown {
  readonly #byId = new Map<bigint, LiveOrder>();
  readonly #accounts = new Map<number, AccountOrders>();
  readonly #ended = new Recent<LiveOrder>(MOST_ENDED, (order) => this.#forget(order));

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
    this.#ended.remember(account, order);
  }

  get(orderId: bigint): LiveOrder | undefined {
    return this.#byId.get(orderId);
  }

  byClientId(account: number, clientOrderId: bigint): LiveOrder | undefined {
    return this.#accounts.get(account)?.byClientId.get(clientOrderId);
  }

  *open(): Generator<LiveOrder> {
    for (const { open } of this.#accounts.values()) yield* open.values();
  }

  openOf(account: number): Iterable<LiveOrder> {
    return this.#accounts.get(account)?.open.values() ?? [];
  }

  /** Newest first. */
  endedOf(account: number): Iterable<LiveOrder> {
    return this.#ended.of(account);
  }

  #forget(order: LiveOrder): void {
    const { orderId, account, clientOrderId } = order.terms;
    this.#byId.delete(orderId);
    const orders = this.#accounts.get(account);
    if (orders?.byClientId.get(clientOrderId) === order) orders.byClientId.delete(clientOrderId);
  }
}
