import { clientOrderIdOf, decodeText, type EngineEvent, INSURANCE_ACCOUNT, isClientOrderText } from '@core/contracts';
import { Listings } from './listings.js';
import { OrderLife } from './order-life.js';
import { RecentFills } from './recent-fills.js';
import { Reports, type TermsOf } from './reports.js';
import { type DayFigures, Tape } from './tape.js';
import {
  type MinuteBar,
  type PublicTrade,
  type StreamPosition,
  type ViewedAsset,
  type ViewedFill,
  type ViewedInstrument,
  type ViewedOrder,
  type VenueSnapshot,
} from './venue-snapshot.js';
import { type BookOrderChange, type CommandEffects, type LevelChange } from './view-listener.js';

const NOTHING = {
  reports: [],
  rejections: [],
  trades: [],
  levels: [],
  bookOrders: [],
  balances: [],
  instruments: [],
} satisfies Omit<CommandEffects, 'sequence' | 'time'>;

/** Fills that are kept in memory; older ones are in the product's database. */
const MOST_FILLS = 100_000;

export interface VenueViewOptions {
  /** Told after each command. It must not throw and must not keep the arrays. */
  readonly onEffects?: (effects: CommandEffects) => void;
  /** The terms of the place that became this command of the venue, where it is known: for the report of its refusal. */
  readonly termsOf?: TermsOf;
}

/**
 * The venue as its events tell of it. Events of a command wait until all of them are there, so that whatever is read is true after a whole
 * command: no order is half matched, no book crossed by a trade that is still to come.
 */
export class VenueView {
  readonly #listings: Listings;
  readonly #life: OrderLife;
  readonly #reports: Reports;
  readonly #tapes = new Map<number, Tape>();
  readonly #fills = new RecentFills(MOST_FILLS);
  readonly #onEffects: (effects: CommandEffects) => void;
  #waiting: EngineEvent[] = [];
  #position: StreamPosition;
  #cancelledCount: number | undefined;

  /** @throws ViewFault for a snapshot whose orders name instruments that it has not */
  constructor(
    snapshot: VenueSnapshot,
    { onEffects = () => undefined, termsOf = () => undefined }: VenueViewOptions = {},
  ) {
    this.#onEffects = onEffects;
    this.#position = snapshot.position;
    this.#listings = new Listings(snapshot);
    this.#reports = new Reports(termsOf, {
      fill: (fill) => this.#fills.remember(fill),
      trade: (trade) => this.#tape(trade.instrument).add(trade),
    });
    this.#life = new OrderLife(snapshot, this.#listings, this.#reports);
    const bars = new Map<number, MinuteBar[]>();
    for (const bar of snapshot.bars) {
      const known = bars.get(bar.instrument);
      if (known === undefined) bars.set(bar.instrument, [bar]);
      else known.push(bar);
    }
    for (const trade of snapshot.lastTrades) {
      this.#tape(trade.instrument).restore(bars.get(trade.instrument) ?? [], trade);
    }
  }

  /**
   * Takes the next event of the stream. The command before it is told of when this is the first event of another one.
   * @throws ViewFault when it names an order, instrument or asset that the view has never heard of: begin again from a new snapshot
   */
  apply(event: EngineEvent): void {
    if (this.#waiting[0] !== undefined && this.#waiting[0].sequence !== event.sequence) this.#conclude();
    this.#waiting.push(event);
  }

  /** All events up to the end of command `sequence` have been given. @throws ViewFault as `apply` */
  release(sequence: bigint): void {
    const [first] = this.#waiting;
    if (first !== undefined && first.sequence <= sequence) this.#conclude();
  }

  /** The last event of the last command that is part of the view. */
  get position(): StreamPosition {
    return this.#position;
  }

  get isKillSwitchEngaged(): boolean {
    return this.#listings.isKillSwitchEngaged;
  }

  assets(): readonly ViewedAsset[] {
    return this.#listings.assets;
  }

  asset(number: number): ViewedAsset | undefined {
    return this.#listings.asset(number);
  }

  /** The same array until something changes. */
  instruments(): readonly ViewedInstrument[] {
    return this.#listings.instruments;
  }

  instrument(symbol: string): ViewedInstrument | undefined {
    return this.#listings.bySymbol(symbol);
  }

  instrumentOf(number: number): ViewedInstrument | undefined {
    return this.#listings.instrument(number);
  }

  /** Best first; `depth` levels of each side, all without it. */
  levels(
    instrument: number,
    depth = Infinity,
  ): { readonly bids: readonly LevelChange[]; readonly asks: readonly LevelChange[] } {
    const book = this.#life.book(instrument);
    const of = (side: 'buy' | 'sell'): LevelChange[] => {
      const levels: LevelChange[] = [];
      for (const { price, quantity, count } of book.levels(side)) {
        if (levels.length >= depth) break;
        levels.push({ instrument, side, price, quantity, count });
      }
      return levels;
    };
    return { bids: of('buy'), asks: of('sell') };
  }

  /** In the order in which they would trade; `depth` orders of each side, all without it. */
  bookOrders(
    instrument: number,
    depth = Infinity,
  ): { readonly bids: readonly BookOrderChange[]; readonly asks: readonly BookOrderChange[] } {
    const book = this.#life.book(instrument);
    const of = (side: 'buy' | 'sell'): BookOrderChange[] => {
      const orders: BookOrderChange[] = [];
      for (const { terms, price, shown: quantity } of book.orders(side)) {
        if (orders.length >= depth) break;
        orders.push({ instrument, side, orderId: terms.orderId, price, quantity });
      }
      return orders;
    };
    return { bids: of('buy'), asks: of('sell') };
  }

  /** @param time now, in microseconds; not before an earlier one */
  dayFigures(instrument: number, time: bigint): DayFigures {
    return this.#tape(instrument).figures(time);
  }

  /** Minutes with trades, newest first, at most 48 hours of them; whoever needs few takes few. */
  bars(instrument: number): Iterable<MinuteBar> {
    return this.#tape(instrument).newestBars();
  }

  /** Newest first, at most `most` of the last thousand. */
  recentTrades(instrument: number, most?: number): readonly PublicTrade[] {
    return this.#tape(instrument).recent(most);
  }

  /** In order of acceptance. */
  openOrders(account: number): readonly ViewedOrder[] {
    return Array.from(this.#life.orders.openOf(account), (order) => order.seen());
  }

  /** Open ones, and the last 100,000 that ended. */
  order(orderId: bigint): ViewedOrder | undefined {
    return this.#life.orders.get(orderId);
  }

  /** The account's last order of that name, while it is open or remembered. */
  orderByClientText(account: number, clientText: string): ViewedOrder | undefined {
    if (!isClientOrderText(clientText)) return undefined;
    const order = this.#life.orders.byClientId(account, clientOrderIdOf(clientText));
    return order?.clientText === clientText ? order : undefined;
  }

  /** Ended lately, newest first; whoever needs few takes few. */
  recentOrders(account: number): Iterable<ViewedOrder> {
    return this.#life.orders.endedOf(account);
  }

  /** Newest first. */
  recentFills(account: number): Iterable<ViewedFill> {
    return this.#fills.of(account);
  }

  /** Of every asset that the account has or had. Margin of positions is not part of `held`: see the README. */
  balances(account: number): readonly { readonly asset: number; readonly total: bigint; readonly held: bigint }[] {
    return this.#life.sheet.of(account).map(({ asset, total, held }) => ({ asset, total, held }));
  }

  feeRates(account: number, instrument: number): { readonly makerPpm: number; readonly takerPpm: number } {
    const { makerPpm, takerPpm } = this.#listings.ratesOf(account, instrument);
    return { makerPpm, takerPpm };
  }

  /** All that another view needs to go on from here. */
  snapshot(): VenueSnapshot {
    const { assets, instruments, fees, accounts, isKillSwitchEngaged } = this.#listings;
    const tapes = [...this.#tapes.values()];
    return {
      position: this.#position,
      ...{ assets, instruments, fees, accounts, isKillSwitchEngaged },
      balances: [...this.#life.sheet].map(({ account, asset, total }) => ({ account, asset, total })),
      orders: Array.from(this.#life.orders.open(), (order) => order.seenOpen()),
      lastTrades: tapes.flatMap(({ last }) => last ?? []),
      bars: tapes.flatMap((tape) => tape.bars()),
      arriving: null,
      clientNames: [...this.#life.names()],
    };
  }

  #conclude(): void {
    const events = this.#waiting;
    const last = events.at(-1);
    this.#waiting = [];
    if (last === undefined) return;
    if (events.length === 1 && last.kind === 'client-order-named' && !this.#life.isArriving) return this.#named(last);
    for (const event of events) this.#take(event);
    const levels: LevelChange[] = [];
    const bookOrders: BookOrderChange[] = [];
    this.#life.conclude();
    this.#life.tellBooks(levels, bookOrders);
    const { sequence, origin: index, time } = last;
    this.#position = { sequence, index };
    const balances = this.#life.sheet.tellChanges();
    const instruments = this.#listings.tellChanges();
    const { reports, rejections, trades } = this.#reports.take();
    const told = { sequence, time, reports, rejections, trades, levels, bookOrders, balances, instruments };
    const count = this.#cancelledCount;
    this.#cancelledCount = undefined;
    this.#onEffects(count === undefined ? told : { ...told, cancelledCount: count });
    this.#life.orders.settle();
  }

  /** Half of all commands tell what the order that comes next is called, and change nothing. */
  #named(event: Extract<EngineEvent, { kind: 'client-order-named' }>): void {
    const { sequence, time } = event;
    this.#take(event);
    this.#position = { sequence, index: event.origin };
    this.#onEffects({ sequence, time, ...NOTHING });
  }

  #take(event: EngineEvent): void {
    switch (event.kind) {
      case 'order-accepted':
        return this.#life.accept(event);
      case 'order-rejected':
        return this.#life.reject(event);
      case 'trade':
        return this.#life.trade(event);
      case 'order-cancelled':
        return this.#life.cancel(event);
      case 'order-replaced':
        return this.#life.replace(event);
      case 'order-triggered':
        return this.#life.trigger(event);
      case 'order-replenished':
        return this.#life.replenish(event);
      case 'order-decremented':
        return this.#life.decrement(event);
      case 'orders-cancelled':
        this.#cancelledCount = event.count;
        return;
      case 'client-order-named':
        return this.#life.name(event.account, event.clientOrderId, decodeText(event.text));
      default:
        this.#takeRare(event);
    }
  }

  #takeRare(event: EngineEvent): void {
    const { sheet } = this.#life;
    switch (event.kind) {
      case 'transfer-settled':
        if (event.outcome === 'repeated') return;
        return sheet.addTotal(event.account, event.asset, event.direction === 'credit' ? event.amount : -event.amount);
      case 'variation-settled': {
        // What some lose others gain; the insurance fund pays what is lacking and keeps what is left over.
        const quote = this.#listings.listed(event.instrument).quote.number;
        sheet.addTotal(event.account, quote, event.amount);
        return sheet.addTotal(INSURANCE_ACCOUNT, quote, -event.amount);
      }
      case 'instrument-listed':
        return this.#listings.list(event);
      case 'instrument-state':
        this.#life.settleArrival();
        return this.#listings.changeState(event);
      case 'fees-set':
        return this.#listings.setFees(event);
      case 'bands-set':
        return this.#listings.setBands(event);
      case 'mark-price-set':
        return this.#listings.setMarkPrice(event);
      case 'account-set':
        return this.#listings.setAccount(event);
      case 'kill-switch-set':
        this.#listings.isKillSwitchEngaged = event.position === 'engaged';
        return;
      default:
    }
  }

  #tape(instrument: number): Tape {
    let tape = this.#tapes.get(instrument);
    if (tape === undefined) {
      tape = new Tape(instrument);
      this.#tapes.set(instrument, tape);
    }
    return tape;
  }
}
