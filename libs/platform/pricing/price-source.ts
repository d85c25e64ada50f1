import { type Rate } from '@core/money';

/** One price of one pair as a source states it. */
export interface Tick {
  readonly pair: string;
  readonly price: Rate;
}

/** Why a message or a price was not taken; a closed set, because it labels a metric. */
export type TickRefusal = 'malformed' | 'not_positive' | 'out_of_order' | 'late' | 'unknown_pair' | 'jump';

export interface PriceListener {
  tick(tick: Tick): void;
  /** A message or price that was thrown away: counted, so that a source that degrades is seen. */
  refused(reason: TickRefusal): void;
}

/**
 * Where prices come from: an external venue, an own order book. A source reports until it is stopped, reconnects by itself, and never
 * reports a price that is not a positive decimal. It may be wrong or silent: judging that is {@link PriceBook}'s part.
 */
export interface PriceSource {
  readonly name: string;
  start(listener: PriceListener): void;
  stop(): Promise<void>;
}
