import { type Clock } from '@base/clock';
import { type Queryable, type Tx } from '@base/database';
import { Refusal } from '@base/http';
import { activeValueHolds, findCardPayment, type Payments } from '@platform/payments';
import { purposeOf } from './follow-payments.js';
import { type OrderPayments, type PaymentRequest } from './order-payments.js';

/** {@link OrderPayments} on the platform's payments. */
export class PlatformPayments implements OrderPayments {
  constructor(
    private readonly payments: Payments,
    private readonly clock: Clock,
  ) {}

  async startCard(tx: Tx, { orderId, customerId, asset, amount, returnUrl }: PaymentRequest): Promise<string> {
    const purpose = purposeOf(orderId);
    const request = { customerId, asset, amount, purpose, lockFunds: true, returnUrl };
    return (await this.payments.startCardPayment.run(tx, request)).id;
  }

  /** One that has just ended by itself needs no giving up: its event is on its way. */
  async cancelCard(tx: Tx, paymentId: string): Promise<void> {
    try {
      await this.payments.giveUpCardPayment.request(tx, paymentId, 'CANCELLED');
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'card_payment_final') throw error;
    }
  }

  async refundCard(tx: Tx, paymentId: string, reason: string): Promise<void> {
    await this.payments.requestRefund.run(tx, { paymentId, reason });
  }

  expectBankCredit(tx: Tx, { orderId, customerId }: PaymentRequest): Promise<string> {
    return this.payments.depositReferences.issue(tx, { customerId, purpose: purposeOf(orderId) });
  }

  async cardPage(db: Queryable, paymentId: string): Promise<string | null> {
    const payment = await findCardPayment(db, paymentId);
    return payment?.state === 'AWAITING_CUSTOMER' ? payment.actionUrl : null;
  }

  async heldUntil(tx: Tx, { paymentId, customerId }: { paymentId: string; customerId: string }): Promise<Date | null> {
    const holds = await activeValueHolds(tx, customerId, this.clock.now());
    return holds.find(({ sourceId }) => sourceId === paymentId)?.expiresAt ?? null;
  }
}
