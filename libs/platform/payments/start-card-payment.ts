import { type AssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type CardPayment } from './card-payment.js';
import { insertCardPayment } from './card-payments.js';
import { findCard } from './cards.js';
import { type Chronicle } from './chronicle.js';
import { ensureCustomer } from './customers.js';
import { assertUnrestricted } from './freezes.js';
import { type Purpose } from './purpose.js';
import { refused } from './refusals.js';
import { type CardTerms } from './terms.js';

export interface StartCardPaymentRequest {
  readonly customerId: string;
  readonly asset: AssetCode;
  /** Minor units. */
  readonly amount: bigint;
  /** A saved card; without one the customer gives a card on the processor's page. */
  readonly cardId?: string | undefined;
  /** Comes back in every event about this payment. */
  readonly purpose?: Purpose | undefined;
  /**
   * Puts captured money on a ledger hold under the payment's id, so that nothing but the purpose can use it: the product captures or releases
   * that hold. Without it the money is simply the customer's.
   */
  readonly lockFunds?: boolean | undefined;
  /** Where the processor's page sends the customer back to. */
  readonly returnUrl?: string | undefined;
}

/** Begins a card payment. The processor hears of it after the commit; the page to go to appears on the payment a moment later. */
export class StartCardPayment {
  constructor(
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly terms: CardTerms,
  ) {}

  /** @throws Refusal */
  async run(tx: Tx, request: StartCardPaymentRequest): Promise<CardPayment> {
    const { customerId, asset, amount, cardId } = request;
    const limits = this.terms.limits[asset];
    if (limits === undefined) throw refused('asset_not_supported', { field: 'asset' });
    if (amount < limits.min) throw refused('amount_too_small', { field: 'amount' });
    if (amount > limits.max) throw refused('amount_too_large', { field: 'amount' });
    const now = this.clock.now();
    await ensureCustomer(tx, customerId, now);
    await assertUnrestricted(tx, customerId);
    if (cardId !== undefined) await findCard(tx, customerId, cardId);
    const payment: CardPayment = {
      id: uuidV7(now.getTime()),
      customerId,
      asset,
      amount,
      cardId: cardId ?? null,
      purpose: request.purpose ?? null,
      lockFunds: request.lockFunds ?? false,
      returnUrl: request.returnUrl ?? null,
      state: 'CREATED',
      givingUp: null,
      processorId: null,
      processorVersion: 0n,
      actionUrl: null,
      cardBrand: null,
      cardLast4: null,
      cardFingerprint: null,
      failureCode: null,
      refunded: 0n,
      createdAt: now,
      expiresAt: new Date(now.getTime() + this.terms.authenticateWithinMs),
      capturedAt: null,
    };
    await insertCardPayment(tx, payment);
    await this.chronicle.moved(tx, {
      aggregate: 'card-payment',
      id: payment.id,
      event: 'created',
      from: null,
      to: 'CREATED',
    });
    await this.outbox.enqueue(tx, { kind: 'payments.open-card-payment', payload: { paymentId: payment.id } });
    return payment;
  }
}
