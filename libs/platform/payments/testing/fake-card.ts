import { randomBytes } from 'node:crypto';
import { type AssetCode } from '@core/money';
import { type CardDescription, type CardPaymentSnapshot, type CardProcessor, type CardReportLine, type FeedPage, type OpenCardPayment, type OutsideEvent, type RefundSnapshot } from '../card-processor.js'; // prettier-ignore
import { OutsideRefused, OutsideUnavailable } from '../outside-error.js';
import { cardFactOf } from '../sandbox-card.js';

const id = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;

interface Payment {
  id: string;
  reference: string;
  amount: number;
  currency: AssetCode;
  status: 'requires_card' | 'requires_action' | 'authorised' | 'captured' | 'failed' | 'cancelled';
  card: { brand: string; last4: string; fingerprint: string } | null;
  threeDSecure: { liabilityShift: boolean } | null;
  failureCode: string | null;
  version: number;
}

interface Refund {
  id: string;
  reference: string;
  paymentReference: string;
  amount: number;
  currency: AssetCode;
  status: 'pending' | 'succeeded' | 'failed';
  version: number;
}

/**
 * A card processor in memory with the sandbox processor's messages. The spec plays cardholder and processor (`approve`, `chargeBack`, …); every change is an event in
 * `events`, which the spec delivers in whatever order it likes. `unreachable` and `loseNextAnswer` break the wire.
 */
export class FakeCard implements CardProcessor {
  readonly payments = new Map<string, Payment>();
  readonly refunds = new Map<string, Refund>();
  readonly events: OutsideEvent[] = [];
  readonly report: CardReportLine[] = [];
  readonly calls: string[] = [];
  unreachable = false;
  loseNextAnswer = false;
  readonly #chargebacks = new Map<string, { chargeback: Record<string, unknown>; version: number }>();

  describeCard(token: string): Promise<CardDescription> {
    return this.#call('describe', () => ({
      token,
      brand: 'visa',
      last4: '4242',
      expiryMonth: 12,
      expiryYear: 2090,
      fingerprint: `fingerprint-of-${token.slice(4)}`,
    }));
  }

  open(asked: OpenCardPayment): Promise<CardPaymentSnapshot> {
    return this.#call('open', () => {
      const known = this.#byReference(asked.reference);
      if (known !== undefined) return snapshotOf(known);
      const payment: Payment = {
        id: id('pay'),
        reference: asked.reference,
        amount: Number(asked.amount),
        currency: asked.asset,
        status: asked.cardToken === null ? 'requires_card' : 'requires_action',
        card:
          asked.cardToken === null
            ? null
            : { brand: 'visa', last4: '4242', fingerprint: `fingerprint-of-${asked.cardToken.slice(4)}` },
        threeDSecure: null,
        failureCode: null,
        version: 1,
      };
      this.payments.set(payment.id, payment);
      return snapshotOf(payment);
    });
  }

  capture(processorId: string): Promise<CardPaymentSnapshot> {
    return this.#call('capture', () => {
      const payment = this.#payment(processorId);
      if (payment.status === 'captured') return snapshotOf(payment);
      if (payment.status !== 'authorised') throw new OutsideRefused(409, 'not_authorised');
      this.#book('charge', payment.id, payment.reference, payment.currency, payment.amount);
      return snapshotOf(this.#change(payment, { status: 'captured' }));
    });
  }

  cancel(processorId: string): Promise<CardPaymentSnapshot> {
    return this.#call('cancel', () => {
      const payment = this.#payment(processorId);
      if (payment.status === 'captured') throw new OutsideRefused(409, 'not_cancellable');
      return snapshotOf(this.#change(payment, { status: 'cancelled' }));
    });
  }

  payment(processorId: string): Promise<CardPaymentSnapshot> {
    return this.#call('payment', () => snapshotOf(this.#payment(processorId)));
  }

  refund(asked: { reference: string; paymentId: string; amount: bigint }): Promise<RefundSnapshot> {
    return this.#call('refund', () => {
      const known = [...this.refunds.values()].find(({ reference }) => reference === asked.reference);
      return refundSnapshotOf(
        known ?? this.#newRefund(asked.reference, this.#payment(asked.paymentId), Number(asked.amount)),
      );
    });
  }

  refundStatus(processorId: string): Promise<RefundSnapshot> {
    return this.#call('refundStatus', () => refundSnapshotOf(present(this.refunds.get(processorId))));
  }

  eventsAfter(position: bigint, limit: number): Promise<FeedPage<OutsideEvent>> {
    return this.#call('events', () => page(this.events, position, limit));
  }

  reportAfter(position: bigint, limit: number): Promise<FeedPage<CardReportLine>> {
    return this.#call('report', () => page(this.report, position, limit));
  }

  factOf = cardFactOf;

  /** The cardholder gives a card, if one is wanted, and approves. */
  approve(reference: string): void {
    const payment = present(this.#byReference(reference));
    const card = payment.card ?? { brand: 'visa', last4: '4242', fingerprint: 'fingerprint-given' };
    this.#change(payment, { status: 'authorised', card, threeDSecure: { liabilityShift: true } });
  }

  decline(reference: string, failureCode = 'insufficient_funds'): void {
    this.#change(present(this.#byReference(reference)), { status: 'failed', failureCode });
  }

  /** The schemes answer a pending refund. */
  finishRefund(reference: string, status: 'succeeded' | 'failed'): void {
    const refund = present([...this.refunds.values()].find((each) => each.reference === reference));
    Object.assign(refund, { status, version: refund.version + 1 });
    if (status === 'succeeded') this.#book('refund', refund.id, refund.reference, refund.currency, -refund.amount);
    this.#tell(`refund.${status}`, { refund });
  }

  /** Somebody refunds on the processor's own page. */
  refundByItself(reference: string, amount: number): void {
    const refund = this.#newRefund(`dashboard-${id('re')}`, present(this.#byReference(reference)), amount);
    this.finishRefund(refund.reference, 'succeeded');
  }

  chargeBack(reference: string, amount: number, fee = 1_500): string {
    const { currency, id: paymentId } = present(this.#byReference(reference));
    const chargeback = {
      id: id('cb'),
      paymentReference: reference,
      amount,
      fee,
      currency,
      reason: 'fraudulent',
      status: 'open',
      version: 1,
    };
    this.#chargebacks.set(chargeback.id, { chargeback, version: 1 });
    this.#book('chargeback', chargeback.id, reference, currency, -amount);
    this.#book('chargeback_fee', chargeback.id, reference, currency, -fee);
    this.#tell('chargeback.opened', { chargeback, paymentId });
    return chargeback.id;
  }

  decideChargeback(processorId: string, status: 'won' | 'lost'): void {
    const { chargeback } = present(this.#chargebacks.get(processorId));
    const { paymentReference, currency, amount } = chargeback as {
      paymentReference: string;
      currency: AssetCode;
      amount: number;
    };
    if (status === 'won') this.#book('chargeback_reversal', processorId, paymentReference, currency, amount);
    this.#tell(`chargeback.${status}`, { chargeback: { ...chargeback, status, version: 2 } });
  }

  payOut(asset: AssetCode, gross: number, fees: number): { id: string; net: number } {
    const payout = {
      id: id('po'),
      currency: asset,
      gross,
      fees,
      net: gross - fees,
      createdAt: new Date().toISOString(),
    };
    this.#tell('payout.paid', { payout });
    return payout;
  }

  #newRefund(reference: string, payment: Payment, amount: number): Refund {
    const refund: Refund = {
      id: id('re'),
      reference,
      paymentReference: payment.reference,
      amount,
      currency: payment.currency,
      status: 'pending',
      version: 1,
    };
    this.refunds.set(refund.id, refund);
    return refund;
  }

  #change(payment: Payment, change: Partial<Payment>): Payment {
    Object.assign(payment, change, { version: payment.version + 1 });
    this.#tell(`payment.${payment.status}`, { payment });
    return payment;
  }

  #tell(type: string, data: object): void {
    const seq = BigInt(this.events.length + 1);
    this.events.push({ id: id('evt'), seq, type, data: JSON.parse(JSON.stringify(data)) as unknown });
  }

  #book(type: CardReportLine['type'], objectId: string, reference: string, asset: AssetCode, amount: number): void {
    const seq = BigInt(this.report.length + 1);
    const line = { id: `txn_${id('r')}`, seq, type, objectId, reference, asset, amount: BigInt(amount), fee: 0n };
    this.report.push({ ...line, createdAt: new Date() });
  }

  #byReference(reference: string): Payment | undefined {
    return [...this.payments.values()].find((payment) => payment.reference === reference);
  }

  #payment(processorId: string): Payment {
    return present(this.payments.get(processorId));
  }

  async #call<Result>(name: string, work: () => Result): Promise<Result> {
    this.calls.push(name);
    await Promise.resolve();
    if (this.unreachable) throw new OutsideUnavailable('the fake processor is unreachable');
    const result = work();
    if (this.loseNextAnswer) {
      this.loseNextAnswer = false;
      throw new OutsideUnavailable('the answer of the fake processor was lost');
    }
    return result;
  }
}

export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new OutsideRefused(404, 'not_found');
  return value;
}

export function page<Item>(all: readonly Item[], position: bigint, limit: number): FeedPage<Item> {
  const items = all.slice(Number(position), Number(position) + limit);
  return { items, next: position + BigInt(items.length) };
}

function snapshotOf(payment: Payment): CardPaymentSnapshot {
  const isOpen = payment.status.startsWith('requires_');
  const nextAction = isOpen ? { url: `https://card.example/pay/${payment.id}` } : null;
  const fact = cardFactOf({ type: 'payment.changed', data: { payment: { ...payment, nextAction } } });
  if (fact.kind !== 'payment') throw new Error('a payment reads as a payment');
  return fact.payment;
}

function refundSnapshotOf(refund: Refund): RefundSnapshot {
  const fact = cardFactOf({ type: 'refund.changed', data: { refund } });
  if (fact.kind !== 'refund') throw new Error('a refund reads as a refund');
  return fact.refund;
}
