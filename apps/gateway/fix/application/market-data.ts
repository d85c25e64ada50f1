/**
 * MarketDataRequest: a snapshot (W), then what changed (X). Changes of one instrument are gathered for a moment, and for as long as the client
 * does not read, so that a slow one gets fewer and larger messages and never a wrong book; one that stops reading is let go.
 */
import { formatPrice, formatQuantity, type CommandEffects, type PublicTrade, type ViewedInstrument } from '@core/venue-view'; // prettier-ignore
import { type VenueFeed } from '../../desk/venue-feed.js';
import { INSTRUMENT_FIELDS } from '../fix-dictionary.js';
import { FixBody, type FixMessage, MSG } from '../fix-message.js';
import { formatMicroseconds } from '../fix-time.js';

const BID = '0';
const OFFER = '1';
const TRADE = '2';
const ENTRY_TYPES = new Set([BID, OFFER, TRADE]);
/** MDReqRejReason (281). */
const UNKNOWN_SYMBOL = '0';
const DUPLICATE_ID = '1';
const UNSUPPORTED_TYPE = '4';
const UNSUPPORTED_DEPTH = '5';
const UNSUPPORTED_UPDATES = '6';
const UNSUPPORTED_ENTRIES = '8';

const SUBSCRIPTIONS_MAX = 200;
const ENTRIES_MAX = 500;
const TRADES_WAITING_MAX = 20_000;
const TRADES_IN_SNAPSHOT = 1;

export interface MarketDataSink {
  send(msgType: string, body: string): void;
  /** Whether what was sent is being read. */
  readonly isCongested: boolean;
  /** The client has stopped reading. */
  giveUp(reason: string): void;
}

interface Level {
  readonly quantity: string;
}

interface Subscription {
  readonly requestId: string;
  readonly instrument: number;
  readonly entries: ReadonlySet<string>;
  /** Levels of each side; all when undefined. */
  readonly depth: number | undefined;
  /** What the client's book is: side and ticks. */
  readonly bids: Map<number, Level>;
  readonly asks: Map<number, Level>;
  trades: PublicTrade[];
  isChanged: boolean;
}

/** The market data of one connection. */
export class MarketData {
  readonly #feed: VenueFeed;
  readonly #sink: MarketDataSink;
  readonly #byRequest = new Map<string, Subscription[]>();
  readonly #byInstrument = new Map<number, Set<Subscription>>();
  #count = 0;

  constructor(feed: VenueFeed, sink: MarketDataSink) {
    this.#feed = feed;
    this.#sink = sink;
  }

  request(message: FixMessage): void {
    const requestId = message.get(262) ?? '';
    const kind = message.get(263);
    if (kind === '2') return this.#unsubscribe(requestId);
    const entries = new Set((message.group(267, 269, new Set([269])) ?? []).map((entry) => entry.get(269) ?? ''));
    const symbols = (message.group(146, 55, INSTRUMENT_FIELDS) ?? []).map((entry) => entry.get(55) ?? '');
    const depth = message.integer(264) ?? -1;
    if (kind !== '0' && kind !== '1') return this.#reject(requestId, UNSUPPORTED_TYPE, 'SubscriptionRequestType must be 0, 1 or 2'); // prettier-ignore
    if (depth < 0) return this.#reject(requestId, UNSUPPORTED_DEPTH, 'MarketDepth must be 0 or more');
    if (kind === '1' && (message.get(265) ?? '1') !== '1')
      return this.#reject(requestId, UNSUPPORTED_UPDATES, 'MDUpdateType must be 1 (incremental)');
    if (entries.size === 0 || [...entries].some((entry) => !ENTRY_TYPES.has(entry)))
      return this.#reject(requestId, UNSUPPORTED_ENTRIES, 'MDEntryType must be 0, 1 or 2');
    if (this.#byRequest.has(requestId)) return this.#reject(requestId, DUPLICATE_ID, 'MDReqID is in use');
    const instruments = symbols.map((symbol) => this.#feed.instrument(symbol));
    if (instruments.length === 0 || instruments.includes(undefined))
      return this.#reject(requestId, UNKNOWN_SYMBOL, 'Unknown symbol');
    if (kind === '1' && this.#count + instruments.length > SUBSCRIPTIONS_MAX)
      return this.#reject(requestId, UNSUPPORTED_TYPE, `at most ${SUBSCRIPTIONS_MAX} subscriptions`);
    const subscriptions = instruments.flatMap((it) => (it === undefined ? [] : [this.#snapshot(it, { requestId, entries, depth })])); // prettier-ignore
    if (kind === '1') this.#subscribe(requestId, subscriptions);
  }

  /** The venue has changed. */
  changed(effects: CommandEffects): void {
    if (this.#count === 0) return;
    for (const { instrument } of effects.levels)
      for (const subscription of this.#byInstrument.get(instrument) ?? []) subscription.isChanged = true;
    for (const trade of effects.trades)
      for (const subscription of this.#byInstrument.get(trade.instrument) ?? []) {
        if (!subscription.entries.has(TRADE)) continue;
        subscription.trades.push(trade);
        subscription.isChanged = true;
        if (subscription.trades.length > TRADES_WAITING_MAX) this.#sink.giveUp('slow consumer of market data');
      }
  }

  /** Sends what has changed since the last time, unless the client is behind. Call some times a second. */
  flush(): void {
    if (this.#count === 0) return;
    for (const subscriptions of this.#byRequest.values())
      for (const subscription of subscriptions) {
        if (this.#sink.isCongested) return;
        if (subscription.isChanged) this.#update(subscription);
      }
  }

  #snapshot(
    instrument: ViewedInstrument,
    { requestId, entries, depth }: { requestId: string; entries: ReadonlySet<string>; depth: number },
  ): Subscription {
    const subscription: Subscription = {
      requestId,
      instrument: instrument.number,
      entries,
      depth: depth === 0 ? undefined : depth,
      bids: new Map(),
      asks: new Map(),
      trades: [],
      isChanged: false,
    };
    const { bids, asks } = this.#feed.levels(instrument.number, subscription.depth);
    const group = new FixBody();
    let count = 0;
    for (const [type, levels, known] of [
      [BID, bids, subscription.bids],
      [OFFER, asks, subscription.asks],
    ] as const) {
      // prettier-ignore
      if (!entries.has(type)) continue;
      for (const level of levels) {
        const quantity = formatQuantity(instrument, level.quantity);
        known.set(level.price, { quantity });
        group.add(269, type).add(270, formatPrice(instrument, level.price)).add(271, quantity).add(346, level.count);
        count += 1;
      }
    }
    if (entries.has(TRADE))
      for (const trade of this.#feed.recentTrades(instrument.number, TRADES_IN_SNAPSHOT)) {
        addTrade(group.add(269, TRADE), instrument, trade);
        count += 1;
      }
    const body = new FixBody().add(262, requestId).add(55, instrument.symbol).add(268, count).toString();
    this.#sink.send(MSG.MARKET_DATA_SNAPSHOT, body + group.toString());
    return subscription;
  }

  #update(subscription: Subscription): void {
    subscription.isChanged = false;
    const instrument = this.#feed.instrumentOf(subscription.instrument);
    if (instrument === undefined) return;
    const { bids, asks } = this.#feed.levels(instrument.number, subscription.depth);
    const entries: string[] = [];
    const header = (action: string, type: string): FixBody =>
      new FixBody().add(279, action).add(269, type).add(55, instrument.symbol);
    for (const [type, levels, known] of [
      [BID, bids, subscription.bids],
      [OFFER, asks, subscription.asks],
    ] as const) {
      // prettier-ignore
      if (!subscription.entries.has(type)) continue;
      const present = new Set(levels.map(({ price }) => price));
      for (const price of known.keys())
        if (!present.has(price)) {
          known.delete(price);
          entries.push(header('2', type).add(270, formatPrice(instrument, price)).toString());
        }
      for (const level of levels) {
        const quantity = formatQuantity(instrument, level.quantity);
        const before = known.get(level.price);
        if (before?.quantity === quantity) continue;
        known.set(level.price, { quantity });
        const body = header(before === undefined ? '0' : '1', type).add(270, formatPrice(instrument, level.price));
        entries.push(body.add(271, quantity).add(346, level.count).toString());
      }
    }
    for (const trade of subscription.trades) entries.push(addTrade(header('0', TRADE), instrument, trade).toString());
    subscription.trades = [];
    for (let at = 0; at < entries.length; at += ENTRIES_MAX) {
      const part = entries.slice(at, at + ENTRIES_MAX);
      const body = new FixBody().add(262, subscription.requestId).add(268, part.length).toString();
      this.#sink.send(MSG.MARKET_DATA_INCREMENTAL, body + part.join(''));
    }
  }

  #subscribe(requestId: string, subscriptions: Subscription[]): void {
    this.#byRequest.set(requestId, subscriptions);
    this.#count += subscriptions.length;
    for (const subscription of subscriptions) {
      const same = this.#byInstrument.get(subscription.instrument) ?? new Set();
      this.#byInstrument.set(subscription.instrument, same.add(subscription));
    }
  }

  #unsubscribe(requestId: string): void {
    const subscriptions = this.#byRequest.get(requestId) ?? [];
    this.#byRequest.delete(requestId);
    this.#count -= subscriptions.length;
    for (const subscription of subscriptions) this.#byInstrument.get(subscription.instrument)?.delete(subscription);
  }

  #reject(requestId: string, reason: string, text: string): void {
    const body = new FixBody().add(262, requestId).add(281, reason).add(58, text);
    this.#sink.send(MSG.MARKET_DATA_REQUEST_REJECT, body.toString());
  }
}

const addTrade = (body: FixBody, instrument: ViewedInstrument, trade: PublicTrade): FixBody => {
  const time = formatMicroseconds(trade.time);
  return body
    .add(270, formatPrice(instrument, trade.price))
    .add(271, formatQuantity(instrument, trade.quantity))
    .add(272, time.slice(0, 8))
    .add(273, time.slice(9));
};
