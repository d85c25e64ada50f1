import { type Database, type Tx } from '@base/database';
import { type ApplyCardPayment } from './apply-card-payment.js';
import { type CardPayment } from './card-payment.js';
import { failCardPayment, findCardPayment, lockCardPayment } from './card-payments.js';
import { type CardPaymentSnapshot, type CardProcessor } from './card-processor.js';
import { tokenOf } from './cards.js';
import { type Chronicle } from './chronicle.js';
import { OutsideRefused } from './outside-error.js';
import { type CardTerms } from './terms.js';

/** Tells the processor of a payment that is stored. Its id is the idempotency key, so a repetition finds the same payment there. */
export class OpenCardPayment {
  constructor(
    private readonly database: Database,
    private readonly processor: CardProcessor,
    private readonly apply: ApplyCardPayment,
    private readonly chronicle: Chronicle,
    private readonly terms: CardTerms,
  ) {}

  async run(paymentId: string): Promise<void> {
    const payment = await findCardPayment(this.database, paymentId);
    if (payment?.state !== 'CREATED') return;
    const snapshot = await this.open(payment);
    if (snapshot !== undefined) await this.database.transaction((tx) => this.apply.run(tx, snapshot));
  }

  /** Undefined when the processor would not take it, and the payment has failed. */
  async open(payment: CardPayment): Promise<CardPaymentSnapshot | undefined> {
    const { id, asset, amount, cardId, returnUrl } = payment;
    try {
      const cardToken = cardId === null ? null : await tokenOf(this.database, cardId);
      const require3ds = amount >= this.terms.require3dsFrom;
      return await this.processor.open({ reference: id, asset, amount, cardToken, require3ds, returnUrl });
    } catch (error) {
      if (!(error instanceof OutsideRefused)) throw error;
      await this.database.transaction((tx) => this.#refused(tx, id, error.code));
      return undefined;
    }
  }

  async #refused(tx: Tx, id: string, code: string): Promise<void> {
    const payment = await lockCardPayment(tx, id);
    if (payment?.state !== 'CREATED') return;
    await failCardPayment(tx, payment, code, this.chronicle);
  }
}
