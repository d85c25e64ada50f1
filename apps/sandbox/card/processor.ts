import { newId, sameSecret } from '../outside/ids.js';
import { omit } from '../outside/omit.js';
import { found, Problem } from '../outside/problem.js';
import { type Collection, type Store } from '../outside/store.js';
import { type Webhooks } from '../outside/webhooks.js';
import { type BalanceTransaction, type Chargeback, type Currency, type Payment, type Refund } from './objects.js';
import { type CardToken, type Decline } from './test-cards.js';

const CHARGE_FEE_BPS = 280n;
const CHARGEBACK_FEE = 1_500;

/** 2.80 % of the charge, rounded up to the minor unit: what rounding gains is the processor's, as in life. */
const chargeFee = (amount: number): number => Number((BigInt(amount) * CHARGE_FEE_BPS + 9_999n) / 10_000n);

export interface NewPayment {
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly cardToken?: string;
  readonly require3ds: boolean;
  readonly returnUrl?: string;
}

/**
 * The card processor's books: payments from intent to capture, refunds, chargebacks, and the merchant's balance. Methods check first and
 * then put, synchronously, and record the event of each change beside it; the caller commits.
 */
export class Processor {
  readonly tokens: Collection<CardToken>;
  readonly payments: Collection<Payment>;
  readonly refunds: Collection<Refund>;
  readonly chargebacks: Collection<Chargeback>;
  readonly transactions: Collection<BalanceTransaction>;
  readonly #byReference: Map<string, string>;

  constructor(
    store: Store,
    private readonly webhooks: Webhooks,
  ) {
    this.tokens = store.collection('tokens');
    this.payments = store.collection('payments');
    this.refunds = store.collection('refunds');
    this.chargebacks = store.collection('chargebacks');
    this.transactions = store.collection('transactions');
    this.#byReference = new Map(this.payments.all().map(({ reference, id }) => [reference, id]));
  }

  payment(id: string): Payment {
    return found(this.payments.get(id), 'payment');
  }

  paymentByReference(reference: string): Payment {
    return this.payment(found(this.#byReference.get(reference), 'payment'));
  }

  createPayment(asked: NewPayment): Payment {
    if (this.#byReference.has(asked.reference))
      throw new Problem(409, 'duplicate_reference', 'this reference has a payment');
    const card = asked.cardToken === undefined ? undefined : this.#card(asked.cardToken);
    const payment: Payment = {
      id: newId('pay'),
      reference: asked.reference,
      amount: asked.amount,
      currency: asked.currency,
      status: 'requires_card',
      card: null,
      threeDSecure: null,
      amountRefunded: 0,
      failureCode: null,
      returnUrl: asked.returnUrl ?? null,
      pageSecret: newId('page'),
      require3ds: asked.require3ds,
      createdAt: new Date().toISOString(),
      version: 1,
    };
    this.#byReference.set(payment.reference, payment.id);
    this.payments.put(payment.id, payment);
    return card === undefined ? payment : this.#present(payment, card);
  }

  /** The customer gave a card on the processor's own page. */
  giveCard(id: string, secret: string, token: string): Payment {
    const payment = this.page(id, secret);
    const card = this.#card(token);
    if (payment.status !== 'requires_card') throw new Problem(409, 'not_awaiting_card', 'this payment has its card');
    return this.#present(payment, card);
  }

  /** The payment of a page's address. @throws Problem 404 for a wrong secret, as for a payment that does not exist */
  page(id: string, secret: string): Payment {
    const payment = this.payments.get(id);
    return found(payment && sameSecret(secret, payment.pageSecret) ? payment : undefined, 'payment');
  }

  /** The customer answered the 3-D Secure challenge. */
  answerChallenge(id: string, secret: string, outcome: 'approve' | 'deny'): Payment {
    const payment = this.page(id, secret);
    if (payment.status !== 'requires_action')
      throw new Problem(409, 'not_awaiting_action', 'nothing is asked of you any more');
    const card = this.#card(payment.card?.token ?? '');
    if (outcome === 'deny' || card.behaviour.threeDSecure === 'broken') {
      return this.#fail(
        { ...payment, threeDSecure: { result: 'failed', liabilityShift: false } },
        'authentication_failed',
      );
    }
    return this.#authorise({ ...payment, threeDSecure: { result: 'authenticated', liabilityShift: true } }, card);
  }

  capture(id: string): Payment {
    const payment = this.payment(id);
    if (payment.status === 'captured') return payment;
    if (payment.status !== 'authorised') throw new Problem(409, 'not_authorised', `the payment is ${payment.status}`);
    const fee = chargeFee(payment.amount);
    this.#book('charge', payment, payment.reference, payment.id, payment.amount, fee);
    return this.#change(payment, { status: 'captured' }, 'payment.captured');
  }

  /** Gives up a payment that has not been captured, and lets an authorisation go. */
  cancel(id: string): Payment {
    const payment = this.payment(id);
    if (payment.status === 'cancelled') return payment;
    if (payment.status === 'captured' || payment.status === 'failed') {
      throw new Problem(409, 'not_cancellable', `the payment is ${payment.status}`);
    }
    return this.#change(payment, { status: 'cancelled' }, 'payment.cancelled');
  }

  createRefund(asked: { paymentId: string; reference: string; amount: number }): Refund {
    const payment = this.payment(asked.paymentId);
    if (payment.status !== 'captured') throw new Problem(409, 'not_captured', `the payment is ${payment.status}`);
    const charged = this.chargebacks
      .all()
      .some(({ paymentId, status }) => paymentId === payment.id && status !== 'won');
    if (charged) throw new Problem(409, 'charged_back', 'the cardholder has charged this payment back');
    const pending = this.refunds
      .all()
      .filter(({ paymentId, status }) => paymentId === payment.id && status === 'pending');
    const open = payment.amount - payment.amountRefunded - pending.reduce((sum, { amount }) => sum + amount, 0);
    if (asked.amount > open) throw new Problem(422, 'refund_too_large', `at most ${open} can still be refunded`);
    const refund: Refund = {
      id: newId('re'),
      reference: asked.reference,
      paymentId: payment.id,
      paymentReference: payment.reference,
      amount: asked.amount,
      currency: payment.currency,
      status: 'pending',
      createdAt: new Date().toISOString(),
      version: 1,
    };
    return this.refunds.put(refund.id, refund);
  }

  /** The schemes answered a pending refund. */
  finishRefund(id: string): Refund {
    const refund = found(this.refunds.get(id), 'refund');
    if (refund.status !== 'pending') return refund;
    const payment = this.payment(refund.paymentId);
    const fails = this.#card(payment.card?.token ?? '').behaviour.refunds === 'fail';
    const finished: Refund = { ...refund, status: fails ? 'failed' : 'succeeded', version: refund.version + 1 };
    this.refunds.put(id, finished);
    if (!fails) {
      this.#book('refund', payment, refund.reference, id, -refund.amount, 0);
      const amountRefunded = payment.amountRefunded + refund.amount;
      this.payments.put(payment.id, { ...payment, amountRefunded, version: payment.version + 1 });
    }
    this.webhooks.record(`refund.${finished.status}`, { refund: finished });
    return finished;
  }

  openChargeback(asked: { paymentId: string; amount?: number; reason: string }): Chargeback {
    const payment = this.payment(asked.paymentId);
    if (payment.status !== 'captured') throw new Problem(409, 'not_captured', `the payment is ${payment.status}`);
    if (this.chargebacks.all().some(({ paymentId }) => paymentId === payment.id)) {
      throw new Problem(409, 'already_charged_back', 'this payment has a chargeback');
    }
    const open = payment.amount - payment.amountRefunded;
    const amount = asked.amount ?? open;
    if (amount < 1 || amount > open)
      throw new Problem(422, 'chargeback_too_large', `at most ${open} is left to charge back`);
    const chargeback: Chargeback = {
      id: newId('cb'),
      paymentId: payment.id,
      paymentReference: payment.reference,
      amount,
      fee: CHARGEBACK_FEE,
      currency: payment.currency,
      reason: asked.reason,
      status: 'open',
      createdAt: new Date().toISOString(),
      version: 1,
    };
    this.chargebacks.put(chargeback.id, chargeback);
    this.#book('chargeback', payment, payment.reference, chargeback.id, -amount, 0);
    this.#book('chargeback_fee', payment, payment.reference, chargeback.id, -CHARGEBACK_FEE, 0);
    this.webhooks.record('chargeback.opened', { chargeback });
    return chargeback;
  }

  closeChargeback(id: string, outcome: 'won' | 'lost'): Chargeback {
    const chargeback = found(this.chargebacks.get(id), 'chargeback');
    if (chargeback.status !== 'open') throw new Problem(409, 'closed', `the chargeback is ${chargeback.status}`);
    const closed = this.chargebacks.put(id, { ...chargeback, status: outcome, version: chargeback.version + 1 });
    const payment = this.payment(chargeback.paymentId);
    if (outcome === 'won') this.#book('chargeback_reversal', payment, payment.reference, id, chargeback.amount, 0);
    this.webhooks.record(`chargeback.${outcome}`, { chargeback: closed });
    return closed;
  }

  #card(token: string): CardToken {
    const card = this.tokens.get(token);
    if (card === undefined) throw new Problem(422, 'unknown_card_token', 'there is no such card token');
    return card;
  }

  #present(payment: Payment, card: CardToken): Payment {
    const { behaviour } = card;
    const presented = { ...payment, card: omit(card, 'behaviour') };
    // The issuer may ask for a challenge although the merchant did not.
    if (behaviour.threeDSecure !== 'frictionless') return this.#change(presented, { status: 'requires_action' });
    const threeDSecure = payment.require3ds
      ? ({ result: 'authenticated', liabilityShift: true } as const)
      : ({ result: 'not_required', liabilityShift: false } as const);
    return this.#authorise({ ...presented, threeDSecure }, card);
  }

  #authorise(payment: Payment, card: CardToken): Payment {
    if (card.behaviour.decline !== undefined) return this.#fail(payment, card.behaviour.decline);
    return this.#change(payment, { status: 'authorised' }, 'payment.authorised');
  }

  #fail(payment: Payment, failureCode: Decline): Payment {
    return this.#change(payment, { status: 'failed', failureCode }, 'payment.failed');
  }

  #change(payment: Payment, change: Partial<Payment>, event?: string): Payment {
    const changed = this.payments.put(payment.id, { ...payment, ...change, version: payment.version + 1 });
    if (event !== undefined) this.webhooks.record(event, { payment: publicPayment(changed) });
    return changed;
  }

  #book(
    type: BalanceTransaction['type'],
    { currency }: Payment,
    reference: string,
    objectId: string,
    amount: number,
    fee: number,
  ): void {
    const id = `txn_${String(this.transactions.size + 1).padStart(10, '0')}`;
    const createdAt = new Date().toISOString();
    this.transactions.put(id, {
      id,
      type,
      objectId,
      reference,
      amount,
      fee,
      net: amount - fee,
      currency,
      createdAt,
      payoutId: null,
    });
  }
}

/** A payment as the API shows it: without the secret of its page. */
export const publicPayment = (payment: Payment): Omit<Payment, 'pageSecret' | 'require3ds'> =>
  omit(payment, 'pageSecret', 'require3ds');
