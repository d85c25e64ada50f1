import { type AssetCode, type Rate } from '@core/money';
import { type Tx } from '@base/database';

/** An order that brings the house's position back towards zero: immediate or cancel. */
export interface HedgeOrder {
  /** Made by us and the same on every attempt, so that the venue executes it once. */
  readonly clientId: string;
  readonly pair: string;
  readonly side: 'BUY' | 'SELL';
  readonly asset: AssetCode;
  /** Minor units. */
  readonly amount: bigint;
  /** Nothing at a worse price than this. */
  readonly limit: Rate;
}

export interface HedgeFill {
  /** The venue's id of the trade. */
  readonly tradeId: string;
  /** Minor units of the asset. */
  readonly amount: bigint;
  readonly price: Rate;
  /** Minor units of the price's quote asset; a rebate is below zero. */
  readonly fee: bigint;
}

/** `unknown`: the venue may have executed it. Asked again, under the same client id, it will say. */
export type HedgeOutcome =
  | { readonly kind: 'ended'; readonly fills: readonly HedgeFill[] }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** How the venue trades an asset. */
export interface HedgeTerms {
  readonly pair: string;
  readonly quote: AssetCode;
  /** Amounts are whole numbers of it, and at least the minimum; minor units of the asset. */
  readonly lot: bigint;
  readonly minimum: bigint;
}

/** Money between the member's account with us and the venue; the key makes it once. */
export interface HedgeMove {
  readonly memberId: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly key: string;
}

/**
 * Where the house lays off what its customers bought or sold, as one of the venue's members: with an account of its own, whose money it sends there and
 * takes back like anybody else.
 */
export interface HedgeVenue {
  readonly name: string;
  /** Undefined when the asset cannot be traded there at the moment. */
  terms(asset: AssetCode): Promise<HedgeTerms | undefined>;
  /** Stores a move to the venue in the transaction that gave the member the money. @throws Refusal */
  deposit(tx: Tx, move: HedgeMove): Promise<void>;
  /** What became of a move to the venue, by its key. `refused`: the member has the money back. */
  deposited(memberId: string, key: string): Promise<'under_way' | 'there' | 'refused'>;
  /** Stores a move back. @throws Refusal */
  withdraw(tx: Tx, move: HedgeMove): Promise<void>;
  /** Sends the order and answers what was filled. Never throws for what the venue or the way to it does. */
  send(order: HedgeOrder): Promise<HedgeOutcome>;
  /** What an earlier attempt came to, by its client id; undefined when the venue never took one. Does not throw either. */
  find(order: HedgeOrder): Promise<HedgeOutcome | undefined>;
  /**
   * What the member's books say of the order, from another source than the venue's answer: its settled fills. Undefined while nothing has been settled
   * under this client id.
   */
  settled(memberId: string, order: HedgeOrder): Promise<readonly HedgeFill[] | undefined>;
}
