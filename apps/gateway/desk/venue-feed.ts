import {
  type BookOrderChange,
  type CommandEffects,
  type LevelChange,
  type MinuteBar,
  type PublicTrade,
  type StreamPosition,
  type ViewedFill,
  type ViewedInstrument,
  type ViewedOrder,
} from '@core/venue-view';

/** The venue as this process sees it: every released event has been applied, in order. Reads are of memory and cost what they return. */
export interface VenueFeed {
  /** Called after each command that changed something; a listener must not throw and must not keep the arrays. Answers how to stop listening. */
  listen(listener: (effects: CommandEffects) => void): () => void;
  /** Called when the view has been built anew after a loss it could not resume from: everything that was told before may have changed. */
  onRebuilt(listener: () => void): () => void;
  readonly position: StreamPosition;
  /** Whether orders can be entered right now. */
  readonly isConnected: boolean;
  instruments(): readonly ViewedInstrument[];
  instrument(symbol: string): ViewedInstrument | undefined;
  instrumentOf(number: number): ViewedInstrument | undefined;
  /** Best first. `depth` levels or orders of each side; all without it. */
  levels(
    instrument: number,
    depth?: number,
  ): { readonly bids: readonly LevelChange[]; readonly asks: readonly LevelChange[] };
  bookOrders(instrument: number, depth?: number): { readonly bids: readonly BookOrderChange[]; readonly asks: readonly BookOrderChange[] }; // prettier-ignore
  ticker(instrument: number): Ticker;
  /** Minutes with trades, newest first, at most 48 hours of them. Read it at once: it is of the present. */
  bars(instrument: number): Iterable<MinuteBar>;
  openOrders(account: number): readonly ViewedOrder[];
  /** Open ones, and those that ended lately (the last 100,000): older ones are in the product's database. */
  order(orderId: bigint): ViewedOrder | undefined;
  orderByClientText(account: number, clientText: string): ViewedOrder | undefined;
  /** Ended lately, newest first. Read it at once: it is of the present. */
  recentOrders(account: number): Iterable<ViewedOrder>;
  /** Newest first, of the last 100,000. Read it at once. */
  recentFills(account: number): Iterable<ViewedFill>;
  /** Newest first, at most `most` of the last thousand. */
  recentTrades(instrument: number, most?: number): readonly PublicTrade[];
  /** Of every asset the account has or had, in units of the engine. */
  balances(account: number): readonly { readonly asset: number; readonly total: bigint; readonly held: bigint }[];
  /** In force for the account and instrument. */
  feeRates(account: number, instrument: number): { readonly makerPpm: number; readonly takerPpm: number };
}

/** Ticks and lots. Zero where nothing has traded. */
export interface Ticker {
  readonly instrument: number;
  readonly lastPrice: number;
  readonly price24h: number;
  readonly volume24h: bigint;
  readonly markPrice: number;
}
