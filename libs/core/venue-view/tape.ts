import { type MinuteBar, type PublicTrade } from './venue-snapshot.js';

const MOST_TRADES = 1_000;
const MICROSECONDS_IN_MINUTE = 60_000_000n;
const DAY = 1_440;
const KEPT_MINUTES = 2 * DAY;
/** Dead bars in front of the living ones before they are cut off. */
const MOST_DEAD = 1_000;

/** Ticks and lots; zero where nothing has traded. */
export interface DayFigures {
  readonly lastPrice: number;
  /** The last price a day before; the first ever, where nothing had traded by then. */
  readonly price24h: number;
  readonly volume24h: bigint;
}

/** What has traded of one instrument: the last trades, and a bar for each minute of the last 48 hours that had one. */
export class Tape {
  readonly #instrument: number;
  readonly #trades: PublicTrade[] = [];
  #nextTrade = 0;
  #last: PublicTrade | undefined;
  readonly #bars: MinuteBar[] = [];
  /** Bars before this one are older than 48 hours. */
  #first = 0;
  /** Bars before this one are older than a day; what the others have traded. */
  #dayFirst = 0;
  #dayVolume = 0n;
  #closeBefore = 0;

  constructor(instrument: number) {
    this.#instrument = instrument;
  }

  /** Restored bars come in order, and before any trade is added. */
  restore(bars: readonly MinuteBar[], last: PublicTrade | undefined): void {
    this.#bars.push(...bars);
    this.#dayVolume = bars.reduce((sum, { volume }) => sum + volume, 0n);
    if (last === undefined) return;
    this.#keep(last);
    if (bars.length === 0) this.#closeBefore = last.price;
  }

  add(trade: PublicTrade): void {
    this.#keep(trade);
    const { price, quantity } = trade;
    const minute = minuteOf(trade.time);
    const bar = this.#bars.at(-1);
    this.#dayVolume += quantity;
    if (bar !== undefined && bar.minute >= minute) {
      const volume = bar.volume + quantity;
      const [high, low] = [Math.max(bar.high, price), Math.min(bar.low, price)];
      this.#bars[this.#bars.length - 1] = { ...bar, high, low, close: price, volume };
      return;
    }
    const first = { open: price, high: price, low: price, close: price, volume: quantity };
    this.#bars.push({ instrument: this.#instrument, minute, ...first });
    this.#expire(minute);
  }

  get last(): PublicTrade | undefined {
    return this.#last;
  }

  /** Newest first. */
  recent(most = MOST_TRADES): PublicTrade[] {
    const { length } = this.#trades;
    const newest = Array.from({ length: Math.min(most, length) }, (_, k) => this.#trades[(this.#nextTrade - 1 - k + 2 * length) % length]); // prettier-ignore
    return newest.filter((trade) => trade !== undefined);
  }

  /** Oldest first, all of them. */
  bars(): readonly MinuteBar[] {
    return this.#bars.slice(this.#first);
  }

  *newestBars(): Generator<MinuteBar> {
    for (let at = this.#bars.length - 1; at >= this.#first; at -= 1) {
      const bar = this.#bars[at];
      if (bar !== undefined) yield bar;
    }
  }

  /** @param time now, in microseconds; not before an earlier one */
  figures(time: bigint): DayFigures {
    this.#expire(minuteOf(time));
    const lastPrice = this.#last?.price ?? 0;
    const price24h = this.#closeBefore === 0 ? (this.#bars[this.#dayFirst]?.open ?? lastPrice) : this.#closeBefore;
    return { lastPrice, price24h, volume24h: this.#dayVolume };
  }

  #keep(trade: PublicTrade): void {
    this.#last = trade;
    this.#trades[this.#nextTrade] = trade;
    this.#nextTrade = (this.#nextTrade + 1) % MOST_TRADES;
  }

  #expire(minute: number): void {
    for (;;) {
      const bar = this.#bars[this.#dayFirst];
      if (bar === undefined || bar.minute > minute - DAY) break;
      this.#dayVolume -= bar.volume;
      this.#closeBefore = bar.close;
      this.#dayFirst += 1;
    }
    while ((this.#bars[this.#first]?.minute ?? minute) <= minute - KEPT_MINUTES) this.#first += 1;
    if (this.#first < MOST_DEAD) return;
    this.#bars.splice(0, this.#first);
    this.#dayFirst -= this.#first;
    this.#first = 0;
  }
}

const minuteOf = (time: bigint): number => Number(time / MICROSECONDS_IN_MINUTE);
