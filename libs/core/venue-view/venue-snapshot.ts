import { type CancelReason, type InstrumentState, type OrderType, type SelfTradeRule, type Side, type TimeInForce } from '@core/contracts'; // prettier-ignore

/** After which event of the stream something is true: command `sequence`, its event `index`; index -1 is before its first. */
export interface StreamPosition {
  readonly sequence: bigint;
  readonly index: number;
}

/** An asset as the engine counts it: `scale` digits after the point of the major unit. */
export interface ViewedAsset {
  readonly number: number;
  readonly code: string;
  readonly scale: number;
}

/** What is traded against what, in which steps; its state and bands as they are now. */
export interface ViewedInstrument {
  readonly number: number;
  /** `BASE-QUOTE`. */
  readonly symbol: string;
  readonly settlement: 'spot' | 'margined';
  readonly base: ViewedAsset;
  readonly quote: ViewedAsset;
  /** Base units in a lot. */
  readonly lotUnits: bigint;
  /** One tick of one lot is tickValue / tickValueScale quote units. */
  readonly tickValue: bigint;
  readonly tickValueScale: bigint;
  /** Lots. */
  readonly minimumQuantity: bigint;
  readonly maximumQuantity: bigint;
  /** Ticks. */
  readonly maximumPrice: number;
  readonly state: InstrumentState;
  /** Of the last uncrossing; 0 for none. */
  readonly auctionPrice: number;
  readonly auctionQuantity: bigint;
  readonly auctionTime: bigint;
  /** Ticks; 0 for none yet. */
  readonly referencePrice: number;
  readonly markPrice: number;
}

/** `rejected` orders exist in reports alone: the engine never had them. */
export type OrderStatus = 'open' | 'filled' | 'cancelled' | 'rejected';

/** An order as it is now. Prices in ticks, quantities in lots, amounts in quote units, times in microseconds since 1970. */
export interface ViewedOrder {
  readonly orderId: bigint;
  readonly account: number;
  readonly instrument: number;
  readonly clientOrderId: bigint;
  /** What the client called it; null when it gave no name. */
  readonly clientText: string | null;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly selfTrade: SelfTradeRule;
  readonly instructions: number;
  readonly isLiquidation: boolean;
  /** filled + open while it is open; after its end open is 0, and `left` what was open before a cancel. */
  readonly quantity: bigint;
  readonly open: bigint;
  readonly filled: bigint;
  readonly left: bigint;
  /** 0: a market order that has no limit. Of a market order accepted by the engine: its protection price. */
  readonly price: number;
  /** Of a trailing stop: where it began; the stream does not tell how it moves. */
  readonly triggerPrice: number;
  /** A stop that has not been triggered. */
  readonly isDormant: boolean;
  /** 0 shows all. */
  readonly displayQuantity: bigint;
  /** Lots that the book shows of it now; 0 while dormant. */
  readonly shown: bigint;
  readonly expiresAt: bigint;
  /** Notional and fees of its fills; a rebate is below zero. */
  readonly traded: bigint;
  readonly fees: bigint;
  readonly lastPrice: number;
  readonly lastQuantity: bigint;
  readonly status: OrderStatus;
  readonly reason: CancelReason | null;
  readonly acceptedAt: bigint;
  readonly updatedAt: bigint;
  /** Its last event. */
  readonly sequence: bigint;
  readonly index: number;
}

/** What an open order's exact hold depends on besides: `hold.ts` of the engine's matching is the formula. */
export interface ViewedOpenOrder extends ViewedOrder {
  /** When it took its place in its price's queue: the order of these is time priority. */
  readonly queuedSequence: bigint;
  readonly queuedIndex: number;
  /** The rates in force when it was accepted. */
  readonly makerPpm: number;
  readonly takerPpm: number;
  /** Carried rounding, as the engine's `orders.notionalCarry` and `orders.feeCarry`. */
  readonly notionalCarry: bigint;
  readonly feeCarry: bigint;
}

export interface ViewedFill {
  /** sequence × 65,536 + index: the same for both sides. */
  readonly tradeId: bigint;
  readonly sequence: bigint;
  readonly index: number;
  readonly time: bigint;
  readonly account: number;
  readonly orderId: bigint;
  readonly instrument: number;
  readonly side: Side;
  readonly liquidity: 'maker' | 'taker';
  readonly price: number;
  readonly quantity: bigint;
  /** Quote units. */
  readonly notional: bigint;
  readonly fee: bigint;
}

export interface PublicTrade {
  readonly tradeId: bigint;
  readonly sequence: bigint;
  readonly time: bigint;
  readonly instrument: number;
  /** The taker's. */
  readonly side: Side;
  readonly price: number;
  readonly quantity: bigint;
}

/** One minute of trading; a minute without a trade has none. Prices in ticks, volume in lots. */
export interface MinuteBar {
  readonly instrument: number;
  /** Minutes since 1970. */
  readonly minute: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: bigint;
}

/** What orders of a tier's accounts are accepted at, until they are set anew; an instrument that has none for a tier trades free. */
export interface FeeRates {
  readonly instrument: number;
  readonly tier: number;
  readonly makerPpm: number;
  readonly takerPpm: number;
}

/** Everything that a view begins with, true after `position`. The product's database gives it in one transaction. */
export interface VenueSnapshot {
  readonly position: StreamPosition;
  readonly assets: readonly ViewedAsset[];
  readonly instruments: readonly ViewedInstrument[];
  /** `fees-set` with ANY has set those of every instrument that was listed by then. */
  readonly fees: readonly FeeRates[];
  readonly accounts: readonly { readonly number: number; readonly tier: number; readonly isSuspended: boolean }[];
  /** In units of the engine; those above zero. */
  readonly balances: readonly { readonly account: number; readonly asset: number; readonly total: bigint }[];
  /** In the order in which they took their places in time. */
  readonly orders: readonly ViewedOpenOrder[];
  /** The last trade of each instrument that ever had one. */
  readonly lastTrades: readonly PublicTrade[];
  /** Of the 48 hours before `position`, and each instrument's last before them; oldest first. */
  readonly bars: readonly MinuteBar[];
  readonly isKillSwitchEngaged: boolean;
  /** The order that may still be meeting the book, if `position` is within a command: what is taken off it is not off its shown part. */
  readonly arriving: bigint | null;
  /** What clients called orders whose place is still to come. */
  readonly clientNames: readonly { readonly account: number; readonly clientOrderId: bigint; readonly text: string }[];
}
