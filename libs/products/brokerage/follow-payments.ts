import { z } from 'zod';
import { isAssetCode, parseAmount } from '@core/money';
import { type Tx } from '@base/database';
import { type DomainEvent } from '@base/events';
import { Refusal } from '@base/http';
import { type Logger } from '@base/observability';
import { type FundInventory } from './fund-inventory.js';
import { type ReceivePayment } from './receive-payment.js';
import { type ReverseOrder } from './reverse-order.js';

/** What we tell payments that money is for; it comes back in its events. */
export const purposeOf = (orderId: string) => ({ kind: 'brokerage-order', id: orderId }) as const;

const purpose = z.object({ kind: z.string(), id: z.string() }).nullable();
const asset = z.string().refine(isAssetCode);

const paymentEvent = z.object({
  asset,
  amount: z.string(),
  purpose,
  holdId: z.uuid().nullish(),
  liabilityShifted: z.boolean().nullish(),
  failureCode: z.string().nullish(),
  outcome: z.string().nullish(),
});
const ownMoney = z.object({ asset, amount: z.string() });

export const PAYMENT_EVENTS = [
  'payments.card-captured',
  'payments.card-failed',
  'payments.card-refunded',
  'payments.card-refund-failed',
  'payments.bank-credited',
  'payments.chargeback-opened',
  'payments.chargeback-won',
] as const;

/** The house's own money that others have booked into its inventory. */
export const TREASURY_EVENTS = ['payments.treasury-credited', 'custody.house-deposit-credited'] as const;

/** Brings orders on by what payments tells. Each event once and in order; events about money that is not for an order are passed over. */
export class FollowPayments {
  constructor(
    private readonly receive: ReceivePayment,
    private readonly reverse: ReverseOrder,
    private readonly funding: FundInventory,
    private readonly logger: Logger,
  ) {}

  async payment(tx: Tx, event: DomainEvent): Promise<void> {
    const payload = paymentEvent.parse(event.payload);
    if (payload.purpose?.kind !== purposeOf('').kind) return;
    try {
      await this.#apply(tx, event, payload.purpose.id, payload);
    } catch (error) {
      // An event about an order that does not exist must not hold up those behind it.
      if (!(error instanceof Refusal) || error.code !== 'order_not_found') throw error;
      this.logger.error({ event: event.id, order: payload.purpose.id }, 'payments names an order that does not exist');
    }
  }

  async treasury(tx: Tx, event: DomainEvent): Promise<void> {
    const { asset: of, amount } = ownMoney.parse(event.payload);
    await this.funding.note(tx, {
      id: event.id,
      asset: of,
      amount: parseAmount(amount, of),
      source: `${event.aggregate}:${event.aggregateId}`,
    });
  }

  async #apply(tx: Tx, event: DomainEvent, orderId: string, payload: z.infer<typeof paymentEvent>): Promise<void> {
    switch (event.type as (typeof PAYMENT_EVENTS)[number]) {
      case 'payments.card-captured':
      case 'payments.bank-credited':
        await this.receive.received(tx, {
          orderId,
          amount: parseAmount(payload.amount, payload.asset),
          holdId: payload.holdId ?? null,
          liabilityShifted: payload.liabilityShifted ?? null,
        });
        return;
      case 'payments.card-failed':
        return this.receive.declined(tx, orderId, payload.failureCode ?? payload.outcome ?? 'DECLINED');
      case 'payments.card-refunded':
        return this.receive.refunded(tx, orderId);
      case 'payments.card-refund-failed':
        return this.receive.refundFailed(tx, orderId);
      case 'payments.chargeback-opened':
        return this.reverse.chargedBack(tx, orderId, event.id);
      case 'payments.chargeback-won':
        return this.reverse.won(tx, orderId);
    }
  }
}
