import { type Database, uuidV5 } from '@base/database';
import { type ApplyCardPayment } from './apply-card-payment.js';
import { findCardPayment } from './card-payments.js';
import { type CardPaymentSnapshot, type CardProcessor } from './card-processor.js';
import { OutsideRefused } from './outside-error.js';

/** Takes the money of an authorised payment, unless it has been given up by then. */
export class CaptureCardPayment {
  constructor(
    private readonly database: Database,
    private readonly processor: CardProcessor,
    private readonly apply: ApplyCardPayment,
  ) {}

  async run(paymentId: string): Promise<void> {
    const payment = await findCardPayment(this.database, paymentId);
    if (payment?.state !== 'AUTHORISED' || payment.givingUp !== null || payment.processorId === null) return;
    const snapshot = await this.#capture(payment.id, payment.processorId);
    await this.database.transaction((tx) => this.apply.run(tx, snapshot));
  }

  async #capture(id: string, processorId: string): Promise<CardPaymentSnapshot> {
    try {
      return await this.processor.capture(processorId, uuidV5('payments', 'capture-key', id));
    } catch (error) {
      // It is not what we thought: then what it is decides.
      if (error instanceof OutsideRefused) return this.processor.payment(processorId);
      throw error;
    }
  }
}
