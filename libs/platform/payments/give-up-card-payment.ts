import { type Database, type Tx, uuidV5 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type ApplyCardPayment } from './apply-card-payment.js';
import { type CardPayment } from './card-payment.js';
import { findCardPayment, lockCardPayment, markGivingUp } from './card-payments.js';
import { type CardPaymentSnapshot, type CardProcessor } from './card-processor.js';
import { type OpenCardPayment } from './open-card-payment.js';
import { OutsideRefused } from './outside-error.js';
import { refused } from './refusals.js';

const UNFINISHED = ['CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED'];

/**
 * Lets an unfinished payment go, because the customer wants to or did not come back. Only the processor can say that no money will come any more, so the
 * payment ends when it has said so, and not before: if the money was taken in that moment, it is captured instead.
 */
export class GiveUpCardPayment {
  constructor(
    private readonly database: Database,
    private readonly processor: CardProcessor,
    private readonly apply: ApplyCardPayment,
    private readonly opening: OpenCardPayment,
    private readonly outbox: Outbox,
  ) {}

  /** @throws Refusal 409 `card_payment_final` */
  async request(tx: Tx, paymentId: string, as: 'EXPIRED' | 'CANCELLED'): Promise<CardPayment> {
    const payment = await lockCardPayment(tx, paymentId);
    if (payment === undefined) throw refused('card_payment_unknown');
    if (!UNFINISHED.includes(payment.state)) throw refused('card_payment_final');
    await markGivingUp(tx, paymentId, as);
    await this.outbox.enqueue(tx, {
      id: uuidV5('payments', 'give-up-job', paymentId),
      kind: 'payments.give-up-card-payment',
      payload: { paymentId },
    });
    return { ...payment, givingUp: payment.givingUp ?? as };
  }

  async run(paymentId: string): Promise<void> {
    const payment = await findCardPayment(this.database, paymentId);
    if (payment === undefined || !UNFINISHED.includes(payment.state)) return;
    // Whether the processor knows of it is not certain until it has been told of it, under the same key.
    const processorId = payment.processorId ?? (await this.opening.open(payment))?.processorId;
    if (processorId === undefined) return;
    const snapshot = await this.#cancel(payment.id, processorId);
    await this.database.transaction((tx) => this.apply.run(tx, snapshot));
  }

  async #cancel(id: string, processorId: string): Promise<CardPaymentSnapshot> {
    try {
      return await this.processor.cancel(processorId, uuidV5('payments', 'cancel-key', id));
    } catch (error) {
      if (error instanceof OutsideRefused) return this.processor.payment(processorId);
      throw error;
    }
  }
}
