import { type AssetCode, type Rate } from '@core/money';

/** An order that brings the house's position back towards zero. */
export interface HedgeOrder {
  /** Made by us and the same on every retry, so that the venue executes it once. */
  readonly clientId: string;
  readonly pair: string;
  readonly side: 'BUY' | 'SELL';
  readonly asset: AssetCode;
  /** Minor units. */
  readonly amount: bigint;
  /** Immediate or cancel: nothing at a worse price than this. */
  readonly limit: Rate;
}

export interface HedgeFill {
  readonly clientId: string;
  readonly amount: bigint;
  readonly price: Rate;
  readonly fee: bigint;
}

/**
 * Where the house lays off what its customers bought or sold. No adapter is plugged in yet: the position is then held, within its limits, and
 * the desk's view says so.
 */
export interface HedgeVenue {
  readonly name: string;
  /** Sends, or finds by its client id, and answers what was filled. */
  send(order: HedgeOrder): Promise<readonly HedgeFill[]>;
}

/** How the desk is hedged, for people. */
export const describeHedging = (venue: HedgeVenue | undefined): string =>
  venue ? `hedged on ${venue.name}` : 'no venue is configured: positions are held within their limits';
