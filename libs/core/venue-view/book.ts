import { type Side } from '@core/contracts';
import { type LiveOrder, PriceLevel } from './live-order.js';
import { PriceLadder } from './price-ladder.js';
import { type BookOrderChange, type LevelChange } from './view-listener.js';

class BookSide {
  readonly ladder: PriceLadder;
  readonly levels = new Map<number, PriceLevel>();

  constructor(readonly side: Side) {
    this.ladder = new PriceLadder(side);
  }
}

/**
 * The orders of one instrument that wait for a trade, by price and then by time. Levels and orders that change are remembered until they are told
 * of; an emptied level stays until then.
 */
export class Book {
  readonly #instrument: number;
  readonly #sides = { buy: new BookSide('buy'), sell: new BookSide('sell') } as const;
  /** Each once. */
  #changedLevels: PriceLevel[] = [];
  #changedOrders: LiveOrder[] = [];
  /** Whoever works on the book has noted that it has something to tell. */
  isChanged = false;

  constructor(instrument: number) {
    this.#instrument = instrument;
  }

  /** Puts an order that shows something to the back of its price's queue. */
  enter(order: LiveOrder): void {
    const level = this.#levelFor(order.terms.side, order.price);
    order.level = level;
    order.ahead = level.back;
    order.behind = undefined;
    if (level.back === undefined) level.front = order;
    else level.back.behind = order;
    level.back = order;
    level.count += 1;
    level.quantity += order.shown;
    this.#changed(level, order);
  }

  /** Takes an order out of the queue, if it stands in one. */
  leave(order: LiveOrder): void {
    const { level, ahead, behind } = order;
    if (level === undefined) return;
    if (ahead === undefined) level.front = behind;
    else ahead.behind = behind;
    if (behind === undefined) level.back = ahead;
    else behind.ahead = ahead;
    order.level = undefined;
    order.ahead = undefined;
    order.behind = undefined;
    level.count -= 1;
    level.quantity -= order.shown;
    this.#changed(level, order);
  }

  /** Shows so many lots of an order from now on, where it stands. */
  show(order: LiveOrder, lots: bigint): void {
    const { level } = order;
    if (level !== undefined) {
      level.quantity += lots - order.shown;
      this.#changed(level, order);
    }
    order.shown = lots;
  }

  /** Levels of a side, best first. */
  *levels(side: Side): Generator<PriceLevel> {
    const { ladder, levels } = this.#sides[side];
    for (const price of ladder) {
      const level = levels.get(price);
      if (level !== undefined && level.count > 0) yield level;
    }
  }

  /** Orders of a side in the order in which they would trade. */
  *orders(side: Side): Generator<LiveOrder> {
    for (const { front } of this.levels(side)) for (let at = front; at !== undefined; at = at.behind) yield at;
  }

  /** Says what has changed since this was called last, and forgets what is gone. */
  tellChanges(levels: LevelChange[], orders: BookOrderChange[]): void {
    this.isChanged = false;
    if (this.#changedLevels.length === 0) return;
    for (const level of this.#changedLevels) {
      level.isChanged = false;
      const { side, price, quantity, count, told } = level;
      if (quantity !== told.quantity || count !== told.count) {
        levels.push({ instrument: this.#instrument, side, price, quantity, count });
        told.quantity = quantity;
        told.count = count;
      }
      if (count === 0) {
        this.#sides[side].levels.delete(price);
        this.#sides[side].ladder.remove(price);
      }
    }
    // Arrivals at one price must be told in the order of the queue, which need not be that in which their orders first changed.
    if (this.#changedOrders.length > 1) this.#changedOrders.sort(byPlace);
    for (const order of this.#changedOrders) {
      order.isChanged = false;
      this.#tellOrder(order, orders);
    }
    this.#changedLevels = [];
    this.#changedOrders = [];
  }

  /** A lost place is told as a departure and an arrival, so that whoever keeps the queue has it right. */
  #tellOrder(order: LiveOrder, orders: BookOrderChange[]): void {
    const { told, price, queuedSequence, queuedIndex } = order;
    const { side, orderId } = order.terms;
    const shown = order.level === undefined ? 0n : order.shown;
    const keepsPlace = told.price === price && told.sequence === queuedSequence && told.index === queuedIndex;
    if (told.shown > 0n && (shown === 0n || !keepsPlace)) {
      orders.push({ instrument: this.#instrument, side, orderId, price: told.price, quantity: 0n });
      told.shown = 0n;
    }
    if (shown === 0n || shown === told.shown) return;
    orders.push({ instrument: this.#instrument, side, orderId, price, quantity: shown });
    told.price = price;
    told.shown = shown;
    told.sequence = queuedSequence;
    told.index = queuedIndex;
  }

  #levelFor(side: Side, price: number): PriceLevel {
    const { levels, ladder } = this.#sides[side];
    const known = levels.get(price);
    if (known !== undefined) return known;
    const level = new PriceLevel(side, price);
    levels.set(price, level);
    ladder.enter(price);
    return level;
  }

  #changed(level: PriceLevel, order: LiveOrder): void {
    if (!level.isChanged) this.#changedLevels.push(level);
    level.isChanged = true;
    if (!order.isChanged) this.#changedOrders.push(order);
    order.isChanged = true;
  }
}

const byPlace = (one: LiveOrder, other: LiveOrder): number =>
  one.queuedSequence === other.queuedSequence
    ? one.queuedIndex - other.queuedIndex
    : Number(one.queuedSequence - other.queuedSequence);
