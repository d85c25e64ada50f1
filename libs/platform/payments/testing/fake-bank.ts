import { randomBytes } from 'node:crypto';
import { type AssetCode, formatAmount } from '@core/money';
import { type BankLine, type BankPaymentOrder, type BankPaymentSnapshot, type BankRail, type BankStatement, type NameMatch, type OwnBankAccount } from '../bank-rail.js'; // prettier-ignore
import { type FeedPage, type OutsideEvent } from '../card-processor.js';
import { OutsideUnavailable } from '../outside-error.js';
import { bankFactOf } from '../sandbox-bank.js';
import { type BankStatus } from '../withdrawal.js';
import { page, present } from './fake-card.js';

const id = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;

interface Payment {
  readonly id: string;
  readonly order: BankPaymentOrder;
  status: BankStatus;
  reason: string | null;
  version: number;
}

/**
 * A bank in memory with the sandbox bank's messages. The spec plays payers and payees (`wire`, `settle`, `giveBack`); every change is an event in `events` and money that
 * moved a line in `lines`. `onPay` decides what becomes of an order; `unreachable` and `loseNextAnswer` break the wire.
 */
export class FakeBank implements BankRail {
  readonly payments = new Map<string, Payment>();
  readonly lines: BankLine[] = [];
  readonly events: OutsideEvent[] = [];
  unreachable = false;
  loseNextAnswer = false;
  nameMatch: NameMatch = 'match';
  onPay: (order: BankPaymentOrder) => 'accepted' | 'rejected' = () => 'accepted';

  ownAccounts(): Promise<readonly OwnBankAccount[]> {
    const account = { asset: 'USD' as AssetCode, account: 'GB82WEST12345698765432', holder: 'Strongroom Clients' };
    return this.#call(() => [account]);
  }

  checkPayee(): Promise<NameMatch> {
    return this.#call(() => this.nameMatch);
  }

  pay(order: BankPaymentOrder): Promise<BankPaymentSnapshot> {
    return this.#call(() => {
      const known = this.payments.get(order.endToEndId);
      if (known !== undefined) return snapshotOf(known);
      const payment: Payment = { id: id('bp'), order, status: 'accepted', reason: null, version: 1 };
      this.payments.set(order.endToEndId, payment);
      return snapshotOf(this.#change(payment, this.onPay(order), this.onPay(order) === 'rejected' ? 'AC01' : null));
    });
  }

  findPayment(endToEndId: string): Promise<BankPaymentSnapshot | undefined> {
    return this.#call(() => {
      const payment = this.payments.get(endToEndId);
      return payment && snapshotOf(payment);
    });
  }

  linesAfter(position: bigint, limit: number): Promise<FeedPage<BankLine>> {
    return this.#call(() => page(this.lines, position, limit));
  }

  eventsAfter(position: bigint, limit: number): Promise<FeedPage<OutsideEvent>> {
    return this.#call(() => page(this.events, position, limit));
  }

  statementDays(): Promise<readonly { asset: AssetCode; date: string }[]> {
    const days = this.lines.map(({ asset, bookedAt }) => `${asset} ${bookedAt.toISOString().slice(0, 10)}`);
    return this.#call(() =>
      [...new Set(days)].map((day) => ({ asset: day.slice(0, -11) as AssetCode, date: day.slice(-10) })),
    );
  }

  statement(asset: AssetCode, date: string): Promise<BankStatement> {
    return this.#call(() => {
      const ofAsset = this.lines.filter((line) => line.asset === asset);
      const before = ofAsset.filter(({ bookedAt }) => bookedAt.toISOString().slice(0, 10) < date);
      const lines = ofAsset.filter(({ bookedAt }) => bookedAt.toISOString().slice(0, 10) === date);
      return { asset, date, opening: sum(before), closing: sum(before) + sum(lines), lines };
    });
  }

  factOf = bankFactOf;

  /** Somebody pays in. */
  wire(
    asset: AssetCode,
    amount: bigint,
    reference: string,
    payer = { name: 'Ada Lovelace', account: 'GB33BUKB20201555555555' },
  ): BankLine {
    return this.#book({
      asset,
      direction: 'credit',
      amount,
      counterparty: payer,
      reference,
      endToEndId: null,
      returnOf: null,
    });
  }

  /** The bank takes what nobody ordered. */
  takeUnordered(asset: AssetCode, amount: bigint): BankLine {
    const counterparty = { name: 'The bank itself', account: 'GB82WEST12345698765432' };
    return this.#book({
      asset,
      direction: 'debit',
      amount,
      counterparty,
      reference: 'CHARGES',
      endToEndId: null,
      returnOf: null,
    });
  }

  settle(endToEndId: string): BankLine {
    const payment = present(this.payments.get(endToEndId));
    const { asset, amount, payee, reference } = payment.order;
    const line = this.#book({
      asset,
      direction: 'debit',
      amount,
      counterparty: payee,
      reference,
      endToEndId,
      returnOf: null,
    });
    this.#change(payment, 'settled', null);
    return line;
  }

  reject(endToEndId: string, reason = 'AC04'): void {
    this.#change(present(this.payments.get(endToEndId)), 'rejected', reason);
  }

  giveBack(endToEndId: string, reason = 'BE01'): BankLine {
    const payment = present(this.payments.get(endToEndId));
    const { asset, amount, payee } = payment.order;
    const line = this.#book({
      asset,
      direction: 'credit',
      amount,
      counterparty: payee,
      reference: `RETURN ${reason}`,
      endToEndId,
      returnOf: payment.id,
    });
    this.#change(payment, 'returned', reason);
    return line;
  }

  #book(of: Omit<BankLine, 'id' | 'seq' | 'bookedAt'>): BankLine {
    const line: BankLine = { ...of, id: id('ln'), seq: BigInt(this.lines.length + 1), bookedAt: new Date() };
    this.lines.push(line);
    const { asset, amount, seq, ...rest } = line;
    if (line.direction === 'credit') {
      this.#tell('credit.booked', {
        line: { ...rest, seq: Number(seq), currency: asset, amount: formatAmount(amount, asset) },
      });
    }
    return line;
  }

  #change(payment: Payment, status: BankStatus, reason: string | null): Payment {
    Object.assign(payment, { status, reason, version: payment.version + 1 });
    this.#tell(`payment.${status}`, { payment: jsonOf(payment) });
    return payment;
  }

  #tell(type: string, data: object): void {
    const seq = BigInt(this.events.length + 1);
    this.events.push({ id: id('evt'), seq, type, data: JSON.parse(JSON.stringify(data)) as unknown });
  }

  async #call<Result>(work: () => Result): Promise<Result> {
    await Promise.resolve();
    if (this.unreachable) throw new OutsideUnavailable('the fake bank is unreachable');
    const result = work();
    if (this.loseNextAnswer) {
      this.loseNextAnswer = false;
      throw new OutsideUnavailable('the answer of the fake bank was lost');
    }
    return result;
  }
}

const sum = (lines: readonly BankLine[]): bigint =>
  lines.reduce((total, { direction, amount }) => total + (direction === 'credit' ? amount : -amount), 0n);

const jsonOf = ({ id: paymentId, order, status, reason, version }: Payment) => ({
  id: paymentId,
  endToEndId: order.endToEndId,
  amount: formatAmount(order.amount, order.asset),
  currency: order.asset,
  status,
  reason,
  version,
});

function snapshotOf(payment: Payment): BankPaymentSnapshot {
  const fact = bankFactOf({ type: 'payment.changed', data: { payment: jsonOf(payment) } });
  if (fact.kind !== 'payment') throw new Error('a payment reads as a payment');
  return fact.payment;
}
