/**
 * The life of a brokerage order (products.md §1.4): a table from state and event to the next state. What the table does not hold does not
 * happen. Each transition is one database transaction with its ledger transfer, its history row and its event.
 */
export const ORDER_STATES = [
  'CREATED',
  'AWAITING_PAYMENT',
  'PAYMENT_REVIEW',
  'FUNDED',
  'AWAITING_REPRICE',
  'EXECUTED',
  'DELIVERING',
  'SETTLED',
  'FAILED',
  'EXPIRED',
  'CANCELLED',
  'REFUND_PENDING',
  'REFUNDED',
  'REVERSED',
] as const;
export type OrderState = (typeof ORDER_STATES)[number];

export type OrderEvent =
  | 'await_payment'
  | 'fund'
  | 'review'
  | 'clear'
  | 'reject'
  | 'refund'
  | 'decline'
  | 'reprice'
  | 'accept'
  | 'execute'
  | 'fail'
  | 'deliver'
  | 'settle'
  | 'cancel'
  | 'expire'
  | 'reverse';

export const ORDER_TABLE: Readonly<Record<OrderState, Partial<Record<OrderEvent, OrderState>>>> = {
  CREATED: { await_payment: 'AWAITING_PAYMENT', fund: 'FUNDED', cancel: 'CANCELLED', expire: 'EXPIRED' },
  AWAITING_PAYMENT: {
    fund: 'FUNDED',
    review: 'PAYMENT_REVIEW',
    decline: 'FAILED',
    cancel: 'CANCELLED',
    expire: 'EXPIRED',
  },
  PAYMENT_REVIEW: { clear: 'FUNDED', reject: 'REFUND_PENDING' },
  FUNDED: { execute: 'EXECUTED', reprice: 'AWAITING_REPRICE', fail: 'FAILED', cancel: 'CANCELLED' },
  AWAITING_REPRICE: { accept: 'FUNDED', cancel: 'CANCELLED', expire: 'EXPIRED' },
  EXECUTED: { deliver: 'DELIVERING', settle: 'SETTLED', reverse: 'REVERSED' },
  DELIVERING: { settle: 'SETTLED' },
  SETTLED: { reverse: 'REVERSED' },
  REFUND_PENDING: { refund: 'REFUNDED', decline: 'FAILED' },
  FAILED: {},
  EXPIRED: {},
  CANCELLED: {},
  REFUNDED: {},
  REVERSED: {},
};

/** The state after `event`, or undefined when the table does not allow it. */
export const nextState = (from: OrderState, event: OrderEvent): OrderState | undefined => ORDER_TABLE[from][event];

/** States in which the limits an order reserved stay used up; in all other final ones they are freed. */
export const FREES_LIMITS: ReadonlySet<OrderState> = new Set(['FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED']);

/** Orders that wait for their customer's money; how many one may have at a time is limited. */
export const UNPAID: readonly OrderState[] = ['CREATED', 'AWAITING_PAYMENT'];

/** After a chargeback: what became of the claim. */
export const REVERSALS = ['CLAWED_BACK', 'USER_DEBT', 'WRITTEN_OFF', 'WON'] as const;
export type Reversal = (typeof REVERSALS)[number];
