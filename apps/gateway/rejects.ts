/**
 * What every door says when the venue says no, or ends an order: one table from the engine's reasons to the words of REST and WebSocket and the
 * codes of FIX 4.4. Words that existing clients compare are exactly theirs ("AOL" included); the others also say what to do.
 */
import { type CancelReason, type LinkRefusal, type RejectReason } from '@core/contracts';
import { type ExecutionReport, type ViewedOrder } from '@core/venue-view';

/** FIX tag 103, OrdRejReason, as the shipped dictionaries of existing clients know it. */
export type FixOrderReject = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 | 15 | 99;
/** FIX tag 102, CxlRejReason: too late, unknown order, other. */
export type FixCancelReject = 0 | 1 | 99;
export type VenueRefusal = LinkRefusal | 'venue_unavailable' | 'overloaded';

export interface RejectWords {
  /** `text` of REST and WebSocket. */
  readonly text: string;
  /** What the customer can do, where `text` must be a word that clients compare. */
  readonly advice?: string;
  /** FIX 103. */
  readonly order: FixOrderReject;
  /** FIX 102. */
  readonly cancel: FixCancelReject;
}

const OTHER = { order: 99, cancel: 99 } as const;
const QUANTITY = { order: 13, cancel: 99 } as const;
const CLOSED = { order: 2, cancel: 99 } as const;

export const REJECTS: Readonly<Record<RejectReason, RejectWords>> = {
  none: { text: 'Accepted', ...OTHER },
  malformed: { text: 'Malformed order: check its fields against the documentation', ...OTHER },
  unknown_account: { text: 'Unknown account: move funds to the exchange first', order: 15, cancel: 1 },
  unknown_asset: { text: 'Unknown currency', ...OTHER },
  unknown_instrument: { text: 'Unknown symbol: GET /symbols lists those that exist', order: 1, cancel: 99 },
  unknown_order: { text: 'Unknown order', advice: 'it is filled, cancelled or not yours', order: 5, cancel: 1 },
  instrument_closed: { text: 'Market closed: try again when its status is open', ...CLOSED },
  instrument_halted: {
    text: 'Market halted: orders can be canceled; enter new ones when its status is open',
    ...CLOSED,
  },
  instrument_cancel_only: { text: 'Market takes cancels only: enter new orders when its status is open', ...CLOSED },
  account_suspended: { text: 'Account suspended: contact support', ...OTHER },
  kill_switch_engaged: { text: 'Trading is stopped on the whole exchange: try again later', ...CLOSED },
  invalid_quantity: { text: 'Invalid quantity: it must be above zero and a whole number of lots', ...QUANTITY },
  quantity_below_minimum: { text: 'Quantity below minimum: enter at least min_order_size of the symbol', ...QUANTITY },
  quantity_above_maximum: {
    text: 'Quantity above maximum: enter at most max_order_size of the symbol',
    order: 3,
    cancel: 99,
  },
  invalid_price: {
    text: 'Invalid price',
    advice: 'it must be above zero and a multiple of min_price_increment',
    ...OTHER,
  },
  price_outside_band: { text: 'Price too far from the market: enter one nearer to the last trade', ...OTHER },
  invalid_trigger_price: { text: 'Invalid stop price: it must be above zero, a multiple of min_price_increment, and on a stop order', ...OTHER }, // prettier-ignore
  invalid_display_quantity: {
    text: 'Invalid display quantity: show more than nothing and no more than the order',
    ...QUANTITY,
  },
  invalid_minimum_quantity: {
    text: 'Invalid minimum quantity: it must be above zero and no more than the order',
    ...QUANTITY,
  },
  invalid_budget: { text: 'Invalid budget: it must be above zero', ...OTHER },
  invalid_expiry: { text: 'Invalid expiry: give a GTD order, and no other, a time in the future', ...OTHER },
  invalid_combination: { text: 'Order type, time in force and instructions do not go together', ...OTHER },
  not_in_auction: { text: 'Market is in auction: only resting orders are taken until it opens', ...CLOSED },
  duplicate_client_order_id: { text: 'Duplicate client order id: choose one that no open or recent order has', order: 6, cancel: 99 }, // prettier-ignore
  insufficient_funds: {
    text: 'Insufficient Balance',
    advice: 'reduce the order, cancel others, or deposit',
    order: 3,
    cancel: 99,
  },
  post_only_would_trade: { text: 'Marketable AOL order', advice: 'a post-only order must not meet the book; price it further away', ...OTHER }, // prettier-ignore
  fill_or_kill_unfilled: { text: 'Not enough liquidity to fill the whole order at once', ...OTHER },
  minimum_quantity_unavailable: { text: 'Not enough liquidity for the minimum quantity', ...OTHER },
  nothing_to_reduce: { text: 'No position to reduce', ...OTHER },
  order_capacity_reached: { text: 'Too many open orders: cancel some and try again', order: 3, cancel: 99 },
  invalid_amount: { text: 'Invalid amount: it must be above zero', ...OTHER },
  balance_overflow: { text: 'Amount too large', ...OTHER },
  transfer_id_reused: { text: 'Transfer id was used for another transfer', ...OTHER },
  instrument_exists: { text: 'Symbol exists already', ...OTHER },
  instrument_could_overflow: { text: 'Limits of the symbol are too wide', ...OTHER },
  invalid_instrument: { text: 'Invalid symbol definition', ...OTHER },
  invalid_fees: { text: 'Invalid fees', ...OTHER },
  invalid_bands: { text: 'Invalid price bands', ...OTHER },
  invalid_state_change: { text: 'The market cannot change to that state now', ...OTHER },
  not_margined: { text: 'Reduce-only needs a margined market', ...OTHER },
};

/** `text` of an order that left without being filled. */
export const CANCEL_TEXTS: Readonly<Record<CancelReason, string>> = {
  requested: 'Canceled by User',
  mass_cancel: 'Bulk Canceled by User',
  disconnect: 'Canceled on Disconnect',
  immediate_remainder: 'Canceled: the rest could not be filled at once',
  budget_spent: 'Met cash limit',
  protection_price: 'Canceled: the rest met no order within its price limit',
  self_trade: 'Canceled: it would have traded with an order of the same account',
  expired: 'Expired',
  kill_switch: 'Canceled by Exchange: trading was stopped',
  account_suspended: 'Canceled by Exchange: account suspended',
  instrument_closed: 'Canceled by Exchange: market closed',
  volatility_halt: 'Canceled: the market went into auction after a price jump',
  nothing_to_reduce: 'Canceled: no position left to reduce',
  capacity: 'Canceled by Exchange: the book has no room for another price',
  liquidation: 'Canceled by Exchange: position liquidated',
};

/** The venue has not taken the command; nothing has changed, and sending it again is safe. */
export const REFUSALS: Readonly<Record<VenueRefusal, RejectWords>> = {
  none: { text: 'Not taken: try again', ...OTHER },
  disk_full: { text: 'The exchange takes cancels only at the moment: try again later', order: 2, cancel: 99 },
  unknown_session: { text: 'The session has ended: connect again', order: 99, cancel: 99 },
  no_standby: { text: 'The exchange is recovering: try again in a few seconds', order: 2, cancel: 99 },
  not_primary: { text: 'The exchange is changing over: try again in a few seconds', order: 2, cancel: 99 },
  venue_unavailable: { text: 'The exchange cannot be reached: try again in a few seconds', order: 2, cancel: 99 },
  overloaded: { text: 'Too much is under way: slow down and try again', order: 99, cancel: 99 },
};

/** The connection to the venue ended before it answered. */
export const UNKNOWN_OUTCOME: RejectWords = {
  text: 'Outcome unknown: look for the order by its client order id before entering it again',
  ...OTHER,
};

const NEW_ORDER = 'New order';

/** `text` of a report to the order's owner. */
export function reportText(report: ExecutionReport): string {
  switch (report.kind) {
    case 'accepted':
      return NEW_ORDER;
    case 'triggered':
      return 'Stop triggered';
    case 'trade':
      return 'Fill';
    case 'replaced':
      return 'Replaced by User';
    case 'decremented':
      return 'Reduced: it would have traded with an order of the same account, or exceeded its position';
    case 'cancelled':
      return CANCEL_TEXTS[report.cancelReason ?? 'requested'];
    case 'rejected':
      return REJECTS[report.rejectReason ?? 'malformed'].text;
  }
}

/** `text` of an order that is asked for. */
export function orderText(order: ViewedOrder): string {
  if (order.status === 'filled') return 'Fill';
  if (order.reason !== null) return CANCEL_TEXTS[order.reason];
  return order.filled > 0n ? 'Fill' : NEW_ORDER;
}

/** FIX 58, and whatever else is read by people: the words with the advice. */
export function explain({ text, advice }: RejectWords): string {
  return advice === undefined ? text : `${text}: ${advice}`;
}
