import { type ExecutionReport } from '@core/venue-view';
import { NO_NAME, type ReportNames } from './execution-report.js';

/** Where names are kept beyond the connection. */
export interface NameKeeper {
  readonly openOrders: ReadonlyMap<bigint, string>;
  name(orderId: bigint, id: string): void;
  end(orderId: bigint): void;
}

type Purpose = 'cancel' | 'replace';

/**
 * What a session calls its orders. FIX gives an order a new ClOrdID with each replace, and a cancel one of its own; the venue knows an order
 * by its first. So requests under way are remembered, and the report that answers one carries its id, and as OrigClOrdID what the order was
 * called before.
 */
export class OrderNames {
  readonly #keeper: NameKeeper;
  readonly #byName = new Map<string, bigint>();
  readonly #asked = new Map<bigint, { readonly id: string; readonly purpose: Purpose }[]>();

  constructor(keeper: NameKeeper) {
    this.#keeper = keeper;
    for (const [orderId, id] of keeper.openOrders) this.#byName.set(id, orderId);
  }

  /** The open order that is called so now. */
  orderOf(id: string): bigint | undefined {
    return this.#byName.get(id);
  }

  nameOf(orderId: bigint): string | undefined {
    return this.#keeper.openOrders.get(orderId);
  }

  /** A request is about to be sent. */
  ask(orderId: bigint, id: string, purpose: Purpose): void {
    const asked = this.#asked.get(orderId);
    if (asked === undefined) this.#asked.set(orderId, [{ id, purpose }]);
    else asked.push({ id, purpose });
  }

  /** The venue refused it. @returns false when a report has answered it already, so that nothing more is to be said */
  withdraw(orderId: bigint, id: string): boolean {
    return this.#take(orderId, (it) => it.id === id) !== undefined;
  }

  /** What a report calls its order; and from then on the order is called so, or has ended. */
  forReport({ kind, cancelReason, order }: ExecutionReport): ReportNames {
    const { orderId } = order;
    const current = this.nameOf(orderId) ?? order.clientText ?? NO_NAME;
    if (kind === 'rejected') return { id: order.clientText ?? NO_NAME };
    const answered = this.#answeredBy(orderId, kind, cancelReason);
    if (order.status === 'open') this.#name(orderId, kind === 'replaced' ? (answered ?? current) : current);
    else this.#end(orderId, current);
    return answered === undefined ? { id: current } : { id: answered, origId: current };
  }

  #answeredBy(
    orderId: bigint,
    kind: ExecutionReport['kind'],
    reason: ExecutionReport['cancelReason'],
  ): string | undefined {
    if (kind === 'replaced') return this.#take(orderId, ({ purpose }) => purpose === 'replace')?.id;
    if (kind !== 'cancelled' || reason !== 'requested') return undefined;
    // A replace to no more than what has traded is carried out as a cancel.
    return (this.#take(orderId, ({ purpose }) => purpose === 'cancel') ?? this.#take(orderId, () => true))?.id;
  }

  #take(orderId: bigint, is: (it: { id: string; purpose: Purpose }) => boolean): { id: string } | undefined {
    const asked = this.#asked.get(orderId) ?? [];
    const at = asked.findIndex(is);
    if (at < 0) return undefined;
    const [taken] = asked.splice(at, 1);
    if (asked.length === 0) this.#asked.delete(orderId);
    return taken;
  }

  #name(orderId: bigint, id: string): void {
    const before = this.nameOf(orderId);
    if (before === id) return;
    if (before !== undefined) this.#byName.delete(before);
    this.#byName.set(id, orderId);
    this.#keeper.name(orderId, id);
  }

  #end(orderId: bigint, name: string): void {
    if (this.#byName.get(name) === orderId) this.#byName.delete(name);
    this.#keeper.end(orderId);
  }
}
