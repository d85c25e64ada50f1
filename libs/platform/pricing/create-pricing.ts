import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Logger } from '@base/observability';
import { MinuteCloses, Volatility } from './minute-closes.js';
import { FollowHalts, PriceHalts } from './price-halts.js';
import { type PriceSource } from './price-source.js';
import { Prices } from './prices.js';
import { RecordCloses } from './record-closes.js';

/** What is priced unless told otherwise: what the brokerage deals in, and what values every asset in dollars. */
export const PRICED_PAIRS = [
  'BTC-USD',
  'ETH-USD',
  'BTC-EUR',
  'ETH-EUR',
  'ETH-BTC',
  'USDC-USD',
  'EUR-USD',
  'GBP-USD',
] as const;

export interface PricingParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Pricing {
  readonly prices: Prices;
  readonly volatility: Volatility;
  readonly closes: MinuteCloses;
  readonly halts: PriceHalts;
  readonly recordCloses: RecordCloses;
  /** Connects to the sources and follows the operators' halts. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Everything of this library for one process. */
export function createPricing(
  { database, clock, logger }: PricingParts,
  options: { sources: readonly PriceSource[]; pairs?: readonly string[]; monotonicMs?: () => number },
): Pricing {
  const prices = new Prices({ pairs: PRICED_PAIRS, clock, logger, ...options });
  const closes = new MinuteCloses(database);
  const halts = new PriceHalts(clock);
  const follow = new FollowHalts(database, halts, prices, logger);
  return {
    prices,
    closes,
    halts,
    volatility: new Volatility(closes, () => clock.now()),
    recordCloses: new RecordCloses(prices, closes, clock),
    start: async () => {
      await follow.start();
      prices.start();
    },
    stop: async () => {
      follow.stop();
      await prices.stop();
    },
  };
}
