import { z } from 'zod';
import { newId } from '../outside/ids.js';
import { found } from '../outside/problem.js';
import { once, outsideServer, pageOf, type OutsideServer } from '../outside/server.js';
import { Store } from '../outside/store.js';
import { Webhooks } from '../outside/webhooks.js';
import { CURRENCIES, PositiveAmount } from './amounts.js';
import { BankLedger } from './ledger.js';
import { isIban } from './iban.js';
import { matchNames } from './names.js';
import { BankPayments, REASONS, type BankPayment } from './payments.js';
import { listStatements, statementXml } from './statements.js';

export interface BankServerOptions {
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly webhookUrl?: string;
  readonly folder: string;
  /** How long an accepted payment takes to settle, and a settled one with a wrong name to come back. */
  readonly settleMs?: number;
  readonly retryBaseMs?: number;
}

const Id = z.object({ id: z.string() });
const Iban = z.string().refine(isIban, 'is not an account number');
const Name = z.string().trim().min(1).max(140);
const NewPayment = z.strictObject({
  endToEndId: z.string().min(1).max(64),
  amount: PositiveAmount,
  currency: z.enum(CURRENCIES),
  creditor: z.strictObject({ name: Name, account: Iban }),
  reference: z.string().max(140).default(''),
  returnOf: z.string().optional(),
});
const NewWire = z.strictObject({
  from: Iban,
  amount: PositiveAmount,
  currency: z.enum(CURRENCIES),
  reference: z.string().max(140).default(''),
  debtorName: Name.optional(),
});

/** Whether payments settle by themselves; kept in memory, on after a restart. */
interface Settlement {
  manual: boolean;
  ms: number;
}

export async function bankServer(options: BankServerOptions): Promise<OutsideServer> {
  const store = await Store.open(options.folder);
  const webhooks = new Webhooks(store, {
    url: options.webhookUrl,
    secret: options.webhookSecret,
    retryBaseMs: options.retryBaseMs,
  });
  const server = outsideServer({ apiKey: options.apiKey, store, webhooks });
  const ledger = new BankLedger(store, webhooks);
  const payments = new BankPayments(store, webhooks, ledger);
  const settlement = { manual: false, ms: options.settleMs ?? 1_500 };
  addAccountRoutes(server, ledger);
  addPaymentRoutes(server, payments, settlement);
  addOutsideRoutes(server, ledger);
  await store.commit();
  return server;
}

function addAccountRoutes({ app }: OutsideServer, ledger: BankLedger): void {
  app.get('/v1/nostro', () => ({ accounts: ledger.nostros.all() }));
  app.get('/v1/statement-lines', (request) => {
    const { after, limit } = pageOf(request.query);
    const lines = ledger.lines.all().slice(after, after + limit);
    return { lines, next: after + lines.length };
  });
  app.get('/v1/statements', () => ({ statements: listStatements(ledger) }));
  app.get('/v1/statements/:currency/:date', (request, reply) => {
    const { currency, date } = z.object({ currency: z.enum(CURRENCIES), date: z.iso.date() }).parse(request.params);
    return reply.type('application/xml; charset=utf-8').send(statementXml(ledger, currency, date));
  });
  app.post('/v1/payee-checks', (request) => {
    const { name, account } = z.strictObject({ name: Name, account: Iban }).parse(request.body);
    const holder = ledger.outside.get(account);
    if (holder === undefined || holder.status === 'closed') return { result: 'unknown_account' };
    return { result: matchNames(name, holder.holder) };
  });
}

function addPaymentRoutes(server: OutsideServer, payments: BankPayments, settlement: Settlement): void {
  const { app, webhooks } = server;
  const settleLater = ({ id }: BankPayment): void =>
    server.later(settlement.ms, () => {
      if (settlement.manual) return;
      const settled = payments.settle(id);
      if (settled.status === 'settled') returnLater(settled);
    });
  const returnLater = (payment: BankPayment): void => {
    if (!payments.namesDiffer(payment)) return;
    server.later(settlement.ms, () => {
      if (payments.get(payment.id).status === 'settled') payments.return(payment.id, 'BE01');
    });
  };
  for (const payment of payments.payments.all()) {
    if (payment.status === 'accepted') settleLater(payment);
    if (payment.status === 'settled') returnLater(payment);
  }

  app.post('/v1/payments', (request, reply) => {
    const asked = NewPayment.parse(request.body);
    return once(server, request, reply, () => {
      const payment = payments.create(asked);
      if (payment.status === 'accepted') settleLater(payment);
      return { status: 201, body: payment };
    });
  });
  app.get('/v1/payments/:id', (request) => payments.get(Id.parse(request.params).id));
  app.get('/v1/payments', (request) => {
    const { endToEndId } = z.object({ endToEndId: z.string() }).parse(request.query);
    return payments.byEndToEndId(endToEndId);
  });

  app.put('/control/settlement', (request) =>
    Object.assign(
      settlement,
      z.strictObject({ manual: z.boolean(), ms: z.number().int().min(0).max(600_000).optional() }).parse(request.body),
    ),
  );
  app.post('/control/payments/:id/:step', async (request) => {
    const { id, step } = z
      .object({ id: z.string(), step: z.enum(['settle', 'reject', 'return']) })
      .parse(request.params);
    const { reason } = z.strictObject({ reason: z.enum(REASONS).default('MS03') }).parse(request.body ?? {});
    const changed = step === 'settle' ? payments.settle(id) : payments[step](id, reason);
    await webhooks.flush();
    return changed;
  });
}

/**
 * What the rest of the world does at its own banks: open and close accounts, send wires. It needs no key of ours, as people's own banking does
 * not; the process listens on loopback only. An `Idempotency-Key` is honoured and not asked for.
 */
function addOutsideRoutes(server: OutsideServer, ledger: BankLedger): void {
  const { app, webhooks } = server;
  app.post('/outside/accounts', (request, reply) => {
    const { holder } = z.strictObject({ holder: Name }).parse(request.body);
    request.headers['idempotency-key'] ??= newId('key');
    return once(server, request, reply, () => ({ status: 201, body: ledger.open(holder) }));
  });
  app.get('/outside/accounts/:id', (request) => found(ledger.outside.get(Id.parse(request.params).id), 'account'));
  app.post('/outside/accounts/:id/close', async (request) => {
    const closed = ledger.close(Id.parse(request.params).id);
    await webhooks.flush();
    return closed;
  });
  app.post('/outside/wires', (request, reply) => {
    const wire = NewWire.parse(request.body);
    request.headers['idempotency-key'] ??= newId('key');
    return once(server, request, reply, () => ({ status: 201, body: ledger.wire(wire) }));
  });
}
