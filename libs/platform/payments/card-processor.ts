import { type AssetCode } from '@core/money';

/** A payment as the processor has it now. Of two snapshots the one with the higher version is the later one. */
export interface CardPaymentSnapshot {
  readonly processorId: string;
  /** Our own id of it. */
  readonly reference: string;
  readonly version: bigint;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly status: 'opened' | 'authorised' | 'captured' | 'failed' | 'cancelled';
  /** Where the customer has to go, if anywhere. */
  readonly actionUrl: string | null;
  readonly card: { readonly brand: string; readonly last4: string; readonly fingerprint: string } | null;
  /** Whether the issuer bears fraud, because the cardholder was authenticated. */
  readonly liabilityShifted: boolean | null;
  readonly failureCode: string | null;
}

export interface RefundSnapshot {
  readonly processorId: string;
  readonly reference: string;
  readonly paymentReference: string;
  readonly version: bigint;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly status: 'submitted' | 'succeeded' | 'failed';
}

export interface ChargebackSnapshot {
  readonly processorId: string;
  readonly paymentReference: string;
  readonly version: bigint;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly reason: string;
  readonly status: 'open' | 'won' | 'lost';
}

export interface PayoutSnapshot {
  readonly processorId: string;
  readonly asset: AssetCode;
  /** `gross = fees + net`; `net` is what arrives at the bank. */
  readonly gross: bigint;
  readonly fees: bigint;
  readonly net: bigint;
  readonly createdAt: Date;
}

export type CardFact =
  | { readonly kind: 'payment'; readonly payment: CardPaymentSnapshot }
  | { readonly kind: 'refund'; readonly refund: RefundSnapshot }
  | { readonly kind: 'chargeback'; readonly chargeback: ChargebackSnapshot }
  | { readonly kind: 'payout'; readonly payout: PayoutSnapshot }
  | { readonly kind: 'other' };

/** One movement of our balance with the processor, as its settlement report states it. */
export interface CardReportLine {
  readonly id: string;
  /** Counts the report's rows without gaps. */
  readonly seq: bigint;
  readonly type: 'charge' | 'refund' | 'chargeback' | 'chargeback_fee' | 'chargeback_reversal';
  readonly objectId: string;
  readonly reference: string;
  readonly asset: AssetCode;
  /** Positive in our favour. */
  readonly amount: bigint;
  readonly fee: bigint;
  readonly createdAt: Date;
}

export interface CardDescription {
  readonly token: string;
  readonly brand: string;
  readonly last4: string;
  readonly expiryMonth: number;
  readonly expiryYear: number;
  readonly fingerprint: string;
}

export interface OpenCardPayment {
  readonly reference: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  /** Without one the customer gives the card on the processor's page. */
  readonly cardToken: string | null;
  readonly require3ds: boolean;
  readonly returnUrl: string | null;
}

/** Something that happened outside, as it was told: once or more, late or early. */
export interface OutsideEvent {
  readonly id: string;
  readonly seq: bigint;
  readonly type: string;
  readonly data: unknown;
}

export interface FeedPage<Item> {
  readonly items: readonly Item[];
  /** Where to read on. */
  readonly next: bigint;
}

/**
 * The company that takes card payments for us. Every command carries an id of ours as its idempotency key, so that repeating it after an unknown
 * outcome is safe.
 * @throws OutsideUnavailable when the outcome is unknown or nothing happened; OutsideRefused when it said no
 */
export interface CardProcessor {
  describeCard(token: string): Promise<CardDescription>;
  open(payment: OpenCardPayment): Promise<CardPaymentSnapshot>;
  capture(processorId: string, key: string): Promise<CardPaymentSnapshot>;
  cancel(processorId: string, key: string): Promise<CardPaymentSnapshot>;
  payment(processorId: string): Promise<CardPaymentSnapshot>;
  refund(refund: { reference: string; paymentId: string; amount: bigint; asset: AssetCode }): Promise<RefundSnapshot>;
  refundStatus(processorId: string): Promise<RefundSnapshot>;
  eventsAfter(position: bigint, limit: number): Promise<FeedPage<OutsideEvent>>;
  reportAfter(position: bigint, limit: number): Promise<FeedPage<CardReportLine>>;
  /** What an event says. @throws OutsideNonsense when it is not what was agreed */
  factOf(event: Pick<OutsideEvent, 'type' | 'data'>): CardFact;
}
