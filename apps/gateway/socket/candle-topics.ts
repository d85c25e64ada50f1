import { type ViewedInstrument } from '@core/venue-view';
import { candleAt, candleStart, type Granularity } from './candles.js';
import { candleBody } from './encode-market-data.js';
import { type MarketDataParts } from './market-data.js';
import { SharedMessage } from './shared-message.js';
import { Topic } from './topic.js';

/** A trade that was made right before a candle's end may arrive right after it. */
const GRACE_MS = 500;

export class CandleTopic extends Topic {
  /** Of the newest candle that was told of. */
  newestMs: number | undefined;
  /** Of the oldest candle that a trade of this turn fell into. */
  changedMs: number | undefined;

  constructor(
    key: string,
    readonly instrument: ViewedInstrument,
    readonly granularity: Granularity,
  ) {
    super(key);
  }

  get lengthMs(): number {
    return this.granularity * 1000;
  }
}

/** The channel `prices`: a candle is told of whenever it changes, and every one is: also those in which nothing traded. */
export class CandleTopics {
  readonly #topics = new Map<number, Map<Granularity, CandleTopic>>();

  constructor(private readonly parts: Omit<MarketDataParts, 'cache'>) {}

  topic(instrument: ViewedInstrument, granularity: Granularity): CandleTopic {
    const own = this.#topics.get(instrument.number) ?? new Map<Granularity, CandleTopic>();
    this.#topics.set(instrument.number, own);
    const known = own.get(granularity);
    if (known !== undefined) return known;
    const topic = new CandleTopic(`prices ${instrument.symbol} ${granularity}`, instrument, granularity);
    own.set(granularity, topic);
    return topic;
  }

  /** What a new subscriber gets at once; undefined when the instrument has never traded. */
  current(instrument: ViewedInstrument, granularity: Granularity): SharedMessage | undefined {
    const startMs = candleStart(this.#nowMs(), granularity);
    const topic = this.topic(instrument, granularity);
    const message = this.#candle(instrument, granularity, startMs);
    if (topic.subscriptions.size === 0) topic.newestMs = message && startMs;
    return message;
  }

  /** @param time of the trade, microseconds */
  traded(instrument: ViewedInstrument, time: bigint): void {
    const topics = this.#topics.get(instrument.number);
    if (topics === undefined) return;
    for (const topic of topics.values()) {
      if (topic.subscriptions.size === 0) continue;
      const start = candleStart(Number(time / 1000n), topic.granularity);
      topic.changedMs = Math.min(topic.changedMs ?? start, start);
    }
    this.parts.turn.before(this.#sayChanged);
  }

  /** Time passes: candles that have begun without a trade are told of. */
  roll(): void {
    for (const topic of this.#all()) {
      const start = candleStart(this.#nowMs() - GRACE_MS, topic.granularity);
      if (topic.newestMs !== undefined && topic.newestMs < start) this.#say(topic, topic.newestMs + topic.lengthMs, start); // prettier-ignore
    }
  }

  rebuilt(): void {
    for (const topic of this.#all()) {
      const start = candleStart(this.#nowMs(), topic.granularity);
      this.#say(topic, topic.newestMs ?? start, start);
    }
  }

  *#all(): Generator<CandleTopic> {
    for (const topics of this.#topics.values()) {
      for (const topic of topics.values()) if (topic.subscriptions.size > 0) yield topic;
    }
  }

  /** A trade that comes late for its candle changes the flat ones after it too. */
  readonly #sayChanged = (): void => {
    for (const topic of this.#all()) {
      const { changedMs, newestMs, lengthMs } = topic;
      if (changedMs === undefined) continue;
      topic.changedMs = undefined;
      const first = newestMs === undefined ? changedMs : Math.min(changedMs, newestMs + lengthMs);
      const latest = candleStart(this.#latestTradeMs(topic), topic.granularity);
      this.#say(topic, first, Math.max(latest, newestMs ?? 0, changedMs));
    }
  };

  #latestTradeMs({ instrument }: CandleTopic): number {
    for (const { minute } of this.parts.feed.bars(instrument.number)) return minute * 60_000;
    return 0;
  }

  /** Every candle from the first start to the last. */
  #say(topic: CandleTopic, firstMs: number, lastMs: number): void {
    for (let startMs = firstMs; startMs <= lastMs; startMs += topic.lengthMs) {
      const message = this.#candle(topic.instrument, topic.granularity, startMs);
      if (message === undefined) continue;
      topic.newestMs = Math.max(topic.newestMs ?? 0, startMs);
      topic.latest(message, `${topic.key} ${startMs}`);
    }
  }

  #candle(instrument: ViewedInstrument, granularity: Granularity, startMs: number): SharedMessage | undefined {
    const { feed } = this.parts;
    const candle = candleAt(feed.bars(instrument.number), startMs, granularity, feed.ticker(instrument.number).lastPrice); // prettier-ignore
    return candle && new SharedMessage(candleBody(instrument, candle), feed.position.sequence);
  }

  #nowMs(): number {
    return Number(this.parts.now() / 1000n);
  }
}
