import { type CardToken, type Decline } from './test-cards.js';

export const CURRENCIES = ['USD', 'EUR', 'GBP'] as const;
export type Currency = (typeof CURRENCIES)[number];

/** Amounts are integers of the currency's minor unit, as card processors have it. */
export type PaymentStatus = 'requires_card' | 'requires_action' | 'authorised' | 'captured' | 'failed' | 'cancelled';

export interface Payment {
  readonly id: string;
  /** The merchant's own id of this payment; unique. */
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly status: PaymentStatus;
  readonly card: Omit<CardToken, 'behaviour'> | null;
  readonly threeDSecure: {
    readonly result: 'authenticated' | 'not_required' | 'failed';
    readonly liabilityShift: boolean;
  } | null;
  readonly amountRefunded: number;
  readonly failureCode: Decline | null;
  readonly returnUrl: string | null;
  /** Only in the address of the page that the customer is sent to; whoever has it may approve. */
  readonly pageSecret: string;
  readonly require3ds: boolean;
  readonly createdAt: string;
  /** Grows with every change of this object: the higher one is the later one. */
  readonly version: number;
}

export interface Refund {
  readonly id: string;
  readonly reference: string;
  readonly paymentId: string;
  readonly paymentReference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly status: 'pending' | 'succeeded' | 'failed';
  readonly createdAt: string;
  readonly version: number;
}

export interface Chargeback {
  readonly id: string;
  readonly paymentId: string;
  readonly paymentReference: string;
  readonly amount: number;
  readonly fee: number;
  readonly currency: Currency;
  readonly reason: string;
  readonly status: 'open' | 'won' | 'lost';
  readonly createdAt: string;
  readonly version: number;
}

/** One movement of the merchant's balance: `net = amount − fee`. */
export interface BalanceTransaction {
  readonly id: string;
  readonly type: 'charge' | 'refund' | 'chargeback' | 'chargeback_fee' | 'chargeback_reversal';
  readonly objectId: string;
  /** The merchant's own id of what moved: of the payment, or of the refund. */
  readonly reference: string;
  readonly amount: number;
  readonly fee: number;
  readonly net: number;
  readonly currency: Currency;
  readonly createdAt: string;
  readonly payoutId: string | null;
}

export interface Payout {
  readonly id: string;
  readonly currency: Currency;
  readonly gross: number;
  readonly fees: number;
  readonly net: number;
  readonly status: 'in_transit' | 'paid';
  readonly transactions: number;
  readonly createdAt: string;
  readonly version: number;
}
