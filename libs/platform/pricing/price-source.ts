import { type Rate } from '@core/money';
import { type Depth } from './depth.js';

/** One price of one pair as a source states it. */
export interface Tick {
  readonly pair: string;
  readonly price: Rate;
  /** What can be traded there and at what prices, where the source is an order book of which that is known. */
  readonly depth?: Depth;
}

/** Why a message or a price was not taken; a closed set, because it labels a metric. */
export type TickRefusal = 'malformed' | 'not_positive' | 'out_of_order' | 'late' | 'unknown_pair' | 'jump';

/** Why a source that works has no price of a pair; a closed set, because it labels a metric. */
export const NO_TICKS = [
  'disconnected',
  'venue_away',
  'not_listed',
  'not_open',
  'late',
  'no_snapshot',
  'one_sided',
  'crossed',
  'thin',
  'wide',
] as const;
export type NoTick = (typeof NO_TICKS)[number];

export interface PriceListener {
  tick(tick: Tick): void;
  /** A message or price that was thrown away: counted, so that a source that degrades is seen. */
  refused(reason: TickRefusal): void;
  /** What the source said of the pair does not hold any more: it has no price until its next tick. */
  withdrawn(pair: string, why: NoTick): void;
}

/** `own-book`: the order book of the platform's own exchange, which its customers move and which therefore never decides a price alone. */
export type SourceKind = 'external' | 'own-book';

/**
 * Where prices come from: an external venue, an own order book. A source reports until it is stopped, reconnects by itself, and never
 * reports a price that is not a positive decimal. It may be wrong or silent: judging that is {@link PriceBook}'s part.
 */
export interface PriceSource {
  readonly name: string;
  readonly kind: SourceKind;
  start(listener: PriceListener): void;
  stop(): Promise<void>;
}
