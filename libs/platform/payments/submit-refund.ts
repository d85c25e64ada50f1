import { type Database } from '@base/database';
import { type ApplyRefund } from './apply-refund.js';
import { findCardPayment } from './card-payments.js';
import { type CardProcessor } from './card-processor.js';
import { OutsideRefused } from './outside-error.js';
import { findRefund } from './refunds.js';

/** Asks the processor for a refund that is stored. The refund's id is the idempotency key, so it is paid once. */
export class SubmitRefund {
  constructor(
    private readonly database: Database,
    private readonly processor: CardProcessor,
    private readonly apply: ApplyRefund,
  ) {}

  async run(refundId: string): Promise<void> {
    const refund = await findRefund(this.database, refundId);
    const payment = refund && (await findCardPayment(this.database, refund.paymentId));
    if (refund?.state !== 'REQUESTED' || payment?.processorId == null) return;
    try {
      const { processorId: paymentId, asset } = payment;
      const snapshot = await this.processor.refund({ reference: refund.id, paymentId, amount: refund.amount, asset });
      await this.database.transaction((tx) => this.apply.run(tx, snapshot));
    } catch (error) {
      if (!(error instanceof OutsideRefused)) throw error;
      await this.database.transaction((tx) => this.apply.refused(tx, refundId, error.code));
    }
  }

  /** Asks what became of a refund that has been quiet. */
  async chase(refundId: string): Promise<void> {
    const refund = await findRefund(this.database, refundId);
    if (refund === undefined || refund.processorId === null) return this.run(refundId);
    const snapshot = await this.processor.refundStatus(refund.processorId);
    await this.database.transaction((tx) => this.apply.run(tx, snapshot));
  }
}
