import { newId } from '../outside/ids.js';
import { found, Problem } from '../outside/problem.js';
import { type Collection, type Store } from '../outside/store.js';
import { type Webhooks } from '../outside/webhooks.js';
import { cents, CURRENCIES, decimal, type Currency } from './amounts.js';
import { newIban } from './iban.js';

/** The account that the platform has with this bank, one per currency. */
export interface Nostro {
  readonly account: string;
  readonly currency: Currency;
  readonly holder: string;
  readonly balance: string;
}

/** The account of somebody else, here or elsewhere. */
export interface OutsideAccount {
  readonly account: string;
  readonly holder: string;
  readonly status: 'open' | 'closed';
  /** What has come and gone, by currency. It may be negative: what outsiders own is not the sandbox's business. */
  readonly balances: Readonly<Partial<Record<Currency, string>>>;
}

/** One booked line of a nostro account's statement. Lines are numbered without gaps over all accounts and never change. */
export interface Line {
  readonly id: string;
  readonly seq: number;
  readonly account: string;
  readonly currency: Currency;
  readonly direction: 'credit' | 'debit';
  readonly amount: string;
  readonly bookedAt: string;
  readonly counterparty: { readonly name: string; readonly account: string };
  /** Unstructured remittance information: whatever the payer wrote. */
  readonly reference: string;
  readonly endToEndId: string | null;
  readonly paymentId: string | null;
  /** Of a payment that came back: its id, and the reason in ISO 20022's codes. */
  readonly returnOf: string | null;
  readonly returnReason: string | null;
  readonly balanceAfter: string;
}

type NewLine = Omit<Line, 'id' | 'seq' | 'account' | 'bookedAt' | 'balanceAfter'>;

const HOLDER = 'Strongroom Clients';

/** Accounts and booked lines. Methods check first, then put, synchronously; the caller commits. */
export class BankLedger {
  readonly nostros: Collection<Nostro>;
  readonly outside: Collection<OutsideAccount>;
  readonly lines: Collection<Line>;

  constructor(
    store: Store,
    private readonly webhooks: Webhooks,
  ) {
    this.nostros = store.collection('nostros');
    this.outside = store.collection('outside');
    this.lines = store.collection('lines');
    // The numbers are fixed, so that a wiped bank is still found under the account number that people have written down.
    CURRENCIES.forEach((currency, at) => {
      if (this.nostros.get(currency) !== undefined) return;
      this.nostros.put(currency, { account: newIban(at + 1), currency, holder: HOLDER, balance: '0.00' });
    });
  }

  nostro(currency: Currency): Nostro {
    return found(this.nostros.get(currency), 'nostro account');
  }

  open(holder: string): OutsideAccount {
    const account = newIban();
    return this.outside.put(account, { account, holder, status: 'open', balances: {} });
  }

  close(account: string): OutsideAccount {
    return this.outside.put(account, { ...found(this.outside.get(account), 'account'), status: 'closed' });
  }

  /** Somebody pays into a nostro account. `debtorName` is what their bank says of them: usually, but not always, the account's holder. */
  wire(asked: { from: string; amount: string; currency: Currency; reference: string; debtorName?: string }): Line {
    const from = found(this.outside.get(asked.from), 'account');
    if (from.status === 'closed') throw new Problem(409, 'account_closed', 'this account is closed');
    this.move(from.account, asked.currency, -cents(asked.amount));
    return this.book({
      currency: asked.currency,
      direction: 'credit',
      amount: asked.amount,
      counterparty: { name: asked.debtorName ?? from.holder, account: from.account },
      reference: asked.reference,
      endToEndId: null,
      paymentId: null,
      returnOf: null,
      returnReason: null,
    });
  }

  /** Books a line on the nostro account of its currency, and tells the customer of a credit. */
  book(line: NewLine): Line {
    const nostro = this.nostro(line.currency);
    const signed = line.direction === 'credit' ? cents(line.amount) : -cents(line.amount);
    const balance = decimal(cents(nostro.balance) + signed);
    const booked: Line = {
      ...line,
      id: newId('ln'),
      seq: this.lines.size + 1,
      account: nostro.account,
      bookedAt: new Date().toISOString(),
      balanceAfter: balance,
    };
    this.nostros.put(nostro.currency, { ...nostro, balance });
    this.lines.put(booked.id, booked);
    if (booked.direction === 'credit') this.webhooks.record('credit.booked', { line: booked });
    return booked;
  }

  move(account: string, currency: Currency, by: bigint): void {
    const outside = found(this.outside.get(account), 'account');
    const balance = decimal(cents(outside.balances[currency] ?? '0.00') + by);
    this.outside.put(account, { ...outside, balances: { ...outside.balances, [currency]: balance } });
  }
}
