/** How a conversion is paid for. */
export const METHODS = ['FUNDS', 'CARD', 'BANK'] as const;
export type Method = (typeof METHODS)[number];

/** A FIRM price is honoured while its quote lasts; an INDICATIVE one is made anew when the money arrives. */
export type PriceMode = 'FIRM' | 'INDICATIVE';

export interface MethodRules {
  readonly priceMode: PriceMode;
  /** How long a quote lasts. */
  readonly ttlMs: number;
  /** How long the payment may take after the order is confirmed. */
  readonly paymentTimeoutMs: number;
  /** How long the bought value may be traded but not withdrawn. */
  readonly withdrawHoldMs: number;
  /** What the customer is told about when the money is theirs to use. */
  readonly settlement: 'INSTANT' | 'REGULAR';
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** products.md §1.3 (time to live), §1.4 (time-outs of 3-D Secure and wires), §1.5 (holds). */
export const METHOD_RULES: Readonly<Record<Method, MethodRules>> = {
  FUNDS: { priceMode: 'FIRM', ttlMs: 30 * SECOND, paymentTimeoutMs: 0, withdrawHoldMs: 0, settlement: 'INSTANT' },
  CARD: {
    priceMode: 'FIRM',
    ttlMs: 120 * SECOND,
    paymentTimeoutMs: 15 * MINUTE,
    withdrawHoldMs: 3 * DAY,
    settlement: 'INSTANT',
  },
  BANK: {
    priceMode: 'INDICATIVE',
    ttlMs: 120 * SECOND,
    paymentTimeoutMs: 10 * DAY,
    withdrawHoldMs: 0,
    settlement: 'REGULAR',
  },
};

/** How far past its end a quote is still honoured by an order that was made in time: the way of a request through the network. */
export const GRACE_MS = 2 * SECOND;
/** How long a customer may take to accept a new price. */
export const REPRICE_WINDOW_MS = DAY;
/** How often a funded order that could not be executed (no price) is tried again, and for how long. */
export const EXECUTION_RETRY_MS = 2 * SECOND;
export const EXECUTION_GIVE_UP_MS = 15 * MINUTE;
/** How much worse than quoted a late execution may be without asking again, unless the customer said otherwise. */
export const DEFAULT_TOLERANCE_BPS = 100;
export const MAX_TOLERANCE_BPS = 1_000;
/** Orders that wait for money, per customer. */
export const MAX_UNPAID_ORDERS = 5;

export interface DepositTerms {
  readonly settlement: MethodRules['settlement'];
  readonly availableToTradeMinutes: { readonly min: number; readonly max: number };
  readonly availableToWithdrawMinutes: { readonly min: number; readonly max: number };
  readonly withdrawalLockDays: number;
}

export function depositTerms(method: Method): DepositTerms {
  const { settlement, paymentTimeoutMs, withdrawHoldMs } = METHOD_RULES[method];
  const trade = method === 'BANK' ? paymentTimeoutMs / MINUTE : 0;
  const hold = withdrawHoldMs / MINUTE;
  return {
    settlement,
    availableToTradeMinutes: { min: 0, max: trade },
    availableToWithdrawMinutes: { min: hold, max: trade + hold },
    withdrawalLockDays: withdrawHoldMs / DAY,
  };
}
