import { type CancelReason, type RejectReason, type Side } from '@core/contracts';
import { type PublicTrade, type ViewedFill, type ViewedInstrument, type ViewedOrder } from './venue-snapshot.js';

/**
 * What one event did to one order, for its owner. `order` is the order after it, and does not change later. A `decremented` order whose status is
 * `cancelled` has ended by that.
 */
export interface ExecutionReport {
  readonly kind: 'accepted' | 'triggered' | 'trade' | 'cancelled' | 'replaced' | 'decremented' | 'rejected';
  readonly sequence: bigint;
  readonly index: number;
  readonly time: bigint;
  readonly account: number;
  readonly order: ViewedOrder;
  /** Unique per report and side: (sequence × 65,536 + index) × 2 + (1 for a taker's side). */
  readonly executionId: bigint;
  readonly fill?: ViewedFill;
  /** Of `cancelled`; 'expired' among them. */
  readonly cancelReason?: CancelReason;
  /** Of `rejected`: a place that the engine refused. */
  readonly rejectReason?: RejectReason;
  /** The session that the order came in by; 0 for none, or when the view began after that. */
  readonly session: number;
}

/** A refused cancel or replace; no order changed. */
export interface RequestRejected {
  readonly sequence: bigint;
  readonly account: number;
  readonly command: 'cancel' | 'cancel-by-client-id' | 'replace';
  readonly orderId: bigint;
  readonly clientOrderId: bigint;
  readonly reason: RejectReason;
}

/** A level of the book after a change; quantity 0 and count 0: it is gone. */
export interface LevelChange {
  readonly instrument: number;
  readonly side: Side;
  readonly price: number;
  readonly quantity: bigint;
  readonly count: number;
}

/** An order in the book after a change; quantity 0: it is gone. */
export interface BookOrderChange {
  readonly instrument: number;
  readonly side: Side;
  readonly orderId: bigint;
  readonly price: number;
  readonly quantity: bigint;
}

/** All that one command changed, told once the last of its events has been applied. Empty arrays where nothing changed. */
export interface CommandEffects {
  readonly sequence: bigint;
  readonly time: bigint;
  readonly reports: readonly ExecutionReport[];
  readonly rejections: readonly RequestRejected[];
  readonly trades: readonly PublicTrade[];
  readonly levels: readonly LevelChange[];
  readonly bookOrders: readonly BookOrderChange[];
  /** Accounts whose total or held amount of anything changed, and of which assets. */
  readonly balances: readonly { readonly account: number; readonly asset: number }[];
  readonly instruments: readonly ViewedInstrument[];
  /** cancel-all: how many orders went. */
  readonly cancelledCount?: number;
}
