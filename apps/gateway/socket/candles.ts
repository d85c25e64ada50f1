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
 * The candle that starts at `startMs`. @param bars oldest first @param lastPrice of the last trade ever, in case it is older than the bars
 * @returns undefined where nothing had traded by then
 */
export function candleAt(
  bars: readonly MinuteBar[],
  startMs: number,
  granularity: Granularity,
  lastPrice: number,
): Candle | undefined {
  const firstMinute = startMs / MINUTE_MS;
  const endMinute = firstMinute + granularity / 60;
  let at = bars.length - 1;
  while (at >= 0 && (bars[at]?.minute ?? 0) >= endMinute) at -= 1;
  let candle: Candle | undefined;
  for (; at >= 0; at -= 1) {
    const bar = bars[at];
    if (bar === undefined || bar.minute < firstMinute) break;
    candle =
      candle === undefined
        ? { startMs, open: bar.open, high: bar.high, low: bar.low, close: bar.close, volume: bar.volume }
        : { startMs, open: bar.open, high: Math.max(bar.high, candle.high), low: Math.min(bar.low, candle.low), close: candle.close, volume: bar.volume + candle.volume }; // prettier-ignore
  }
  if (candle !== undefined) return candle;
  const before = bars[at]?.close ?? (bars.length === 0 ? lastPrice : 0);
  return before === 0 ? undefined : { startMs, open: before, high: before, low: before, close: before, volume: 0n };
}
