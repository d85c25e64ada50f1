import { type AssetCode } from '@core/money';
import { type Queryable, type Tx } from '@base/database';

/** Money that an order waits for. */
export interface PaymentRequest {
  readonly orderId: string;
  readonly customerId: string;
  readonly asset: AssetCode;
  /** Minor units. */
  readonly amount: bigint;
  readonly expiresAt: Date;
  /** Where the customer's browser goes after paying by card. */
  readonly returnUrl?: string | undefined;
}

/**
 * What the brokerage needs of payments. Nothing here talks to the outside: payments stores the wish in the caller's transaction and tells the
 * outcome by events that carry the order's id as purpose. Captured card money comes locked on the hold that {@link startCard} names.
 */
export interface OrderPayments {
  /** Answers the payment's id, which is also the id of the ledger hold that will keep the captured money. */
  startCard(tx: Tx, request: PaymentRequest): Promise<string>;
  /** Gives up a card payment that was not captured. */
  cancelCard(tx: Tx, paymentId: string): Promise<void>;
  refundCard(tx: Tx, paymentId: string, reason: string): Promise<void>;
  /** Makes the reference by which a bank credit is known to be for the order, and answers it. */
  expectBankCredit(tx: Tx, request: PaymentRequest): Promise<string>;
  /** Where the customer goes to pay by card; null until the processor has opened its page, and when there is nothing to do. */
  cardPage(db: Queryable, paymentId: string): Promise<string | null>;
  /** Until when payments keeps the value of a captured card payment from leaving; what it buys may be traded meanwhile. Null: not at all. */
  heldUntil(tx: Tx, payment: { paymentId: string; customerId: string }): Promise<Date | null>;
}
