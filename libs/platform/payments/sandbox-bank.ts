import { z } from 'zod';
import { type AssetCode, formatAmount, isAssetCode, parseAmount } from '@core/money';
import { type BankFact, type BankLine, type BankPaymentOrder, type BankPaymentSnapshot, type BankRail, type BankStatement, type NameMatch, type OwnBankAccount } from './bank-rail.js'; // prettier-ignore
import { readCamt053 } from './camt053.js';
import { type FeedPage, type OutsideEvent } from './card-processor.js';
import { OutsideNonsense, OutsideRefused } from './outside-error.js';
import { OutsideHttp, type OutsideHttpOptions, readAs } from './outside-http.js';

const Id = z.string().min(1).max(100);
const Currency = z.string().refine((code): code is AssetCode => isAssetCode(code));
const Decimal = z.string().max(40);
const Time = z.iso.datetime().transform((text) => new Date(text));
const Party = z.object({ name: z.string().max(300), account: z.string().max(64) });

const Line = z.object({
  id: Id,
  seq: z.number().int().positive().transform(BigInt),
  currency: Currency,
  direction: z.enum(['credit', 'debit']),
  amount: Decimal,
  bookedAt: Time,
  counterparty: Party,
  reference: z.string().max(1_000),
  endToEndId: Id.nullable(),
  returnOf: Id.nullable(),
});
const Payment = z.object({
  id: Id,
  endToEndId: Id,
  amount: Decimal,
  currency: Currency,
  status: z.enum(['accepted', 'rejected', 'settled', 'returned']),
  reason: z.string().max(16).nullable(),
  version: z.number().int().positive().transform(BigInt),
});
const Event = z.object({ id: Id, seq: z.number().int().positive().transform(BigInt), type: z.string().max(64), data: z.unknown() }); // prettier-ignore
const Next = z.number().int().min(0).transform(BigInt);

/** @throws OutsideNonsense for anything that is not an amount above zero */
function minorOf(decimal: string, asset: AssetCode): bigint {
  try {
    const minor = parseAmount(decimal, asset);
    if (minor > 0n) return minor;
  } catch {
    // Told below, together with zero.
  }
  throw new OutsideNonsense('an amount is not one');
}

const lineOf = ({ currency, amount, ...line }: z.infer<typeof Line>): BankLine => ({
  ...line,
  asset: currency,
  amount: minorOf(amount, currency),
});
const paymentOf = ({ id, currency, amount, ...payment }: z.infer<typeof Payment>): BankPaymentSnapshot => ({
  ...payment,
  bankId: id,
  asset: currency,
  amount: minorOf(amount, currency),
});

/** The sandbox bank (`apps/sandbox/bank`) over HTTP. */
export class SandboxBank implements BankRail {
  readonly #http: OutsideHttp;

  constructor(options: Omit<OutsideHttpOptions, 'name'>) {
    this.#http = new OutsideHttp({ ...options, name: 'bank' });
  }

  async ownAccounts(): Promise<readonly OwnBankAccount[]> {
    const schema = z.object({
      accounts: z.array(z.object({ account: Id, currency: Currency, holder: z.string().max(140) })),
    });
    const { accounts } = await this.#http.json(schema, { method: 'GET', path: '/v1/nostro' });
    return accounts.map(({ currency, ...account }) => ({ ...account, asset: currency }));
  }

  async checkPayee(payee: { name: string; account: string }): Promise<NameMatch> {
    const schema = z.object({ result: z.enum(['match', 'close_match', 'no_match', 'unknown_account']) });
    return (await this.#http.json(schema, { method: 'POST', path: '/v1/payee-checks', body: payee })).result;
  }

  async pay({ endToEndId, asset, amount, payee, reference, returnOf }: BankPaymentOrder): Promise<BankPaymentSnapshot> {
    const body = {
      endToEndId,
      amount: formatAmount(amount, asset),
      currency: asset,
      creditor: payee,
      reference,
      ...(returnOf !== null && { returnOf }),
    };
    try {
      return paymentOf(await this.#http.json(Payment, { method: 'POST', path: '/v1/payments', body, key: endToEndId }));
    } catch (error) {
      // Known under this id, though not under this key: the bank has it, and that is all that matters.
      const known =
        error instanceof OutsideRefused && error.status === 409 ? await this.findPayment(endToEndId) : undefined;
      if (known === undefined) throw error;
      return known;
    }
  }

  async findPayment(endToEndId: string): Promise<BankPaymentSnapshot | undefined> {
    try {
      const path = `/v1/payments?endToEndId=${encodeURIComponent(endToEndId)}`;
      return paymentOf(await this.#http.json(Payment, { method: 'GET', path }));
    } catch (error) {
      if (error instanceof OutsideRefused && error.status === 404) return undefined;
      throw error;
    }
  }

  async linesAfter(position: bigint, limit: number): Promise<FeedPage<BankLine>> {
    const page = z.object({ lines: z.array(Line).max(limit), next: Next });
    const path = `/v1/statement-lines?after=${position}&limit=${limit}`;
    const { lines, next } = await this.#http.json(page, { method: 'GET', path });
    return { items: lines.map(lineOf), next };
  }

  async eventsAfter(position: bigint, limit: number): Promise<FeedPage<OutsideEvent>> {
    const page = z.object({ events: z.array(Event).max(limit), next: Next });
    const { events, next } = await this.#http.json(page, { method: 'GET', path: `/v1/events?after=${position}&limit=${limit}` }); // prettier-ignore
    return { items: events, next };
  }

  async statementDays(): Promise<readonly { asset: AssetCode; date: string }[]> {
    const schema = z.object({ statements: z.array(z.object({ currency: Currency, date: z.iso.date() })) });
    const { statements } = await this.#http.json(schema, { method: 'GET', path: '/v1/statements' });
    return statements.map(({ currency, date }) => ({ asset: currency, date }));
  }

  statement(asset: AssetCode, date: string): Promise<BankStatement> {
    return this.#http.text({ method: 'GET', path: `/v1/statements/${asset}/${date}` }, (xml) => {
      const statement = readCamt053(xml);
      if (statement.asset !== asset || statement.date !== date) throw new OutsideNonsense('this is another statement');
      return statement;
    });
  }

  factOf(event: Pick<OutsideEvent, 'type' | 'data'>): BankFact {
    return bankFactOf(event);
  }
}

/** What an event of the sandbox bank says. @throws OutsideNonsense */
export function bankFactOf({ type, data }: Pick<OutsideEvent, 'type' | 'data'>): BankFact {
  switch (type.split('.')[0]) {
    case 'credit':
      return { kind: 'line', line: lineOf(readAs(z.object({ line: Line }), data).line) };
    case 'payment':
      return { kind: 'payment', payment: paymentOf(readAs(z.object({ payment: Payment }), data).payment) };
    default:
      return { kind: 'other' };
  }
}
