import { type FastifyReply, type FastifyRequest } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { omit } from '../outside/omit.js';
import { found } from '../outside/problem.js';
import { answerOnce, once, pageOf, type Answer, type OutsideServer } from '../outside/server.js';
import { CURRENCIES, type Payment, type Refund } from './objects.js';
import { type Payouts } from './payouts.js';
import { publicPayment, type Processor } from './processor.js';

const HANG_MS = 60_000;

const Amount = z.number().int().min(1).max(100_000_000);
const Reference = z.string().min(1).max(64);
const Id = z.object({ id: z.string() });

const NewPayment = z.strictObject({
  reference: Reference,
  amount: Amount,
  currency: z.enum(CURRENCIES),
  cardToken: z.string().optional(),
  require3ds: z.boolean().default(true),
  returnUrl: z.url({ protocol: /^https?$/ }).optional(),
});
const NewRefund = z.strictObject({ paymentId: z.string(), reference: Reference, amount: Amount });
const NewChargeback = z.strictObject({
  paymentId: z.string(),
  amount: Amount.optional(),
  reason: z.string().min(1).max(64).default('fraudulent'),
});

/** The merchant's API. Every POST needs an `Idempotency-Key`. */
export function addApiRoutes(server: OutsideServer, processor: Processor, origin: () => string): void {
  const { app } = server;
  const shown = (payment: Payment): object => ({
    ...publicPayment(payment),
    nextAction: /^requires_/.test(payment.status)
      ? { type: 'redirect', url: `${origin()}/pay/${payment.id}/${payment.pageSecret}` }
      : null,
  });

  app.post('/v1/payments', async (request, reply) => {
    const asked = NewPayment.parse(request.body);
    const hangs = asked.cardToken !== undefined && hangsOn('create', processor, asked.cardToken);
    return hanging(hangs, server, request, reply, () => ({ status: 201, body: shown(processor.createPayment(asked)) }));
  });
  app.post('/v1/payments/:id/capture', async (request, reply) => {
    const { id } = Id.parse(request.params);
    const hangs = hangsOn('capture', processor, processor.payment(id).card?.token ?? '');
    return hanging(hangs, server, request, reply, () => ({ status: 200, body: shown(processor.capture(id)) }));
  });
  app.post('/v1/payments/:id/cancel', (request, reply) =>
    once(server, request, reply, () => ({ status: 200, body: shown(processor.cancel(Id.parse(request.params).id)) })),
  );
  app.get('/v1/payments/:id', (request) => shown(processor.payment(Id.parse(request.params).id)));
  app.get('/v1/payments', (request) => {
    const { reference } = z.object({ reference: Reference }).parse(request.query);
    return shown(processor.paymentByReference(reference));
  });
  app.get('/v1/cards/:token', (request) => {
    const { token } = z.object({ token: z.string() }).parse(request.params);
    return omit(found(processor.tokens.get(token), 'card'), 'behaviour');
  });
  app.get('/v1/balance-transactions', (request) => {
    const { after, limit } = pageOf(request.query);
    const rows = processor.transactions.all().slice(after, after + limit);
    return { rows, next: after + rows.length };
  });
}

/** Refunds, payouts, and what operators of the sandbox make cardholders do. */
export function addMoneyBackRoutes(
  server: OutsideServer,
  processor: Processor,
  payouts: Payouts,
  refundMs: number,
): void {
  const { app, webhooks } = server;
  const finishLater = ({ id }: Refund): void => server.later(refundMs, () => processor.finishRefund(id));
  for (const refund of processor.refunds.all()) if (refund.status === 'pending') finishLater(refund);
  app.post('/v1/refunds', (request, reply) => {
    const asked = NewRefund.parse(request.body);
    return once(server, request, reply, () => {
      const refund = processor.createRefund(asked);
      finishLater(refund);
      return { status: 201, body: refund };
    });
  });
  app.get('/v1/refunds/:id', (request) => found(processor.refunds.get(Id.parse(request.params).id), 'refund'));
  app.get('/v1/chargebacks/:id', (request) =>
    found(processor.chargebacks.get(Id.parse(request.params).id), 'chargeback'),
  );
  app.get('/v1/payouts', () => ({ payouts: payouts.all() }));
  app.get('/v1/payouts/:id', (request) => payouts.get(Id.parse(request.params).id));
  app.get('/v1/payouts/:id/report.csv', (request, reply) =>
    reply.type('text/csv; charset=utf-8').send(payouts.report(Id.parse(request.params).id)),
  );
  app.post('/v1/payouts', async (request, reply) => {
    const { currency } = z.strictObject({ currency: z.enum(CURRENCIES) }).parse(request.body);
    return once(server, request, reply, () => ({ status: 201, body: payouts.create(currency) })).finally(
      () => void payouts.send(),
    );
  });
  app.post('/control/chargebacks', async (request, reply) => {
    const chargeback = processor.openChargeback(NewChargeback.parse(request.body));
    await webhooks.flush();
    return reply.code(201).send(chargeback);
  });
  app.post('/control/chargebacks/:id/close', async (request) => {
    const { outcome } = z.strictObject({ outcome: z.enum(['won', 'lost']) }).parse(request.body);
    const closed = processor.closeChargeback(Id.parse(request.params).id, outcome);
    await webhooks.flush();
    return closed;
  });
}

const hangsOn = (moment: 'create' | 'capture', processor: Processor, token: string): boolean =>
  processor.tokens.get(token)?.behaviour.hangs === moment;

/** As `once`, but the first answer of a hanging card comes when the caller has long given up; the retry gets it at once. */
async function hanging(
  hangs: boolean,
  server: OutsideServer,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Answer,
): Promise<FastifyReply> {
  let first = false;
  const { status, body } = await answerOnce(server, request, () => {
    first = true;
    return work();
  });
  if (hangs && first) await sleep(HANG_MS, undefined, { ref: false });
  return reply.code(status).send(body);
}
