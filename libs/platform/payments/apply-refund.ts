import { formatAmount } from '@core/money';
import { type Tx, uuidV5 } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { type Applied, isOurId } from './apply-card-payment.js';
import { CARD_PAYMENT, type CardPayment, isCaptured } from './card-payment.js';
import { addRefunded, lockCardPayment, setCardPaymentState } from './card-payments.js';
import { type RefundSnapshot } from './card-processor.js';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { type Debts } from './debts.js';
import { refundClaimed, refundPaid, refundReleased } from './journals.js';
import { Contradiction } from './refusals.js';
import { REFUND, type Refund, type RefundEvent } from './refund.js';
import { findRefund, insertRefund, setRefund } from './refunds.js';
import { follow } from './transitions.js';
import { easeValueHold } from './value-holds.js';

/** Brings a refund to where the processor has it; one that it made by itself is taken from the customer like a chargeback. */
export class ApplyRefund {
  constructor(
    private readonly ledger: Ledger,
    private readonly debts: Debts,
    private readonly chronicle: Chronicle,
  ) {}

  /** @throws Contradiction */
  async run(tx: Tx, snapshot: RefundSnapshot): Promise<Applied> {
    const payment = isOurId(snapshot.paymentReference)
      ? await lockCardPayment(tx, snapshot.paymentReference)
      : undefined;
    if (payment === undefined) return 'unknown';
    if (!isCaptured(payment.state)) return 'waiting';
    const refund = await this.#find(tx, snapshot, payment);
    if (refund.paymentId !== payment.id || refund.amount !== snapshot.amount || payment.asset !== snapshot.asset) {
      throw new Contradiction(`refund ${refund.id} is about another amount`);
    }
    if (snapshot.version <= refund.processorVersion) return 'stale';
    const { version, processorId, status } = snapshot;
    const applied = await this.#move(tx, payment, refund, { event: status, version, processorId });
    if (!applied) throw new Contradiction(`refund ${refund.id} was ${refund.state} and is now ${status}`);
    return 'applied';
  }

  /** The processor would not take it: the customer gets the money back. */
  async refused(tx: Tx, refundId: string, code: string): Promise<void> {
    const found = await findRefund(tx, refundId);
    const payment = found && (await lockCardPayment(tx, found.paymentId));
    const refund = payment && (await findRefund(tx, refundId));
    if (refund?.state !== 'REQUESTED' || payment === undefined) return;
    await this.#move(tx, payment, refund, { event: 'failed', version: 0n, processorId: null, note: code });
  }

  async #find(tx: Tx, snapshot: RefundSnapshot, payment: CardPayment): Promise<Refund> {
    const id = isOurId(snapshot.reference) ? snapshot.reference : uuidV5('payments', 'refund', snapshot.processorId);
    const known = await findRefund(tx, id);
    if (known !== undefined) return known;
    const made: Refund = {
      id: uuidV5('payments', 'refund', snapshot.processorId),
      paymentId: payment.id,
      amount: snapshot.amount,
      reason: 'made by the processor',
      origin: 'processor',
      state: 'REQUESTED',
      processorId: snapshot.processorId,
      processorVersion: 0n,
      createdAt: this.chronicle.now(),
    };
    const again = await findRefund(tx, made.id);
    if (again !== undefined) return again;
    await insertRefund(tx, made);
    return made;
  }

  async #move(
    tx: Tx,
    payment: CardPayment,
    refund: Refund,
    to: { event: RefundEvent; version: bigint; processorId: string | null; note?: string },
  ): Promise<boolean> {
    const state =
      to.event === 'submitted' && refund.state === 'SUBMITTED' ? 'SUBMITTED' : follow(REFUND, refund.state, to.event);
    if (state === undefined) return false;
    const now = this.chronicle.now();
    await setRefund(tx, refund.id, { state, processorId: to.processorId, version: to.version, now });
    const { id, state: from } = refund;
    await this.chronicle.moved(tx, { aggregate: 'refund', id, event: to.event, from, to: state, note: to.note });
    if (state === 'SUCCEEDED') await this.#succeeded(tx, payment, refund);
    if (state === 'FAILED') await this.#failed(tx, payment, refund);
    return true;
  }

  async #succeeded(tx: Tx, payment: CardPayment, refund: Refund): Promise<void> {
    const { id, customerId, asset } = payment;
    await lockCustomer(tx, customerId, this.chronicle.now());
    const inFull = payment.refunded + refund.amount === payment.amount;
    await addRefunded(tx, id, refund.amount);
    await easeValueHold(tx, 'card-payment', id, refund.amount);
    const next = inFull ? follow(CARD_PAYMENT, payment.state, 'refunded') : undefined;
    if (next !== undefined) {
      await setCardPaymentState(tx, id, next, this.chronicle.now());
      await this.chronicle.moved(tx, {
        aggregate: 'card-payment',
        id,
        event: 'refunded',
        from: payment.state,
        to: next,
      });
    }
    if (refund.origin === 'platform') await this.ledger.post(tx, refundPaid(refund, payment));
    else {
      const { amount, id: sourceId } = refund;
      await this.debts.take(tx, { customerId, asset, amount, sourceId }, (taken) =>
        refundClaimed(refund, payment, taken),
      );
    }
    await this.#tell(tx, 'card-refunded', payment, refund);
  }

  async #failed(tx: Tx, payment: CardPayment, refund: Refund): Promise<void> {
    if (refund.origin === 'platform') {
      await lockCustomer(tx, payment.customerId, this.chronicle.now());
      await this.ledger.post(tx, refundReleased(refund, payment));
      await this.debts.repay(tx, payment.customerId, payment.asset);
    }
    await this.#tell(tx, 'card-refund-failed', payment, refund);
  }

  async #tell(tx: Tx, type: string, payment: CardPayment, refund: Refund): Promise<void> {
    const { id, customerId, asset, purpose } = payment;
    await this.chronicle.tell(
      tx,
      type,
      { aggregate: 'card-payment', id },
      { paymentId: id, refundId: refund.id, customerId, asset, amount: formatAmount(refund.amount, asset), purpose },
    );
  }
}
