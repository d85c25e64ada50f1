import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { newId } from '../outside/ids.js';
import { omit } from '../outside/omit.js';
import { type OutsideServer } from '../outside/server.js';
import { type Payment } from './objects.js';
import { cardPage, challengePage, contentSecurityPolicy, donePage, savedCardPage, tokenPage } from './pages.js';
import { type Processor } from './processor.js';
import { CardDetails, tokenise, type CardToken } from './test-cards.js';

const Address = z.object({ id: z.string(), secret: z.string() });
const ReturnUrl = z.url({ protocol: /^https?$/ });
const Challenge = z.strictObject({ outcome: z.enum(['approve', 'deny']) });

/**
 * What the cardholder's browser sees. Forms work without scripts, so a program can post them as well: `number=…` to a token, `outcome=approve`
 * to a payment's page. A caller that asks for JSON gets JSON instead of a page.
 */
export function addHostedRoutes({ app, webhooks }: OutsideServer, processor: Processor): void {
  app.get('/hosted/card', (request, reply) => {
    const { returnUrl } = z.object({ returnUrl: ReturnUrl.nullable().default(null) }).parse(request.query);
    return html(reply, tokenPage(returnUrl), returnUrl);
  });

  app.post('/hosted/tokens', async (request, reply) => {
    const { returnUrl, ...card } = z.looseObject({ returnUrl: ReturnUrl.nullable().default(null) }).parse(request.body);
    const saved = omit(await saveToken(CardDetails.parse(card)), 'behaviour');
    if (returnUrl !== null) return reply.redirect(withQuery(returnUrl, { card_token: saved.token }), 303);
    // The token endpoint is called from merchants' pages, which hold no key.
    void reply.header('access-control-allow-origin', '*');
    return wantsHtml(request) ? html(reply, savedCardPage(saved), null) : reply.code(201).send(saved);
  });

  app.get('/pay/:id/:secret', (request, reply) => {
    const { id, secret } = Address.parse(request.params);
    const payment = processor.page(id, secret);
    const pages = { requires_card: cardPage, requires_action: challengePage };
    const draw = payment.status in pages ? pages[payment.status as keyof typeof pages] : donePage;
    return html(reply, draw(payment), payment.returnUrl);
  });

  app.post('/pay/:id/:secret', async (request, reply) => {
    const { id, secret } = Address.parse(request.params);
    const payment = processor.page(id, secret);
    const changed =
      payment.status === 'requires_card'
        ? processor.giveCard(id, secret, (await saveToken(CardDetails.parse(request.body))).token)
        : processor.answerChallenge(id, secret, Challenge.parse(request.body).outcome);
    await webhooks.flush();
    return afterForm(request, reply, changed);
  });

  async function saveToken(card: CardDetails): Promise<CardToken> {
    const token = tokenise(card, newId('tok'), new Date());
    processor.tokens.put(token.token, token);
    await webhooks.flush();
    return token;
  }
}

function afterForm(request: FastifyRequest, reply: FastifyReply, payment: Payment): FastifyReply {
  if (!wantsHtml(request))
    return reply.send({ id: payment.id, status: payment.status, failureCode: payment.failureCode });
  if (payment.status === 'requires_action') return reply.redirect(request.url, 303);
  const { returnUrl, reference, status } = payment;
  return returnUrl === null
    ? html(reply, donePage(payment), null)
    : reply.redirect(withQuery(returnUrl, { payment: reference, status }), 303);
}

const wantsHtml = (request: FastifyRequest): boolean => (request.headers.accept ?? '').includes('text/html');

function html(reply: FastifyReply, page: string, returnUrl: string | null): FastifyReply {
  return reply
    .header('content-security-policy', contentSecurityPolicy(returnUrl))
    .header('cache-control', 'no-store')
    .type('text/html; charset=utf-8')
    .send(page);
}

function withQuery(address: string, query: Record<string, string>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
