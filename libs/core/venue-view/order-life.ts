/** What the stream's events do to orders, books and money. Events of one command come together; `conclude` ends it. */
import { engineCommands, type EngineEvent, textOf } from '@core/contracts';
import { BalanceSheet } from './balance-sheet.js';
import { Book } from './book.js';
import { type Listings } from './listings.js';
import { LiveOrder } from './live-order.js';
import { Names } from './names.js';
import { carryRounding, needOf, payingAsset } from './order-money.js';
import { OrdersKnown } from './orders-known.js';
import { type Reports, tradeIdOf } from './reports.js';
import { type SettledSide, settlementOf } from './settlement.js';
import { ViewFault } from './view-fault.js';
import { type ViewedFill, type ViewedOpenOrder, type VenueSnapshot } from './venue-snapshot.js';
import { type BookOrderChange, type LevelChange } from './view-listener.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;

const POST_ONLY = 1;
const FEE_ACCOUNT = 0;
const ROUNDING_ACCOUNT = 1;
const PLACE = engineCommands.messages.place.code;

export class OrderLife {
  readonly orders = new OrdersKnown();
  readonly sheet = new BalanceSheet();
  readonly reports: Reports;
  readonly #listings: Listings;
  readonly #books = new Map<number, Book>();
  readonly #names = new Names();
  /** In no queue yet: what its own matching leaves of it will rest before anything else arrives. */
  #arriving: LiveOrder | undefined;
  /** Whose holds are to be reckoned, each once. */
  #touched: LiveOrder[] = [];
  #changedBooks: Book[] = [];

  constructor(snapshot: VenueSnapshot, listings: Listings, reports: Reports) {
    this.#listings = listings;
    this.reports = reports;
    for (const { account, asset, total } of snapshot.balances) this.sheet.addTotal(account, asset, total);
    for (const open of [...snapshot.orders].sort(inTime)) this.#restore(open, open.orderId === snapshot.arriving);
    for (const { account, clientOrderId, text } of snapshot.clientNames) this.name(account, clientOrderId, text);
    this.#reckonHolds();
    this.tellBooks([], []);
    this.sheet.tellChanges();
  }

  book(instrument: number): Book {
    let book = this.#books.get(instrument);
    if (book === undefined) {
      book = new Book(instrument);
      this.#books.set(instrument, book);
    }
    return book;
  }

  /** The book of an instrument, to be changed. */
  #bookOf({ terms }: LiveOrder): Book {
    const book = this.book(terms.instrument);
    if (!book.isChanged) this.#changedBooks.push(book);
    book.isChanged = true;
    return book;
  }

  /** Names whose order has not come yet. */
  names(): Iterable<VenueSnapshot['clientNames'][number]> {
    return this.#names;
  }

  name(account: number, clientOrderId: bigint, text: string): void {
    if (clientOrderId !== 0n && text !== '') this.#names.keep(account, clientOrderId, text);
  }

  accept(event: Event<'order-accepted'>): void {
    this.settleArrival();
    const listing = this.#listings.listed(event.instrument);
    const { account, clientOrderId, type, quantity } = event;
    const { makerPpm, takerPpm } = this.#listings.ratesOf(account, event.instrument);
    const order = new LiveOrder(
      {
        orderId: event.orderId,
        account,
        instrument: event.instrument,
        clientOrderId,
        clientText: this.#takeName(account, clientOrderId),
        session: event.session,
        side: event.side,
        type,
        timeInForce: event.timeInForce,
        selfTrade: event.selfTrade,
        isLiquidation: event.liquidation === 1,
        displayQuantity: event.displayQuantity,
        expiresAt: event.expiresAt,
        makerPpm,
        takerPpm,
        acceptedAt: event.time,
      },
      listing,
    );
    order.instructions = event.instructions;
    order.quantity = quantity;
    order.open = quantity;
    order.price = event.price;
    order.triggerPrice = event.triggerPrice;
    order.isDormant = type !== 'limit' && type !== 'market';
    this.orders.begin(order);
    this.#arrive(order, event);
    this.#touch(order, event);
    this.reports.report('accepted', order, event);
  }

  reject(event: Event<'order-rejected'>): void {
    const { account, clientOrderId, command } = event;
    if (command !== PLACE) return this.reports.refuseRequest(event);
    this.#takeName(account, clientOrderId);
    this.reports.refusePlace(event);
  }

  trigger(event: Event<'order-triggered'>): void {
    this.settleArrival();
    const order = this.#order(event.orderId);
    order.isDormant = false;
    this.#arrive(order, event);
    this.#touch(order, event);
    this.reports.report('triggered', order, event);
  }

  replace(event: Event<'order-replaced'>): void {
    this.settleArrival();
    const order = this.#order(event.orderId);
    const { quantity, price, triggerPrice, queuePlace, postOnly } = event;
    const book = this.#bookOf(order);
    if (queuePlace === 'kept') {
      if (quantity < order.shown) book.show(order, quantity);
    } else {
      book.leave(order);
      Object.assign(order, { price, triggerPrice });
    }
    order.open = quantity;
    order.quantity = order.filled + quantity;
    order.instructions = postOnly === 1 ? order.instructions | POST_ONLY : order.instructions & ~POST_ONLY;
    if (queuePlace === 'lost') this.#arrive(order, event);
    this.#touch(order, event);
    this.reports.report('replaced', order, event);
  }

  cancel(event: Event<'order-cancelled'>): void {
    const order = this.#order(event.orderId);
    order.left = event.quantity;
    this.#end(order, 'cancelled');
    order.reason = event.reason;
    this.#touch(order, event);
    this.reports.cancelled(order, event);
  }

  decrement(event: Event<'order-decremented'>): void {
    const order = this.#order(event.orderId);
    const { quantity, open } = event;
    this.#bookOf(order).show(order, order.shown - quantity);
    order.open = open;
    if (open > 0n) order.quantity -= quantity;
    else {
      order.left = quantity;
      this.#end(order, 'cancelled');
      order.reason = 'self_trade';
    }
    this.#touch(order, event);
    this.reports.report('decremented', order, event);
  }

  replenish(event: Event<'order-replenished'>): void {
    const order = this.#order(event.orderId);
    const book = this.#bookOf(order);
    book.leave(order);
    order.shown = event.shown;
    order.queuedSequence = event.sequence;
    order.queuedIndex = event.origin;
    book.enter(order);
    order.forgetSeen();
  }

  trade(event: Event<'trade'>): void {
    const maker = this.#order(event.makerOrderId);
    const taker = this.#order(event.takerOrderId);
    const settled = settlementOf(event, maker, taker);
    this.#pay(event, maker);
    this.#settle(event, maker, settled.maker, 'maker');
    this.#settle(event, taker, settled.taker, 'taker');
    this.reports.trade(event);
  }

  #settle(event: Event<'trade'>, order: LiveOrder, side: SettledSide, liquidity: 'maker' | 'taker'): void {
    carryRounding(order, side);
    this.#fill(order, event.quantity);
    order.traded += side.notional;
    order.fees += side.fee;
    order.lastPrice = event.price;
    order.lastQuantity = event.quantity;
    this.#touch(order, event);
    this.reports.fill(order, event, fillOf(event, order, liquidity));
  }

  /** An order has met all that it could, and is put into the book before anything else happens. */
  get isArriving(): boolean {
    return this.#arriving !== undefined;
  }

  /** The command is over: what it left resting rests, and what orders hold is brought up to date. */
  conclude(): void {
    this.settleArrival();
    this.#reckonHolds();
  }

  tellBooks(levels: LevelChange[], orders: BookOrderChange[]): void {
    if (this.#changedBooks.length === 0) return;
    for (const book of this.#changedBooks) book.tellChanges(levels, orders);
    this.#changedBooks = [];
  }

  #restore(open: ViewedOpenOrder, isArriving: boolean): void {
    const order = LiveOrder.restored(open, this.#listings.listed(open.instrument));
    this.orders.begin(order);
    this.#reckonLater(order);
    if (order.isDormant || order.isImmediate) return;
    if (!isArriving) return this.#bookOf(order).enter(order);
    order.shown = order.open;
    this.#arriving = order;
  }

  #reckonHolds(): void {
    for (const order of this.#touched) {
      order.isTouched = false;
      const need = needOf(order);
      this.sheet.addHeld(order.terms.account, payingAsset(order), need - order.hold);
      order.hold = need;
    }
    this.#touched = [];
  }

  #order(id: bigint): LiveOrder {
    const order = this.orders.live(id);
    if (order?.status !== 'open') throw new ViewFault('unknown_order', `order ${id}`);
    return order;
  }

  #touch(order: LiveOrder, event: EngineEvent): void {
    order.touch(event.sequence, event.origin, event.time);
    this.#reckonLater(order);
  }

  #reckonLater(order: LiveOrder): void {
    if (order.isTouched) return;
    order.isTouched = true;
    this.#touched.push(order);
  }

  #takeName(account: number, clientOrderId: bigint): string | null {
    if (clientOrderId === 0n) return null;
    return this.#names.take(account, clientOrderId) ?? textOf(clientOrderId);
  }

  #arrive(order: LiveOrder, event: EngineEvent): void {
    order.queuedSequence = event.sequence;
    order.queuedIndex = event.origin;
    if (order.isDormant) return;
    order.shown = order.open;
    this.#arriving = order;
  }

  /** Puts what arrived last into the book, if it may rest and something is left of it: before anything else could meet it. */
  settleArrival(): void {
    const order = this.#arriving;
    this.#arriving = undefined;
    if (order?.status !== 'open' || order.isImmediate) return;
    const { displayQuantity } = order.terms;
    order.shown = displayQuantity > 0n && displayQuantity < order.open ? displayQuantity : order.open;
    order.forgetSeen();
    this.#bookOf(order).enter(order);
  }

  #fill(order: LiveOrder, lots: bigint): void {
    this.#bookOf(order).show(order, order.shown - lots);
    order.open -= lots;
    order.filled += lots;
    if (order.open === 0n) this.#end(order, 'filled');
  }

  #end(order: LiveOrder, status: 'filled' | 'cancelled'): void {
    this.#bookOf(order).leave(order);
    order.shown = 0n;
    order.open = 0n;
    order.status = status;
    this.orders.end(order);
  }

  /** Moves what the trade moved, to the unit. */
  #pay(event: Event<'trade'>, { listing }: LiveOrder): void {
    const { makerAccount, takerAccount, makerFee, takerFee, buyerPays, sellerReceives, takerSide } = event;
    const { sheet } = this;
    const quote = listing.quote.number;
    sheet.addTotal(makerAccount, quote, -makerFee);
    sheet.addTotal(takerAccount, quote, -takerFee);
    sheet.addTotal(FEE_ACCOUNT, quote, makerFee + takerFee);
    if (listing.settlement === 'margined') return;
    const [buyer, seller] = takerSide === 'buy' ? [takerAccount, makerAccount] : [makerAccount, takerAccount];
    const delivered = event.quantity * listing.lotUnits;
    sheet.addTotal(buyer, quote, -buyerPays);
    sheet.addTotal(seller, quote, sellerReceives);
    sheet.addTotal(ROUNDING_ACCOUNT, quote, buyerPays - sellerReceives);
    sheet.addTotal(buyer, listing.base.number, delivered);
    sheet.addTotal(seller, listing.base.number, -delivered);
  }
}

function fillOf(event: Event<'trade'>, order: LiveOrder, liquidity: 'maker' | 'taker'): ViewedFill {
  const { account, orderId, side } = order.terms;
  return {
    tradeId: tradeIdOf(event),
    sequence: event.sequence,
    index: event.origin,
    time: event.time,
    account,
    orderId,
    instrument: event.instrument,
    side,
    liquidity,
    price: event.price,
    quantity: event.quantity,
    notional: side === 'buy' ? event.buyerPays : event.sellerReceives,
    fee: liquidity === 'taker' ? event.takerFee : event.makerFee,
  };
}

const inTime = (
  one: { readonly queuedSequence: bigint; readonly queuedIndex: number },
  other: { readonly queuedSequence: bigint; readonly queuedIndex: number },
): number =>
  one.queuedSequence === other.queuedSequence
    ? one.queuedIndex - other.queuedIndex
    : one.queuedSequence < other.queuedSequence
      ? -1
      : 1;
