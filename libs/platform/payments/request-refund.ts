import { type Tx, uuidV7 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type Ledger } from '@platform/ledger';
import { lockCardPayment } from './card-payments.js';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { refundHold } from './journals.js';
import { tellingCustomers } from './ledger-refusals.js';
import { refused } from './refusals.js';
import { type Refund } from './refund.js';
import { insertRefund, refundsOf } from './refunds.js';

export interface RefundRequest {
  readonly paymentId: string;
  /** Minor units; all that is left unless given. */
  readonly amount?: bigint | undefined;
  readonly reason: string;
}

/**
 * Sends captured money back to the card. The customer's money is set aside now and leaves when the processor has paid. A product that has locked the funds
 * releases its hold first, in the same transaction.
 */
export class RequestRefund {
  constructor(
    private readonly ledger: Ledger,
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
  ) {}

  /** @throws Refusal */
  async run(tx: Tx, { paymentId, amount, reason }: RefundRequest): Promise<Refund> {
    const payment = await lockCardPayment(tx, paymentId);
    if (payment === undefined) throw refused('card_payment_unknown');
    if (payment.state !== 'CAPTURED' && payment.state !== 'REFUNDED') throw refused('not_refundable');
    const earlier = await refundsOf(tx, paymentId);
    const left = earlier.reduce(
      (rest, refund) => rest - (refund.state === 'FAILED' ? 0n : refund.amount),
      payment.amount,
    );
    const asked = amount ?? left;
    if (asked > left || left === 0n) throw refused('refund_too_large', { field: 'amount' });
    if (asked <= 0n) throw refused('amount_too_small', { field: 'amount' });
    const now = this.chronicle.now();
    const refund: Refund = {
      id: uuidV7(now.getTime()),
      paymentId,
      amount: asked,
      reason,
      origin: 'platform',
      state: 'REQUESTED',
      processorId: null,
      processorVersion: 0n,
      createdAt: now,
    };
    await lockCustomer(tx, payment.customerId, now);
    await insertRefund(tx, refund);
    await this.chronicle.moved(tx, {
      aggregate: 'refund',
      id: refund.id,
      event: 'requested',
      from: null,
      to: 'REQUESTED',
    });
    await this.outbox.enqueue(tx, { kind: 'payments.submit-refund', payload: { refundId: refund.id } });
    await tellingCustomers(this.ledger.post(tx, refundHold(refund, payment)));
    return refund;
  }
}
