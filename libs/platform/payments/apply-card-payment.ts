import { formatAmount } from '@core/money';
import { type Tx, uuidV5 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type Ledger } from '@platform/ledger';
import { CARD_PAYMENT, type CardPayment, type CardPaymentEvent, type CardPaymentState, isCaptured } from './card-payment.js'; // prettier-ignore
import { hasPaidWith, lockCardPayment, recordSnapshot } from './card-payments.js';
import { type CardPaymentSnapshot } from './card-processor.js';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { type Debts } from './debts.js';
import { cardCapture } from './journals.js';
import { Contradiction } from './refusals.js';
import { type CardTerms } from './terms.js';
import { follow } from './transitions.js';
import { placeValueHold } from './value-holds.js';

export type Applied =
  | 'applied'
  /** Known already, or older than what is known. */
  | 'stale'
  /** It is about something that must be known first. */
  | 'waiting'
  /** It is about nothing of ours. */
  | 'unknown';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const isOurId = (reference: string): boolean => UUID.test(reference);

/**
 * Brings a payment to where the processor has it. Snapshots carry a version and only a newer one changes anything, so repeated, late and swapped ones end in the
 * same state with the same postings as those that came in order, whichever of webhook, poll or answer brought them.
 */
export class ApplyCardPayment {
  constructor(
    private readonly ledger: Ledger,
    private readonly debts: Debts,
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
    private readonly terms: CardTerms,
  ) {}

  /** @throws Contradiction */
  async run(tx: Tx, snapshot: CardPaymentSnapshot): Promise<Applied> {
    const payment = isOurId(snapshot.reference) ? await lockCardPayment(tx, snapshot.reference) : undefined;
    if (payment === undefined) return 'unknown';
    if (payment.asset !== snapshot.asset || payment.amount !== snapshot.amount) {
      throw new Contradiction(`card payment ${payment.id} is about another amount`);
    }
    if (payment.processorId !== null && payment.processorId !== snapshot.processorId) {
      throw new Contradiction(`card payment ${payment.id} has two payments at the processor`);
    }
    if (snapshot.version <= payment.processorVersion) return 'stale';
    const event = eventOf(snapshot, payment);
    const isThere = standsFor(payment.state, snapshot);
    const state = isThere ? payment.state : follow(CARD_PAYMENT, payment.state, event);
    if (state === undefined)
      throw new Contradiction(`card payment ${payment.id} was ${payment.state} and is now ${event}`);
    const now = this.chronicle.now();
    const capturedAt = event === 'captured' ? now : null;
    await recordSnapshot(tx, snapshot, { id: payment.id, state, capturedAt, now });
    if (isThere) return 'applied';
    await this.chronicle.moved(tx, {
      aggregate: 'card-payment',
      id: payment.id,
      event,
      from: payment.state,
      to: state,
    });
    await this.#follow(tx, { ...payment, state }, snapshot);
    return 'applied';
  }

  async #follow(tx: Tx, payment: CardPayment, snapshot: CardPaymentSnapshot): Promise<void> {
    switch (payment.state) {
      case 'AUTHORISED':
        await this.outbox.enqueue(tx, {
          id: uuidV5('payments', 'capture-job', payment.id),
          kind: 'payments.capture-card-payment',
          payload: { paymentId: payment.id },
        });
        break;
      case 'CAPTURED':
        await this.#captured(tx, payment, snapshot);
        break;
      case 'FAILED':
      case 'EXPIRED':
      case 'CANCELLED':
        await this.#tell(tx, 'card-failed', payment, { outcome: payment.state, failureCode: snapshot.failureCode });
        break;
      case 'CREATED':
      case 'AWAITING_CUSTOMER':
      case 'REFUNDED':
      case 'CHARGED_BACK':
        break;
    }
  }

  async #captured(tx: Tx, payment: CardPayment, snapshot: CardPaymentSnapshot): Promise<void> {
    const { id, customerId, asset, amount } = payment;
    const now = this.chronicle.now();
    await lockCustomer(tx, customerId, now);
    const isFirst = snapshot.card === null || !(await hasPaidWith(tx, payment, snapshot.card.fingerprint));
    await placeValueHold(tx, {
      customerId,
      asset,
      amount,
      reason: isFirst ? 'card_first_use' : 'card_payment',
      source: 'card-payment',
      sourceId: id,
      startsAt: now,
      expiresAt: new Date(now.getTime() + (isFirst ? this.terms.firstUseHoldMs : this.terms.holdMs)),
    });
    await this.ledger.post(tx, cardCapture(payment));
    await this.debts.repay(tx, customerId, asset);
    const holdId = payment.lockFunds ? id : null;
    await this.#tell(tx, 'card-captured', payment, { holdId, liabilityShifted: snapshot.liabilityShifted });
    await this.outbox.enqueue(tx, { kind: 'payments.apply-waiting', payload: { source: 'card', subject: id } });
  }

  async #tell(tx: Tx, type: string, payment: CardPayment, more: object): Promise<void> {
    const { id, customerId, asset, purpose } = payment;
    const amount = formatAmount(payment.amount, asset);
    await this.chronicle.tell(
      tx,
      type,
      { aggregate: 'card-payment', id },
      { paymentId: id, customerId, asset, amount, purpose, ...more },
    );
  }
}

function eventOf({ status }: CardPaymentSnapshot, { givingUp }: CardPayment): CardPaymentEvent {
  if (status !== 'cancelled') return status;
  return givingUp === 'EXPIRED' ? 'expired' : 'cancelled';
}

/** Whether the processor's word is where the payment is already, or a part of it: a captured payment stays captured when it is refunded. */
function standsFor(state: CardPaymentState, { status }: CardPaymentSnapshot): boolean {
  switch (status) {
    case 'opened':
      return state === 'AWAITING_CUSTOMER';
    case 'authorised':
      return state === 'AUTHORISED';
    case 'captured':
      return isCaptured(state);
    case 'failed':
      return state === 'FAILED';
    case 'cancelled':
      return state === 'EXPIRED' || state === 'CANCELLED';
  }
}
