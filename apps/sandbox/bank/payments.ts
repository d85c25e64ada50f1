import { newId } from '../outside/ids.js';
import { found, Problem } from '../outside/problem.js';
import { type Collection, type Store } from '../outside/store.js';
import { type Webhooks } from '../outside/webhooks.js';
import { cents, type Currency } from './amounts.js';
import { type BankLedger } from './ledger.js';
import { matchNames } from './names.js';

/** ISO 20022 reason codes: wrong account, closed account, too little money, name does not fit the account, anything else. */
export const REASONS = ['AC01', 'AC04', 'AM04', 'BE01', 'MS03'] as const;
export type Reason = (typeof REASONS)[number];

export interface BankPayment {
  readonly id: string;
  /** The customer's own id of the payment; unique, so that the same payment is never taken twice, whatever the idempotency key. */
  readonly endToEndId: string;
  readonly amount: string;
  readonly currency: Currency;
  readonly creditor: { readonly name: string; readonly account: string };
  readonly reference: string;
  /** The line that this payment sends back to its payer. */
  readonly returnOf: string | null;
  readonly status: 'accepted' | 'rejected' | 'settled' | 'returned';
  readonly reason: Reason | null;
  readonly createdAt: string;
  readonly version: number;
}

export interface NewBankPayment {
  readonly endToEndId: string;
  readonly amount: string;
  readonly currency: Currency;
  readonly creditor: { readonly name: string; readonly account: string };
  readonly reference: string;
  readonly returnOf?: string;
}

/**
 * Payments out of the nostro accounts: accepted or refused at once, settled or rejected later, and returned by the payee's bank when the name does
 * not fit the account. Methods check first, then put, synchronously, with the event of each change; the caller commits.
 */
export class BankPayments {
  readonly payments: Collection<BankPayment>;
  readonly #byEndToEndId: Map<string, string>;

  constructor(
    store: Store,
    private readonly webhooks: Webhooks,
    private readonly ledger: BankLedger,
  ) {
    this.payments = store.collection('payments');
    this.#byEndToEndId = new Map(this.payments.all().map(({ endToEndId, id }) => [endToEndId, id]));
  }

  get(id: string): BankPayment {
    return found(this.payments.get(id), 'payment');
  }

  byEndToEndId(endToEndId: string): BankPayment {
    return this.get(found(this.#byEndToEndId.get(endToEndId), 'payment'));
  }

  create({ returnOf, ...asked }: NewBankPayment): BankPayment {
    if (this.#byEndToEndId.has(asked.endToEndId))
      throw new Problem(409, 'duplicate_end_to_end_id', 'this payment is known');
    if (returnOf !== undefined) found(this.ledger.lines.get(returnOf), 'line');
    const payment: BankPayment = {
      id: newId('bp'),
      ...asked,
      returnOf: returnOf ?? null,
      status: 'accepted',
      reason: null,
      createdAt: new Date().toISOString(),
      version: 1,
    };
    this.#byEndToEndId.set(payment.endToEndId, payment.id);
    this.payments.put(payment.id, payment);
    const known = this.ledger.outside.get(asked.creditor.account) !== undefined;
    const refusal = !known ? 'AC01' : this.#available(payment) < 0n ? 'AM04' : undefined;
    if (refusal !== undefined) return this.#change(payment, { status: 'rejected', reason: refusal });
    return this.#change(payment, {});
  }

  /** Books an accepted payment, or rejects it where it cannot be booked; any other one stays as it is. */
  settle(id: string): BankPayment {
    const payment = this.get(id);
    if (payment.status !== 'accepted') return payment;
    const payee = this.ledger.outside.get(payment.creditor.account);
    if (payee === undefined || payee.status === 'closed') return this.reject(id, 'AC04');
    const { amount, currency, creditor, reference, endToEndId } = payment;
    this.ledger.book({
      currency,
      direction: 'debit',
      amount,
      counterparty: creditor,
      reference,
      endToEndId,
      paymentId: id,
      returnOf: null,
      returnReason: null,
    });
    this.ledger.move(payee.account, currency, cents(amount));
    return this.#change(payment, { status: 'settled' });
  }

  reject(id: string, reason: Reason): BankPayment {
    const payment = this.get(id);
    if (payment.status !== 'accepted') throw new Problem(409, 'not_accepted', `the payment is ${payment.status}`);
    return this.#change(payment, { status: 'rejected', reason });
  }

  /** The payee's bank sends the money back. */
  return(id: string, reason: Reason): BankPayment {
    const payment = this.get(id);
    if (payment.status !== 'settled') throw new Problem(409, 'not_settled', `the payment is ${payment.status}`);
    const { amount, currency, creditor, endToEndId } = payment;
    this.ledger.move(creditor.account, currency, -cents(amount));
    const reference = `RETURN ${endToEndId} ${reason}`;
    this.ledger.book({
      currency,
      direction: 'credit',
      amount,
      counterparty: creditor,
      reference,
      endToEndId,
      paymentId: id,
      returnOf: id,
      returnReason: reason,
    });
    return this.#change(payment, { status: 'returned', reason });
  }

  /** Whether the payee's bank will send this payment back because the account belongs to somebody else. */
  namesDiffer({ creditor, returnOf }: BankPayment): boolean {
    const payee = this.ledger.outside.get(creditor.account);
    return returnOf === null && payee !== undefined && matchNames(creditor.name, payee.holder) === 'no_match';
  }

  /** The nostro balance that is not promised to accepted payments, this one included. */
  #available({ currency }: BankPayment): bigint {
    const promised = this.payments
      .all()
      .filter((payment) => payment.currency === currency && payment.status === 'accepted')
      .reduce((sum, { amount }) => sum + cents(amount), 0n);
    return cents(this.ledger.nostro(currency).balance) - promised;
  }

  #change(payment: BankPayment, change: Partial<BankPayment>): BankPayment {
    const changed = this.payments.put(payment.id, { ...payment, ...change, version: payment.version + 1 });
    this.webhooks.record(`payment.${changed.status}`, { payment: changed });
    return changed;
  }
}
