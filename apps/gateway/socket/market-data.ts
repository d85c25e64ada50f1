import { type BookOrderChange, type CommandEffects, type LevelChange, type ViewedInstrument } from '@core/venue-view';
import { type VenueFeed } from '../desk/venue-feed.js';
import { CandleTopics } from './candle-topics.js';
import { heartbeatBody, l2Body, l3Body, symbolsSnapshotBody, symbolUpdateBody, tickerBody, tradeBody } from './encode-market-data.js'; // prettier-ignore
import { type ResumeCache } from './resume-cache.js';
import { SharedMessage } from './shared-message.js';
import { Topic } from './topic.js';
import { type Turn } from './turn.js';

export interface MarketDataParts {
  readonly feed: VenueFeed;
  readonly cache: ResumeCache;
  readonly turn: Turn;
  /** Microseconds since 1970. */
  readonly now: () => bigint;
}

const BOOK_CHANNELS = ['l2', 'l3', 'trades', 'ticker'] as const;
type BookChannel = (typeof BOOK_CHANNELS)[number];
export const isBookChannel = (channel: string): channel is BookChannel => BOOK_CHANNELS.some((c) => c === channel);

/**
 * The public channels: what a command of the venue changed becomes one message for each channel, however many are subscribed. `l2`, `l3` and `trades` are
 * told command by command, so that every gateway says the same; tickers and candles once a turn.
 */
export class MarketData {
  readonly heartbeat = new Topic('heartbeat');
  readonly symbols = new Topic('symbols');
  readonly candles: CandleTopics;
  readonly #topics = new Map<string, Topic>();
  readonly #snapshots = new Map<string, SharedMessage>();
  /** Instruments whose tickers may have changed in this turn. */
  readonly #moved = new Set<number>();
  readonly #saidOf = new Map<string, string>();
  #saidConnected = true;

  constructor(private readonly parts: MarketDataParts) {
    this.candles = new CandleTopics(parts);
  }

  topic(channel: BookChannel, instrument: ViewedInstrument): Topic {
    const key = `${channel} ${instrument.symbol}`;
    const known = this.#topics.get(key);
    if (known !== undefined) return known;
    const topic = new Topic(key);
    this.#topics.set(key, topic);
    return topic;
  }

  /** As the book is after the last command; encoded once for all that ask before the next one. Undefined where the channel has none. */
  snapshot(channel: BookChannel | 'symbols', instrument?: ViewedInstrument): SharedMessage | undefined {
    if (channel === 'trades') return undefined;
    const { sequence } = this.parts.feed.position;
    const key = `${channel} ${instrument?.symbol ?? ''}`;
    const known = this.#snapshots.get(key);
    if (known?.sequence === sequence && channel !== 'ticker') return known;
    const made = new SharedMessage(this.#snapshotBody(channel, instrument), sequence);
    this.#snapshots.set(key, made);
    return made;
  }

  apply(effects: CommandEffects): void {
    const { trades, levels, bookOrders, instruments } = effects;
    if (levels.length > 0) byInstrument(levels, (number, changes) => this.#sayLevels(number, changes, effects));
    if (bookOrders.length > 0) byInstrument(bookOrders, (number, changes) => this.#sayOrders(number, changes, effects));
    if (trades.length > 0) this.#sayTrades(effects);
    for (const instrument of instruments) this.#instrumentChanged(instrument, effects.sequence);
  }

  /** The view was built anew: everybody gets everything again. */
  rebuilt(): void {
    this.#snapshots.clear();
    for (const instrument of this.parts.feed.instruments()) {
      for (const channel of BOOK_CHANNELS) {
        const topic = this.#topics.get(`${channel} ${instrument.symbol}`);
        const snapshot = topic === undefined || topic.subscriptions.size === 0 ? undefined : this.snapshot(channel, instrument); // prettier-ignore
        if (snapshot !== undefined) topic?.snapshot(snapshot);
      }
    }
    const symbols = this.snapshot('symbols');
    if (symbols !== undefined) this.symbols.snapshot(symbols);
    this.candles.rebuilt();
  }

  beat(): void {
    this.#saidConnected = this.parts.feed.isConnected;
    this.heartbeat.latest(this.firstBeat());
  }

  /** What who has just asked for heartbeats is told: before it acts on a book, it knows whether that is the exchange's. */
  firstBeat(): SharedMessage {
    const { feed, now } = this.parts;
    return new SharedMessage(heartbeatBody(now(), feed.isConnected), feed.position.sequence);
  }

  /** Whoever acts on what the book shows hears at once that the venue has gone or come back. */
  beatIfVenueChanged(): void {
    if (this.parts.feed.isConnected !== this.#saidConnected) this.beat();
  }

  /** The last day moves on without a trade. */
  refreshTickers(): void {
    for (const { number } of this.parts.feed.instruments()) this.#moved.add(number);
    this.parts.turn.before(this.#sayTickers);
  }

  #snapshotBody(channel: 'l2' | 'l3' | 'ticker' | 'symbols', instrument?: ViewedInstrument): string {
    const { feed, now } = this.parts;
    if (channel === 'symbols' || instrument === undefined) return symbolsSnapshotBody(feed.instruments());
    if (channel === 'ticker') return tickerBody('snapshot', instrument, feed.ticker(instrument.number));
    if (channel === 'l2') {
      const { bids, asks } = feed.levels(instrument.number);
      return l2Body('snapshot', instrument, [...bids, ...asks], now());
    }
    const { bids, asks } = feed.bookOrders(instrument.number);
    return l3Body('snapshot', instrument, [...bids, ...asks], now());
  }

  #sayLevels(number: number, levels: readonly LevelChange[], { sequence, time }: CommandEffects): void {
    const instrument = this.parts.feed.instrumentOf(number);
    if (instrument === undefined) return;
    const topic = this.topic('l2', instrument);
    const encode = (changed: readonly LevelChange[]): SharedMessage =>
      new SharedMessage(() => l2Body('updated', instrument, changed, time), sequence);
    const placed = { position: sequence, message: encode(levels) };
    this.parts.cache.add(topic.key, placed);
    topic.levels(placed, { key: topic.key, levels, encode });
  }

  #sayOrders(number: number, orders: readonly BookOrderChange[], { sequence, time }: CommandEffects): void {
    const instrument = this.parts.feed.instrumentOf(number);
    if (instrument === undefined) return;
    const topic = this.topic('l3', instrument);
    const message = new SharedMessage(() => l3Body('updated', instrument, orders, time), sequence);
    const placed = { position: sequence, message };
    this.parts.cache.add(topic.key, placed);
    topic.each(placed);
  }

  #sayTrades({ trades, sequence }: CommandEffects): void {
    for (const trade of trades) {
      const instrument = this.parts.feed.instrumentOf(trade.instrument);
      if (instrument === undefined) continue;
      const topic = this.topic('trades', instrument);
      const placed = { position: trade.tradeId, message: new SharedMessage(() => tradeBody(instrument, trade), sequence) }; // prettier-ignore
      this.parts.cache.add(topic.key, placed);
      topic.each(placed);
      this.#moved.add(instrument.number);
      this.candles.traded(instrument, trade.time);
    }
    this.parts.turn.before(this.#sayTickers);
  }

  /** A mark price alone changes the ticker and nothing that `symbols` says: then that is not said again. */
  #instrumentChanged(instrument: ViewedInstrument, sequence: bigint): void {
    const body = symbolUpdateBody(instrument);
    if (this.#saidOf.get(instrument.symbol) !== body) {
      this.#saidOf.set(instrument.symbol, body);
      this.symbols.latest(new SharedMessage(body, sequence), `symbols ${instrument.symbol}`);
    }
    this.#moved.add(instrument.number);
    this.parts.turn.before(this.#sayTickers);
  }

  readonly #sayTickers = (): void => {
    const { feed } = this.parts;
    for (const number of this.#moved) {
      const instrument = feed.instrumentOf(number);
      const topic = instrument && this.#topics.get(`ticker ${instrument.symbol}`);
      if (instrument === undefined || topic === undefined || topic.subscriptions.size === 0) continue;
      const body = tickerBody('updated', instrument, feed.ticker(number));
      if (this.#saidOf.get(topic.key) === body) continue;
      this.#saidOf.set(topic.key, body);
      topic.latest(new SharedMessage(body, feed.position.sequence));
    }
    this.#moved.clear();
  };
}

/** One command usually touches one instrument. The arrays of the feed are not kept: what is handed on is a copy. */
function byInstrument<Change extends { readonly instrument: number }>(
  changes: readonly Change[],
  say: (instrument: number, changes: readonly Change[]) => void,
): void {
  const first = changes[0]?.instrument ?? 0;
  if (changes.every(({ instrument }) => instrument === first)) return say(first, [...changes]);
  for (const number of new Set(changes.map(({ instrument }) => instrument))) {
    const own = changes.filter(({ instrument }) => instrument === number);
    say(number, own);
  }
}
