import { type CommandEffects, type VenueView } from '@core/venue-view';
import { type Ticker, type VenueFeed } from './venue-feed.js';

const MICROSECONDS_IN_MS = 1_000;

/** Reads of whichever view is the present one; those who listen do not notice when it is another one, but for `onRebuilt`. */
export class LiveFeed implements VenueFeed {
  #view: VenueView;
  readonly #isConnected: () => boolean;
  /** Replaced when it changes, so that who comes or goes while it is told disturbs nobody. */
  #listeners: readonly ((effects: CommandEffects) => void)[] = [];
  #rebuilt: readonly (() => void)[] = [];
  /** The venue's time goes on by this process's steady clock from its last command; before any, it is the host's. */
  #time = BigInt(Math.round((performance.timeOrigin + performance.now()) * MICROSECONDS_IN_MS));
  #toldAt = performance.now();

  readonly #onListenerFault: (error: unknown) => void;

  constructor(view: VenueView, isConnected: () => boolean, onListenerFault: (error: unknown) => void) {
    this.#view = view;
    this.#isConnected = isConnected;
    this.#onListenerFault = onListenerFault;
  }

  /** From now on reads are of this view; everything may be different. */
  show(view: VenueView): void {
    this.#view = view;
    for (const listener of this.#rebuilt) this.#spare(listener, undefined);
  }

  /** A command that changed nothing (a name for the order that comes next, an audit) is told to nobody. */
  tell(effects: CommandEffects): void {
    this.passTime(effects.time);
    if (isNothing(effects)) return;
    for (const listener of this.#listeners) this.#spare(listener, effects);
  }

  /** A listener that throws harms neither the view nor the others. */
  #spare<Told>(listener: (told: Told) => void, told: Told): void {
    try {
      listener(told);
    } catch (error) {
      this.#onListenerFault(error);
    }
  }

  passTime(time: bigint): void {
    this.#time = time;
    this.#toldAt = performance.now();
  }

  listen(listener: (effects: CommandEffects) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => (this.#listeners = this.#listeners.filter((other) => other !== listener));
  }

  onRebuilt(listener: () => void): () => void {
    this.#rebuilt = [...this.#rebuilt, listener];
    return () => (this.#rebuilt = this.#rebuilt.filter((other) => other !== listener));
  }

  get position(): VenueFeed['position'] {
    return this.#view.position;
  }

  get isConnected(): boolean {
    return this.#isConnected();
  }

  ticker(instrument: number): Ticker {
    const since = Math.round((performance.now() - this.#toldAt) * MICROSECONDS_IN_MS);
    const figures = this.#view.dayFigures(instrument, this.#time + BigInt(since));
    return { instrument, ...figures, markPrice: this.#view.instrumentOf(instrument)?.markPrice ?? 0 };
  }

  readonly instruments: VenueFeed['instruments'] = () => this.#view.instruments();
  readonly instrument: VenueFeed['instrument'] = (symbol) => this.#view.instrument(symbol);
  readonly instrumentOf: VenueFeed['instrumentOf'] = (number) => this.#view.instrumentOf(number);
  readonly levels: VenueFeed['levels'] = (instrument, depth) => this.#view.levels(instrument, depth);
  readonly bookOrders: VenueFeed['bookOrders'] = (instrument, depth) => this.#view.bookOrders(instrument, depth);
  readonly bars: VenueFeed['bars'] = (instrument) => this.#view.bars(instrument);
  readonly openOrders: VenueFeed['openOrders'] = (account) => this.#view.openOrders(account);
  readonly order: VenueFeed['order'] = (orderId) => this.#view.order(orderId);
  readonly orderByClientText: VenueFeed['orderByClientText'] = (account, text) => this.#view.orderByClientText(account, text); // prettier-ignore
  readonly recentOrders: VenueFeed['recentOrders'] = (account) => this.#view.recentOrders(account);
  readonly recentFills: VenueFeed['recentFills'] = (account) => this.#view.recentFills(account);
  readonly recentTrades: VenueFeed['recentTrades'] = (instrument, most) => this.#view.recentTrades(instrument, most);
  readonly balances: VenueFeed['balances'] = (account) => this.#view.balances(account);
  readonly feeRates: VenueFeed['feeRates'] = (account, instrument) => this.#view.feeRates(account, instrument);
}

function isNothing(effects: CommandEffects): boolean {
  const { reports, rejections, trades, levels, bookOrders, balances, instruments, cancelledCount } = effects;
  return (
    reports.length === 0 &&
    balances.length === 0 &&
    levels.length === 0 &&
    bookOrders.length === 0 &&
    trades.length === 0 &&
    rejections.length === 0 &&
    instruments.length === 0 &&
    cancelledCount === undefined
  );
}
