import { type EngineEvent, POST_ONLY, type Side } from '@core/contracts';
import { timestampOf } from './engine-time.js';
import { type Instrument } from './instruments.js';
import { carryRounding } from './order-carry.js';
import { SettlementFault } from './settlement-fault.js';

/**
 * An order as the engine has told of it. Prices in ticks, quantities in lots, `traded` and `fees` in minor units of the quote asset, times as
 * `timestampOf` writes them. 0702-venue-view.ts says what each of the later fields is.
 */
export interface OrderRecord {
  readonly order_id: bigint;
  readonly accepted_at: string;
  readonly account: number;
  readonly instrument: number;
  readonly client_order_id: bigint;
  readonly client_text: string | null;
  readonly side: Side;
  readonly type: string;
  readonly time_in_force: string;
  readonly self_trade: string;
  instructions: number;
  readonly liquidation: boolean;
  quantity: bigint;
  open: bigint;
  filled: bigint;
  remainder: bigint;
  price: number;
  trigger_price: number;
  readonly display_quantity: bigint;
  shown: bigint;
  readonly expires_at: string | null;
  triggered_at: string | null;
  traded: bigint;
  fees: bigint;
  last_price: number;
  last_quantity: bigint;
  readonly maker_ppm: number;
  readonly taker_ppm: number;
  notional_carry: bigint;
  fee_carry: bigint;
  queued_sequence: bigint;
  queued_index: number;
  status: 'open' | 'filled' | 'cancelled';
  reason: string | null;
  updated_at: string;
  sequence: bigint;
  event_index: number;
}

/** What is known of an order before the engine accepts it. */
export interface OrderSources {
  readonly ratesOf: (account: number, instrument: number) => { readonly makerPpm: number; readonly takerPpm: number };
  readonly nameOf: (account: number, clientOrderId: bigint) => string | null;
}

/** What a trade did to one of its orders. Amounts in minor units. */
export interface OrderFill {
  readonly orderId: bigint;
  readonly side: Side;
  readonly notional: bigint;
  readonly fee: bigint;
}

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

/** The orders that a batch of events touches, carried from event to event. */
export class OrderBook {
  readonly #orders: Map<bigint, OrderRecord>;
  readonly #touched = new Set<bigint>();
  readonly #accepted = new Set<bigint>();
  readonly #sources: OrderSources;
  #sequence: bigint;
  #arriving: bigint | null;

  /**
   * @param known those that were open before the batch
   * @param before the last event before the batch, and the order that may still be meeting the book after it
   */
  constructor(
    known: readonly OrderRecord[],
    sources: OrderSources,
    before: { readonly sequence: bigint; readonly arriving: bigint | null },
  ) {
    this.#orders = new Map(known.map((order) => [order.order_id, order]));
    this.#sources = sources;
    this.#sequence = before.sequence;
    this.#arriving = before.arriving;
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

  /** The order that may still be meeting the book in events to come of the last one's command. */
  get arriving(): bigint | null {
    return this.#arriving;
  }

  /** Told of every event before anything else is done with it: with a command's last event its order has come to rest. */
  follow({ sequence }: EngineEvent): void {
    if (sequence !== this.#sequence) this.#arriving = null;
    this.#sequence = sequence;
  }

  /** Takes any event but a trade. @throws SettlementFault for an order that the stream has never told of */
  apply(event: EngineEvent): void {
    switch (event.kind) {
      case 'order-accepted':
        return this.#accept(event);
      case 'order-cancelled':
        return end(this.#touch(event.orderId, event), 'cancelled', { reason: event.reason, left: event.quantity });
      case 'order-replaced':
        return this.#replace(event);
      case 'order-decremented':
        return this.#decrement(event);
      case 'order-triggered': {
        const order = this.#touch(event.orderId, event);
        order.triggered_at = timestampOf(event.time);
        return this.#arrive(order, event);
      }
      case 'order-replenished': {
        const order = this.#order(event.orderId);
        this.#touched.add(event.orderId);
        order.shown = event.shown;
        takePlace(order, event);
        return;
      }
      case 'instrument-state':
        // What an auction trades, and what it decrements, stands in the book.
        this.#arriving = null;
        return;
      default:
    }
  }

  /** @throws SettlementFault for an order that the stream has never told of */
  trade(
    event: Event<'trade'>,
    listing: Instrument,
    sides: { readonly maker: OrderFill; readonly taker: OrderFill },
  ): void {
    const scale = listing.tickValueScale;
    const exact = BigInt(event.price) * event.quantity * listing.tickValue;
    const { taker_ppm: otherTakerPpm } = this.#order(event.takerOrderId);
    for (const liquidity of ['maker', 'taker'] as const) {
      const fill = sides[liquidity];
      const order = this.#touch(fill.orderId, event);
      const role = event.auction === 1 ? 'auction' : liquidity;
      const notional = fill.side === 'buy' ? event.buyerPays : event.sellerReceives;
      carryRounding(order, { side: fill.side, role, otherTakerPpm, exact, scale, notional });
      order.open -= event.quantity;
      order.filled += event.quantity;
      order.shown = role === 'taker' ? showing(order) : order.shown - event.quantity;
      order.traded += fill.notional;
      order.fees += fill.fee;
      order.last_price = event.price;
      order.last_quantity = event.quantity;
      if (order.open <= 0n) end(order, 'filled', null);
    }
  }

  #accept(event: Event<'order-accepted'>): void {
    const { makerPpm, takerPpm } = this.#sources.ratesOf(event.account, event.instrument);
    const order: OrderRecord = {
      order_id: event.orderId,
      accepted_at: timestampOf(event.time),
      account: event.account,
      instrument: event.instrument,
      client_order_id: event.clientOrderId,
      client_text: this.#sources.nameOf(event.account, event.clientOrderId),
      side: event.side,
      type: event.type,
      time_in_force: event.timeInForce,
      self_trade: event.selfTrade,
      instructions: event.instructions,
      liquidation: event.liquidation === 1,
      quantity: event.quantity,
      open: event.quantity,
      filled: 0n,
      remainder: 0n,
      price: event.price,
      trigger_price: event.triggerPrice,
      display_quantity: event.displayQuantity ?? 0n,
      shown: 0n,
      expires_at: event.expiresAt === 0n ? null : timestampOf(event.expiresAt),
      triggered_at: null,
      traded: 0n,
      fees: 0n,
      last_price: 0,
      last_quantity: 0n,
      maker_ppm: makerPpm,
      taker_ppm: takerPpm,
      notional_carry: 0n,
      fee_carry: 0n,
      queued_sequence: 0n,
      queued_index: 0,
      status: 'open',
      reason: null,
      updated_at: timestampOf(event.time),
      sequence: event.sequence,
      event_index: event.origin,
    };
    this.#accepted.add(order.order_id);
    this.#touched.add(order.order_id);
    this.#orders.set(order.order_id, order);
    this.#arrive(order, event);
  }

  #replace(event: Event<'order-replaced'>): void {
    const order = this.#touch(event.orderId, event);
    order.open = event.quantity;
    order.quantity = order.filled + event.quantity;
    order.price = event.price;
    order.trigger_price = event.triggerPrice;
    order.instructions = (order.instructions & ~POST_ONLY) | (event.postOnly === 1 ? POST_ONLY : 0);
    if (event.queuePlace === 'lost') return this.#arrive(order, event);
    // Hidden lots go first.
    if (order.shown > order.open) order.shown = order.open;
  }

  #decrement(event: Event<'order-decremented'>): void {
    const order = this.#touch(event.orderId, event);
    order.open = event.open;
    if (event.open === 0n) return end(order, 'cancelled', { reason: 'self_trade', left: event.quantity });
    order.quantity -= event.quantity;
    const isQueued = event.orderId !== this.#arriving;
    order.shown = isQueued && order.display_quantity > 0n ? order.shown - event.quantity : showing(order);
  }

  /** It meets the book now and then rests, or it goes to sleep. */
  #arrive(order: OrderRecord, event: EngineEvent): void {
    this.#arriving = order.order_id;
    order.shown = showing(order);
    takePlace(order, event);
  }

  #touch(id: bigint, event: EngineEvent): OrderRecord {
    const order = this.#order(id);
    this.#touched.add(id);
    order.updated_at = timestampOf(event.time);
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

/** A stop that has not been triggered. */
export const isDormant = ({ type, triggered_at: triggered }: Pick<OrderRecord, 'type' | 'triggered_at'>): boolean =>
  triggered === null && (type === 'stop' || type === 'stop-limit' || type === 'trailing-stop');

/** What the book shows of an order that has just come to rest. */
function showing(order: OrderRecord): bigint {
  if (isDormant(order)) return 0n;
  const { open, display_quantity: display } = order;
  return display > 0n && display < open ? display : open;
}

function takePlace(order: OrderRecord, { sequence, origin }: EngineEvent): void {
  order.queued_sequence = sequence;
  order.queued_index = origin;
}

function end(
  order: OrderRecord,
  status: 'filled' | 'cancelled',
  early: { readonly reason: string; readonly left: bigint } | null,
): void {
  order.open = 0n;
  order.shown = 0n;
  order.remainder = early?.left ?? 0n;
  order.status = status;
  order.reason = early?.reason ?? null;
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
