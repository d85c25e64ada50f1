/**
 * Candles out of the venue's minute bars. A minute without a trade has no bar; a candle without one stands flat at the last close before it, so that a
 * series has no gap. Nothing is kept here: a candle is what the bars say, also when a trade comes late for its minute.
 */
import { type MinuteBar } from '@core/venue-view';

/** Seconds; those that clients may ask for. */
export const GRANULARITIES = [60, 300, 900, 3600, 21_600, 86_400] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const isGranularity = (value: unknown): value is Granularity => GRANULARITIES.some((known) => known === value);

/** Prices in ticks, volume in lots. */
export interface Candle {
  readonly startMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: bigint;
}

export const candleStart = (ms: number, granularity: Granularity): number => {
  const length = granularity * 1000;
  return Math.floor(ms / length) * length;
};

const MINUTE_MS = 60_000;

/**
 * The candle that starts at `startMs`. @param bars newest first: no more are read than the candle has, and the one before it @param lastPrice of the last trade ever, in case it is older than the bars
 * @returns undefined where nothing had traded by then
 */
export function candleAt(
  bars: Iterable<MinuteBar>,
  startMs: number,
  granularity: Granularity,
  lastPrice: number,
): Candle | undefined {
  const firstMinute = startMs / MINUTE_MS;
  const endMinute = firstMinute + granularity / 60;
  let candle: Candle | undefined;
  let before: number | undefined;
  let hasTraded = false;
  for (const bar of bars) {
    hasTraded = true;
    if (bar.minute >= endMinute) continue;
    if (bar.minute < firstMinute) {
      before = bar.close;
      break;
    }
    candle =
      candle === undefined
        ? { startMs, open: bar.open, high: bar.high, low: bar.low, close: bar.close, volume: bar.volume }
        : { startMs, open: bar.open, high: Math.max(bar.high, candle.high), low: Math.min(bar.low, candle.low), close: candle.close, volume: bar.volume + candle.volume }; // prettier-ignore
  }
  if (candle !== undefined) return candle;
  const price = before ?? (hasTraded ? 0 : lastPrice);
  return price === 0 ? undefined : { startMs, open: price, high: price, low: price, close: price, volume: 0n };
}
