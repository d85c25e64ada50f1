import { EndedOrders } from './ended-orders.js';
import { type LiveOrder } from './live-order.js';
import { SlotIndex } from './slot-index.js';
import { type ViewedOrder } from './venue-snapshot.js';

/** Ended orders that are kept in memory; older ones are in the product's database. */
const MOST_ENDED = 100_000;

/** An account's open orders, in order of acceptance: a list through the orders themselves. */
interface AccountOrders {
  first: LiveOrder | undefined;
  last: LiveOrder | undefined;
}

/**
 * Every open order, and those that ended lately, by id, by account and by client order id. One that ends is still worked on until its command is over
 * (`settle`), and is from then on but a record of how it ended.
 *
 * No `Map` holds what comes and goes with each order: the tables that it leaves behind point to their successors, and an old one that is dead makes the
 * garbage collector keep all that came after it until a full collection.
 */
export class OrdersKnown {
  /** Those that are worked on; which slots of it are free. */
  readonly #live: (LiveOrder | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byId = new SlotIndex((slot, id) => this.#live[slot]?.terms.orderId === id);
  readonly #byClientId = new SlotIndex((slot, id, account) => {
    const terms = this.#live[slot]?.terms;
    return terms?.clientOrderId === id && terms.account === account;
  });
  readonly #accounts = new Map<number, AccountOrders>();
  readonly #ended = new EndedOrders(MOST_ENDED);
  readonly #ending: LiveOrder[] = [];

  begin(order: LiveOrder): void {
    const { orderId, account, clientOrderId } = order.terms;
    const slot = this.#free.pop() ?? this.#live.length;
    this.#live[slot] = order;
    order.slot = slot;
    this.#byId.set(slot, orderId);
    if (clientOrderId !== 0n) this.#byClientId.set(slot, clientOrderId, account);
    this.#link(order, account);
  }

  end(order: LiveOrder): void {
    this.#unlink(order);
    this.#ending.push(order);
  }

  /** The command is over, and what it ended is as it will stay. */
  settle(): void {
    if (this.#ending.length === 0) return;
    for (const order of this.#ending) {
      const { slot } = order;
      const { orderId, account, clientOrderId } = order.terms;
      this.#byId.remove(slot, orderId);
      if (clientOrderId !== 0n) this.#byClientId.remove(slot, clientOrderId, account);
      this.#live[slot] = undefined;
      this.#free.push(slot);
      this.#ended.remember(order.seen());
    }
    this.#ending.length = 0;
  }

  /** To be worked on: one that is open, or has been ended by this command. */
  live(orderId: bigint): LiveOrder | undefined {
    const slot = this.#byId.find(orderId);
    return slot === undefined ? undefined : this.#live[slot];
  }

  get(orderId: bigint): ViewedOrder | undefined {
    return this.live(orderId)?.seen() ?? this.#ended.get(orderId);
  }

  byClientId(account: number, clientOrderId: bigint): ViewedOrder | undefined {
    const slot = this.#byClientId.find(clientOrderId, account);
    const live = slot === undefined ? undefined : this.#live[slot];
    return live?.seen() ?? this.#ended.byClientId(account, clientOrderId);
  }

  *open(): Generator<LiveOrder> {
    for (const account of this.#accounts.keys()) yield* this.openOf(account);
  }

  *openOf(account: number): Generator<LiveOrder> {
    for (let order = this.#accounts.get(account)?.first; order !== undefined; order = order.later) yield order;
  }

  /** Newest first. */
  *endedOf(account: number): Generator<ViewedOrder> {
    for (let at = this.#ending.length - 1; at >= 0; at -= 1) {
      const order = this.#ending[at];
      if (order?.terms.account === account) yield order.seen();
    }
    yield* this.#ended.of(account);
  }

  #link(order: LiveOrder, account: number): void {
    let orders = this.#accounts.get(account);
    if (orders === undefined) {
      orders = { first: undefined, last: undefined };
      this.#accounts.set(account, orders);
    }
    order.earlier = orders.last;
    if (orders.last === undefined) orders.first = order;
    else orders.last.later = order;
    orders.last = order;
  }

  #unlink(order: LiveOrder): void {
    const orders = this.#accounts.get(order.terms.account);
    if (orders === undefined) return;
    const { earlier, later } = order;
    if (earlier === undefined) orders.first = later;
    else earlier.later = later;
    if (later === undefined) orders.last = earlier;
    else later.earlier = earlier;
    order.earlier = undefined;
    order.later = undefined;
  }
}
