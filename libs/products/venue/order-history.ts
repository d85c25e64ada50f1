import { type EngineEvent } from '@core/contracts';
import { SettlementFault } from './settlement-fault.js';

/** An order as the engine has told of it. Prices in ticks, quantities in lots, amounts in minor units of the quote asset. */
export interface OrderRecord {
  readonly order_id: bigint;
  readonly accepted_at: Date;
  readonly account: number;
  readonly instrument: number;
  readonly client_order_id: bigint;
  readonly side: string;
  readonly type: string;
  readonly time_in_force: string;
  readonly instructions: number;
  readonly liquidation: boolean;
  quantity: bigint;
  open: bigint;
  filled: bigint;
  price: number;
  trigger_price: number;
  readonly display_quantity: bigint;
  readonly expires_at: Date | null;
  triggered_at: Date | null;
  traded: bigint;
  fees: bigint;
  status: 'open' | 'filled' | 'cancelled';
  reason: string | null;
  updated_at: Date;
  sequence: bigint;
  event_index: number;
}

/** What a trade did to one of its orders. Amounts in minor units. */
export interface OrderFill {
  readonly orderId: bigint;
  readonly quantity: bigint;
  readonly notional: bigint;
  readonly fee: bigint;
}

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

const MICROSECONDS_IN_MS = 1_000n;

/** The engine's time of an event. */
export const timeOf = ({ time }: EngineEvent): Date => new Date(Number(time / MICROSECONDS_IN_MS));

const microsecondsToDate = (time: bigint | undefined): Date | null =>
  time === undefined || time === 0n ? null : new Date(Number(time / MICROSECONDS_IN_MS));

/** The orders that a batch of events touches, carried from event to event. */
export class OrderBook {
  readonly #orders: Map<bigint, OrderRecord>;
  readonly #touched = new Set<bigint>();
  readonly #accepted = new Set<bigint>();

  /** @param known those that were open before the batch */
  constructor(known: readonly OrderRecord[]) {
    this.#orders = new Map(known.map((order) => [order.order_id, order]));
  }

  get touched(): OrderRecord[] {
    return [...this.#touched].map((id) => this.#order(id));
  }

  /** Open now and not before the batch. */
  get opened(): OrderRecord[] {
    return this.touched.filter(({ order_id: id, status }) => status === 'open' && this.#accepted.has(id));
  }

  /** Open before the batch and not now. */
  get ended(): OrderRecord[] {
    return this.touched.filter(({ order_id: id, status }) => status !== 'open' && !this.#accepted.has(id));
  }

  /** @throws SettlementFault for an order that the stream has never told of */
  apply(event: EngineEvent): void {
    switch (event.kind) {
      case 'order-accepted':
        return this.#accept(event);
      case 'order-cancelled':
        return this.#cancel(event);
      case 'order-replaced': {
        const order = this.#touch(event.orderId, event);
        order.open = event.quantity;
        order.quantity = order.filled + event.quantity;
        order.price = event.price;
        order.trigger_price = event.triggerPrice;
        return;
      }
      case 'order-decremented': {
        const order = this.#touch(event.orderId, event);
        order.open = event.open;
        if (event.open === 0n) end(order, 'cancelled', 'self_trade');
        return;
      }
      case 'order-triggered':
        this.#touch(event.orderId, event).triggered_at = timeOf(event);
        return;
      default:
    }
  }

  fill(event: Event<'trade'>, fill: OrderFill): void {
    const order = this.#touch(fill.orderId, event);
    order.open -= fill.quantity;
    order.filled += fill.quantity;
    order.traded += fill.notional;
    order.fees += fill.fee;
    if (order.open <= 0n) end(order, 'filled', null);
  }

  #accept(event: Event<'order-accepted'>): void {
    this.#accepted.add(event.orderId);
    this.#touched.add(event.orderId);
    this.#orders.set(event.orderId, {
      order_id: event.orderId,
      accepted_at: timeOf(event),
      account: event.account,
      instrument: event.instrument,
      client_order_id: event.clientOrderId,
      side: event.side,
      type: event.type,
      time_in_force: event.timeInForce,
      instructions: event.instructions,
      liquidation: event.liquidation === 1,
      quantity: event.quantity,
      open: event.quantity,
      filled: 0n,
      price: event.price,
      trigger_price: event.triggerPrice,
      display_quantity: event.displayQuantity ?? 0n,
      expires_at: microsecondsToDate(event.expiresAt),
      triggered_at: null,
      traded: 0n,
      fees: 0n,
      status: 'open',
      reason: null,
      updated_at: timeOf(event),
      sequence: event.sequence,
      event_index: event.origin,
    });
  }

  #cancel(event: Event<'order-cancelled'>): void {
    const order = this.#touch(event.orderId, event);
    end(order, 'cancelled', event.reason);
  }

  #touch(id: bigint, event: EngineEvent): OrderRecord {
    const order = this.#order(id);
    this.#touched.add(id);
    order.updated_at = timeOf(event);
    order.sequence = event.sequence;
    order.event_index = event.origin;
    return order;
  }

  #order(id: bigint): OrderRecord {
    const order = this.#orders.get(id);
    if (order === undefined) throw new SettlementFault('unknown_order', `order ${id}`);
    return order;
  }
}

function end(order: OrderRecord, status: 'filled' | 'cancelled', reason: string | null): void {
  order.open = 0n;
  order.status = status;
  order.reason = reason;
}

/** The orders that events name, apart from those that they introduce. */
export function ordersIn(events: readonly EngineEvent[]): bigint[] {
  const ids = new Set<bigint>();
  for (const event of events) {
    if (event.kind === 'trade') ids.add(event.makerOrderId).add(event.takerOrderId);
    else if ('orderId' in event && event.kind !== 'order-accepted' && event.kind !== 'order-rejected')
      ids.add(event.orderId);
  }
  return [...ids];
}
