import { z } from 'zod';
import { type AssetCode, isAssetCode } from '@core/money';
import { type CardDescription, type CardFact, type CardPaymentSnapshot, type CardProcessor, type CardReportLine, type ChargebackSnapshot, type FeedPage, type OpenCardPayment, type OutsideEvent, type PayoutSnapshot, type RefundSnapshot } from './card-processor.js'; // prettier-ignore
import { OutsideRefused } from './outside-error.js';
import { OutsideHttp, type OutsideHttpOptions, readAs } from './outside-http.js';

const Id = z.string().min(1).max(100);
const Version = z.number().int().positive().transform(BigInt);
const Currency = z.string().refine((code): code is AssetCode => isAssetCode(code));
/** Minor units as a JSON integer, which zod holds to the range in which integers are exact. */
const Minor = z.number().int().transform(BigInt);
const Positive = z.number().int().positive().transform(BigInt);
const Time = z.iso.datetime().transform((text) => new Date(text));

const Payment = z.object({
  id: Id,
  reference: Id,
  amount: Positive,
  currency: Currency,
  status: z.enum(['requires_card', 'requires_action', 'authorised', 'captured', 'failed', 'cancelled']),
  card: z
    .object({ brand: z.string().max(32), last4: z.string().regex(/^\d{4}$/), fingerprint: z.string().max(64) })
    .nullable(),
  threeDSecure: z.object({ liabilityShift: z.boolean() }).nullable(),
  failureCode: z.string().max(64).nullable(),
  nextAction: z.object({ url: z.url({ protocol: /^https?$/ }) }).nullish(),
  version: Version,
});
const Refund = z.object({
  id: Id,
  reference: Id,
  paymentReference: Id,
  amount: Positive,
  currency: Currency,
  status: z.enum(['pending', 'succeeded', 'failed']),
  version: Version,
});
const Chargeback = z.object({
  id: Id,
  paymentReference: Id,
  amount: Positive,
  fee: Minor,
  currency: Currency,
  reason: z.string().max(64),
  status: z.enum(['open', 'won', 'lost']),
  version: Version,
});
const Payout = z.object({ id: Id, currency: Currency, gross: Minor, fees: Minor, net: Positive, createdAt: Time });
const Card = z.object({
  token: z.string().regex(/^tok_[A-Za-z0-9]{8,64}$/),
  brand: z.string().max(32),
  last4: z.string().regex(/^\d{4}$/),
  expiryMonth: z.number().int().min(1).max(12),
  expiryYear: z.number().int().min(2000).max(2200),
  fingerprint: z.string().min(8).max(64),
});
const Row = z.object({
  id: z.string().regex(/^txn_\d{1,18}$/),
  type: z.enum(['charge', 'refund', 'chargeback', 'chargeback_fee', 'chargeback_reversal']),
  objectId: Id,
  reference: Id,
  amount: Minor,
  fee: Minor,
  currency: Currency,
  createdAt: Time,
});
const Event = z.object({ id: Id, seq: z.number().int().positive().transform(BigInt), type: z.string().max(64), data: z.unknown() }); // prettier-ignore
const Next = z.number().int().min(0).transform(BigInt);

const paymentOf = (from: z.infer<typeof Payment>): CardPaymentSnapshot => ({
  processorId: from.id,
  reference: from.reference,
  version: from.version,
  asset: from.currency,
  amount: from.amount,
  status: from.status === 'requires_card' || from.status === 'requires_action' ? 'opened' : from.status,
  actionUrl: from.nextAction?.url ?? null,
  card: from.card,
  liabilityShifted: from.threeDSecure?.liabilityShift ?? null,
  failureCode: from.failureCode,
});
const refundOf = ({ id, currency, status, ...from }: z.infer<typeof Refund>): RefundSnapshot => ({
  ...from,
  processorId: id,
  asset: currency,
  status: status === 'pending' ? 'submitted' : status,
});
const chargebackOf = ({ id, currency, ...from }: z.infer<typeof Chargeback>): ChargebackSnapshot => ({
  ...from,
  processorId: id,
  asset: currency,
});
const payoutOf = ({ id, currency, ...from }: z.infer<typeof Payout>): PayoutSnapshot => ({
  ...from,
  processorId: id,
  asset: currency,
});
const lineOf = ({ currency, ...row }: z.infer<typeof Row>): CardReportLine => ({
  ...row,
  asset: currency,
  seq: BigInt(row.id.slice('txn_'.length)),
});

/** The sandbox card processor (`apps/sandbox/card`) over HTTP. */
export class SandboxCard implements CardProcessor {
  readonly #http: OutsideHttp;

  constructor(options: Omit<OutsideHttpOptions, 'name'>) {
    this.#http = new OutsideHttp({ ...options, name: 'card' });
  }

  describeCard(token: string): Promise<CardDescription> {
    return this.#http.json(Card, { method: 'GET', path: `/v1/cards/${encodeURIComponent(token)}` });
  }

  async open({
    reference,
    asset,
    amount,
    cardToken,
    require3ds,
    returnUrl,
  }: OpenCardPayment): Promise<CardPaymentSnapshot> {
    const body = {
      reference,
      amount: jsonInteger(amount),
      currency: asset,
      require3ds,
      ...(cardToken !== null && { cardToken }),
      ...(returnUrl !== null && { returnUrl }),
    };
    try {
      return await this.#payment({ method: 'POST', path: '/v1/payments', body, key: reference });
    } catch (error) {
      // Known under this reference, though not under this key: then that is the payment.
      if (!(error instanceof OutsideRefused && error.status === 409)) throw error;
      return this.#payment({ method: 'GET', path: `/v1/payments?reference=${encodeURIComponent(reference)}` });
    }
  }

  capture(processorId: string, key: string): Promise<CardPaymentSnapshot> {
    return this.#payment({ method: 'POST', path: `/v1/payments/${processorId}/capture`, body: {}, key });
  }

  cancel(processorId: string, key: string): Promise<CardPaymentSnapshot> {
    return this.#payment({ method: 'POST', path: `/v1/payments/${processorId}/cancel`, body: {}, key });
  }

  payment(processorId: string): Promise<CardPaymentSnapshot> {
    return this.#payment({ method: 'GET', path: `/v1/payments/${processorId}` });
  }

  async refund(asked: { reference: string; paymentId: string; amount: bigint }): Promise<RefundSnapshot> {
    const body = { reference: asked.reference, paymentId: asked.paymentId, amount: jsonInteger(asked.amount) };
    return refundOf(await this.#http.json(Refund, { method: 'POST', path: '/v1/refunds', body, key: asked.reference }));
  }

  async refundStatus(processorId: string): Promise<RefundSnapshot> {
    return refundOf(await this.#http.json(Refund, { method: 'GET', path: `/v1/refunds/${processorId}` }));
  }

  async eventsAfter(position: bigint, limit: number): Promise<FeedPage<OutsideEvent>> {
    const page = z.object({ events: z.array(Event).max(limit), next: Next });
    const { events, next } = await this.#http.json(page, { method: 'GET', path: `/v1/events?after=${position}&limit=${limit}` }); // prettier-ignore
    return { items: events, next };
  }

  async reportAfter(position: bigint, limit: number): Promise<FeedPage<CardReportLine>> {
    const page = z.object({ rows: z.array(Row).max(limit), next: Next });
    const path = `/v1/balance-transactions?after=${position}&limit=${limit}`;
    const { rows, next } = await this.#http.json(page, { method: 'GET', path });
    return { items: rows.map(lineOf), next };
  }

  factOf(event: Pick<OutsideEvent, 'type' | 'data'>): CardFact {
    return cardFactOf(event);
  }

  async #payment(request: Parameters<OutsideHttp['json']>[1]): Promise<CardPaymentSnapshot> {
    return paymentOf(await this.#http.json(Payment, request));
  }
}

/** What an event of the sandbox card processor says. @throws OutsideNonsense */
export function cardFactOf({ type, data }: Pick<OutsideEvent, 'type' | 'data'>): CardFact {
  switch (type.split('.')[0]) {
    case 'payment':
      return { kind: 'payment', payment: paymentOf(readAs(z.object({ payment: Payment }), data).payment) };
    case 'refund':
      return { kind: 'refund', refund: refundOf(readAs(z.object({ refund: Refund }), data).refund) };
    case 'chargeback':
      return { kind: 'chargeback', chargeback: chargebackOf(readAs(z.object({ chargeback: Chargeback }), data).chargeback) }; // prettier-ignore
    case 'payout':
      return { kind: 'payout', payout: payoutOf(readAs(z.object({ payout: Payout }), data).payout) };
    default:
      return { kind: 'other' };
  }
}

/** @throws RangeError beyond the integers that JSON readers keep exact */
function jsonInteger(minor: bigint): number {
  if (minor > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('the amount does not fit into a JSON integer');
  return Number(minor);
}
