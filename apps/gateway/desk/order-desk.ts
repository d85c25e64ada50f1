import { type LinkRefusal, type OrderType, type RejectReason, type SelfTradeRule, type Side, type TimeInForce } from '@core/contracts'; // prettier-ignore
import { type ExecutionReport, type ViewedOrder } from '@core/venue-view';

/**
 * Where every door's order entry ends: one engine command each, answered when the command's events have come back durable. All doors see
 * the reports of an account, whichever of them an order came in by.
 */
export interface OrderDesk {
  /** Resolves with the order's state after its first matching pass. */
  place(request: PlaceRequest): Promise<PlaceOutcome>;
  cancel(request: {
    readonly account: number;
    readonly by: { readonly orderId: bigint } | { readonly clientText: string };
  }): Promise<ChangeOutcome>;
  replace(request: ReplaceRequest): Promise<ChangeOutcome>;
  /** Every open order of the account, of an instrument if one is given. */
  cancelAll(request: { readonly account: number; readonly instrument?: number }): Promise<MassCancelOutcome>;
  /** A session whose orders the venue cancels when it is closed, or when this process or its connection to the venue dies. */
  openSession(): Promise<number>;
  closeSession(session: number): void;
}

/** Prices in ticks, quantities in lots, amounts in quote units, times in microseconds. */
export interface PlaceRequest {
  readonly account: number;
  readonly instrument: number;
  /** 1 to 32 printable ASCII characters; null for none. */
  readonly clientText: string | null;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: bigint;
  readonly price?: number;
  readonly triggerPrice?: number;
  readonly displayQuantity?: bigint;
  readonly minimumQuantity?: bigint;
  readonly budget?: bigint;
  readonly expiresAt?: bigint;
  readonly isPostOnly?: boolean;
  readonly isReduceOnly?: boolean;
  readonly selfTrade?: SelfTradeRule;
  /** Cancelled with this session. */
  readonly session?: number;
}

export interface ReplaceRequest {
  readonly account: number;
  readonly orderId: bigint;
  readonly quantity: bigint;
  readonly quantityMeans: 'open' | 'total';
  readonly price: number;
  readonly triggerPrice?: number;
}

/**
 * `unknown`: the connection to the venue ended before the answer. The order may exist; its client order id says, once the view has caught up
 * (`PlaceOutcome` of the same client order id is then `duplicate_client_order_id`).
 */
export type NoAnswer =
  | { readonly kind: 'refused'; readonly reason: LinkRefusal | 'venue_unavailable' | 'overloaded' }
  | { readonly kind: 'unknown' };

export type PlaceOutcome =
  | { readonly kind: 'accepted'; readonly order: ViewedOrder; readonly reports: readonly ExecutionReport[] }
  | {
      readonly kind: 'rejected';
      readonly reason: RejectReason;
      readonly order: ViewedOrder;
      readonly reports: readonly ExecutionReport[];
    }
  | NoAnswer;

export type ChangeOutcome =
  | { readonly kind: 'done'; readonly order: ViewedOrder; readonly reports: readonly ExecutionReport[] }
  | { readonly kind: 'rejected'; readonly reason: RejectReason }
  | NoAnswer;

export type MassCancelOutcome = { readonly kind: 'done'; readonly orders: readonly ViewedOrder[] } | NoAnswer;
