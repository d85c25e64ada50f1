import { type BookOrderChange, type CommandEffects, type LevelChange, type MinuteBar, type PublicTrade, type StreamPosition, type ViewedFill, type ViewedInstrument, type ViewedOrder } from '@core/venue-view'; // prettier-ignore
import { type Access, type Trader } from '../../access/access.js';
import { type ChangeOutcome, type MassCancelOutcome, type OrderDesk, type PlaceOutcome, type PlaceRequest } from '../../desk/order-desk.js'; // prettier-ignore
import { type Ticker, type VenueFeed } from '../../desk/venue-feed.js';
import { BTC_USD } from '../../testing/instruments.js';

export { BTC_USD };

export const QUIET: ViewedInstrument = { ...BTC_USD, number: 2, symbol: 'ETH-USD', base: { number: 3, code: 'ETH', scale: 8 } }; // prettier-ignore

/** The two interfaces that the door stands on, moved by hand: for what needs no engine. Acceptance is against a real venue. */
export class FakeVenue implements VenueFeed, OrderDesk {
  isConnected = true;
  position: StreamPosition = { sequence: 0n, index: 0 };
  readonly listed = [BTC_USD, QUIET];
  readonly book = new Map<string, LevelChange>();
  readonly orders = new Map<bigint, BookOrderChange>();
  readonly minutes: MinuteBar[] = [];
  tickerNow: Ticker = { instrument: 1, lastPrice: 0, price24h: 0, volume24h: 0n, markPrice: 0 };
  readonly live: ViewedOrder[] = [];
  readonly owned = new Map<number, { asset: number; total: bigint; held: bigint }[]>();
  readonly placed: PlaceRequest[] = [];
  readonly closedSessions: number[] = [];
  readonly massCancels: number[] = [];
  placeOutcome: (request: PlaceRequest) => Promise<PlaceOutcome> = () => Promise.resolve({ kind: 'unknown' });
  openedSessions = 0;
  readonly #listeners = new Set<(effects: CommandEffects) => void>();
  readonly #rebuilt = new Set<() => void>();

  listen(listener: (effects: CommandEffects) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onRebuilt(listener: () => void): () => void {
    this.#rebuilt.add(listener);
    return () => this.#rebuilt.delete(listener);
  }

  /** One more command of the venue, with these effects. */
  tell(effects: Partial<Omit<CommandEffects, 'sequence'>>): bigint {
    const sequence = this.position.sequence + 1n;
    this.position = { sequence, index: 0 };
    for (const level of effects.levels ?? []) this.book.set(`${level.instrument} ${level.side} ${level.price}`, level);
    for (const order of effects.bookOrders ?? []) this.orders.set(order.orderId, order);
    const nothing = { reports: [], rejections: [], trades: [], levels: [], bookOrders: [], balances: [], instruments: [] }; // prettier-ignore
    for (const listener of this.#listeners)
      listener({ ...nothing, time: 1_700_000_000_000_000n, ...effects, sequence });
    return sequence;
  }

  level(price: number, quantity: bigint, side: 'buy' | 'sell' = 'buy', instrument = 1): bigint {
    return this.tell({ levels: [{ instrument, side, price, quantity, count: quantity === 0n ? 0 : 1 }] });
  }

  /** A trade, in the ticker and the minute's bar too. @param time microseconds */
  trade(price: number, quantity: bigint, time: bigint): PublicTrade {
    const sequence = this.position.sequence + 1n;
    const minute = Number(time / 60_000_000n);
    const last = this.minutes.at(-1);
    if (last?.minute === minute) {
      this.minutes[this.minutes.length - 1] = { ...last, high: Math.max(last.high, price), low: Math.min(last.low, price), close: price, volume: last.volume + quantity }; // prettier-ignore
    } else this.minutes.push({ instrument: 1, minute, open: price, high: price, low: price, close: price, volume: quantity }); // prettier-ignore
    this.tickerNow = { ...this.tickerNow, lastPrice: price, volume24h: this.tickerNow.volume24h + quantity };
    const trade: PublicTrade = { tradeId: sequence * 65_536n, sequence, time, instrument: 1, side: 'buy', price, quantity }; // prettier-ignore
    this.tell({ trades: [trade], time });
    return trade;
  }

  rebuild(): void {
    for (const listener of this.#rebuilt) listener();
  }

  instruments = (): readonly ViewedInstrument[] => this.listed;
  instrument = (symbol: string): ViewedInstrument | undefined => this.listed.find((one) => one.symbol === symbol);
  instrumentOf = (number: number): ViewedInstrument | undefined => this.listed.find((one) => one.number === number);

  levels(instrument: number): { bids: readonly LevelChange[]; asks: readonly LevelChange[] } {
    const live = [...this.book.values()].filter((level) => level.instrument === instrument && level.quantity > 0n);
    return { bids: live.filter(({ side }) => side === 'buy'), asks: live.filter(({ side }) => side === 'sell') };
  }

  bookOrders(instrument: number): { bids: readonly BookOrderChange[]; asks: readonly BookOrderChange[] } {
    const live = [...this.orders.values()].filter((order) => order.instrument === instrument && order.quantity > 0n);
    return { bids: live.filter(({ side }) => side === 'buy'), asks: live.filter(({ side }) => side === 'sell') };
  }

  ticker = (instrument: number): Ticker => (instrument === 1 ? this.tickerNow : { instrument, lastPrice: 0, price24h: 0, volume24h: 0n, markPrice: 0 }); // prettier-ignore
  bars = (instrument: number): readonly MinuteBar[] => (instrument === 1 ? this.minutes.toReversed() : []);
  openOrders = (account: number): readonly ViewedOrder[] => this.live.filter((order) => order.account === account);
  order = (orderId: bigint): ViewedOrder | undefined => this.live.find((order) => order.orderId === orderId);
  orderByClientText = (): undefined => undefined;
  recentOrders = (): readonly ViewedOrder[] => [];
  recentFills = (): readonly ViewedFill[] => [];
  recentTrades = (): readonly PublicTrade[] => [];
  balances = (account: number): readonly { asset: number; total: bigint; held: bigint }[] => this.owned.get(account) ?? []; // prettier-ignore
  feeRates = (): { makerPpm: number; takerPpm: number } => ({ makerPpm: 0, takerPpm: 0 });

  place(request: PlaceRequest): Promise<PlaceOutcome> {
    this.placed.push(request);
    return this.placeOutcome(request);
  }

  cancel = (): Promise<ChangeOutcome> => Promise.resolve({ kind: 'rejected', reason: 'unknown_order' });
  replace = (): Promise<ChangeOutcome> => Promise.resolve({ kind: 'rejected', reason: 'unknown_order' });

  cancelAll({ account }: { account: number }): Promise<MassCancelOutcome> {
    this.massCancels.push(account);
    return Promise.resolve({ kind: 'done', orders: [] });
  }

  openSession(): Promise<number> {
    this.openedSessions += 1;
    return Promise.resolve(this.openedSessions);
  }

  closeSession(session: number): void {
    this.closedSessions.push(session);
  }
}

/** Secrets and whom they stand for; a spec changes what a key may at any time. */
export class FakeAccess implements Access {
  readonly traders = new Map<string, Trader>();
  readonly #listeners = new Map<string, Set<(now: Trader | undefined) => void>>();

  add(token: string, account: number, scopes: Trader['scopes'] = ['view', 'trade']): Trader {
    const trader = { customerId: `customer-${account}`, account, keyId: `key-${token}`, scopes, isFrozen: false };
    this.traders.set(token, trader);
    return trader;
  }

  byToken = (token: string): Promise<Trader | undefined> => Promise.resolve(this.traders.get(token));
  byKey = (): Promise<undefined> => Promise.resolve(undefined);
  byProof = (): Promise<undefined> => Promise.resolve(undefined);

  onChanged(keyId: string, listener: (now: Trader | undefined) => void): () => void {
    const listeners = this.#listeners.get(keyId) ?? new Set();
    this.#listeners.set(keyId, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  change(token: string, to: Partial<Trader> | undefined): void {
    const before = this.traders.get(token);
    if (before === undefined) throw new Error(`no such token: ${token}`);
    const now = to && { ...before, ...to };
    if (now === undefined) this.traders.delete(token);
    else this.traders.set(token, now);
    for (const listener of this.#listeners.get(before.keyId) ?? []) listener(now);
  }

  watchersOf(keyId: string): number {
    return this.#listeners.get(keyId)?.size ?? 0;
  }
}
