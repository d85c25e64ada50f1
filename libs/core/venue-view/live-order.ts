import { type CancelReason, type Side } from '@core/contracts';
import { type OrderStatus, type ViewedInstrument, type ViewedOpenOrder, type ViewedOrder } from './venue-snapshot.js';

/** What an order is accepted with and keeps. */
export type OrderTerms = Pick<
  ViewedOpenOrder,
  | 'orderId'
  | 'account'
  | 'instrument'
  | 'clientOrderId'
  | 'clientText'
  | 'side'
  | 'type'
  | 'timeInForce'
  | 'selfTrade'
  | 'isLiquidation'
  | 'displayQuantity'
  | 'expiresAt'
  | 'makerPpm'
  | 'takerPpm'
  | 'acceptedAt'
> & { readonly session: number };

/** An order as the view works on it. `seen()` is what others are given of it. */
export class LiveOrder {
  readonly terms: OrderTerms;
  readonly listing: ViewedInstrument;
  instructions = 0;
  quantity = 0n;
  open = 0n;
  filled = 0n;
  left = 0n;
  price = 0;
  triggerPrice = 0;
  isDormant = false;
  shown = 0n;
  traded = 0n;
  fees = 0n;
  lastPrice = 0;
  lastQuantity = 0n;
  status: OrderStatus = 'open';
  reason: CancelReason | null = null;
  updatedAt = 0n;
  sequence = 0n;
  index = 0;
  queuedSequence = 0n;
  queuedIndex = 0;
  notionalCarry = 0n;
  feeCarry = 0n;
  /** What its account's held balance has of it. */
  hold = 0n;
  /** Its hold is to be reckoned, or its place in the book told of, at the end of the command. */
  isTouched = false;
  isChanged = false;

  /** Where `OrdersKnown` has it, and its neighbours among its account's open orders. */
  slot = 0;
  earlier: LiveOrder | undefined;
  later: LiveOrder | undefined;

  /** Neighbours in its price's queue; no level: it is not in the book. */
  level: PriceLevel | undefined;
  ahead: LiveOrder | undefined;
  behind: LiveOrder | undefined;
  /** What the last effects told of its place in the book; nothing shown: it had none. */
  readonly told = { price: 0, shown: 0n, sequence: 0n, index: 0 };

  #seen: ViewedOrder | undefined;

  constructor(terms: OrderTerms, listing: ViewedInstrument) {
    this.terms = terms;
    this.listing = listing;
  }

  static restored(order: ViewedOpenOrder, listing: ViewedInstrument): LiveOrder {
    const live = new LiveOrder({ ...order, session: 0 }, listing);
    const { instructions, open, filled, left, price, triggerPrice, isDormant, shown, traded, fees } = order;
    const { lastPrice, lastQuantity, updatedAt, sequence, index, queuedSequence, queuedIndex } = order;
    const { notionalCarry, feeCarry } = order;
    Object.assign(live, { instructions, open, filled, left, price, triggerPrice, isDormant, shown, traded, fees });
    Object.assign(live, { lastPrice, lastQuantity, updatedAt, sequence, index, queuedSequence, queuedIndex });
    Object.assign(live, { notionalCarry, feeCarry, quantity: open + filled });
    return live;
  }

  /** Takes what is there and leaves; it never rests. */
  get isImmediate(): boolean {
    const { timeInForce, type } = this.terms;
    if (timeInForce === 'ioc' || timeInForce === 'fok') return true;
    return !this.isDormant && (type === 'stop' || type === 'trailing-stop');
  }

  /** An event has changed it. */
  touch(sequence: bigint, index: number, time: bigint): void {
    this.sequence = sequence;
    this.index = index;
    this.updatedAt = time;
    this.#seen = undefined;
  }

  forgetSeen(): void {
    this.#seen = undefined;
  }

  /** As it is now; the same object until something changes it. */
  seen(): ViewedOrder {
    this.#seen ??= this.#copy();
    return this.#seen;
  }

  /** With what its hold and its place depend on. */
  seenOpen(): ViewedOpenOrder {
    const { queuedSequence, queuedIndex, notionalCarry, feeCarry } = this;
    const { makerPpm, takerPpm } = this.terms;
    return { ...this.seen(), queuedSequence, queuedIndex, makerPpm, takerPpm, notionalCarry, feeCarry };
  }

  #copy(): ViewedOrder {
    const { terms } = this;
    return {
      orderId: terms.orderId,
      account: terms.account,
      instrument: terms.instrument,
      clientOrderId: terms.clientOrderId,
      clientText: terms.clientText,
      side: terms.side,
      type: terms.type,
      timeInForce: terms.timeInForce,
      selfTrade: terms.selfTrade,
      instructions: this.instructions,
      isLiquidation: terms.isLiquidation,
      quantity: this.quantity,
      open: this.open,
      filled: this.filled,
      left: this.left,
      price: this.price,
      triggerPrice: this.triggerPrice,
      isDormant: this.isDormant,
      displayQuantity: terms.displayQuantity,
      shown: this.shown,
      expiresAt: terms.expiresAt,
      traded: this.traded,
      fees: this.fees,
      lastPrice: this.lastPrice,
      lastQuantity: this.lastQuantity,
      status: this.status,
      reason: this.reason,
      acceptedAt: terms.acceptedAt,
      updatedAt: this.updatedAt,
      sequence: this.sequence,
      index: this.index,
    };
  }
}

/** All orders of one side at one price, the first to trade in front. */
export class PriceLevel {
  readonly side: Side;
  readonly price: number;
  /** Lots shown. */
  quantity = 0n;
  count = 0;
  front: LiveOrder | undefined;
  back: LiveOrder | undefined;
  /** It is to be told of at the end of the command. */
  isChanged = false;
  /** As the last effects told of it. */
  readonly told = { quantity: 0n, count: 0 };

  constructor(side: Side, price: number) {
    this.side = side;
    this.price = price;
  }
}
