import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { ZodError, z } from 'zod';
import { addFaults } from './faults.js';
import { sameSecret } from './ids.js';
import { omit } from './omit.js';
import { Problem } from './problem.js';
import { type Store } from './store.js';
import { WebhookRules } from './webhook-rules.js';
import { type Webhooks } from './webhooks.js';

export interface OutsideServer {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly webhooks: Webhooks;
  /** Does `work` after a while and makes it durable, unless the server has closed by then: what is due is found again at the next start. */
  later(ms: number, work: () => void): void;
}

const BODY_LIMIT = 64 * 1024;

/**
 * What the bank's and the card processor's servers share: JSON and forms of bounded size, a bearer key before `/v1` and `/control`, one shape
 * of refusal, events to poll, and the controls by which an operator makes deliveries and answers go wrong.
 */
export function outsideServer(options: { apiKey: string; store: Store; webhooks: Webhooks }): OutsideServer {
  const { store, webhooks } = options;
  const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer');
    const guarded = request.url.startsWith('/v1/') || request.url.startsWith('/control/');
    const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    done(
      guarded && !sameSecret(given, options.apiKey) ? new Problem(401, 'unauthorised', 'the key is wrong') : undefined,
    );
  });
  app.setErrorHandler((error: FastifyError | Problem | ZodError, _request, reply) => refuse(error, reply));
  app.setNotFoundHandler((_request, reply) => refuse(new Problem(404, 'not_found', 'there is nothing here'), reply));
  app.get('/health', () => ({ status: 'ok' }));
  addFaults(app);
  addEvents(app, webhooks);
  const timers = new Set<NodeJS.Timeout>();
  app.addHook('onClose', async () => {
    for (const timer of timers) clearTimeout(timer);
    webhooks.close();
    await store.close();
  });
  const later = (ms: number, work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
      void webhooks.flush();
    }, ms);
    timers.add(timer);
  };
  return { app, store, webhooks, later };
}

function refuse(error: FastifyError | Problem | ZodError, reply: FastifyReply): FastifyReply {
  if (error instanceof Problem)
    return reply.code(error.status).send({ error: { code: error.code, message: error.message } });
  if (error instanceof ZodError) {
    const message = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    return reply.code(400).send({ error: { code: 'invalid_request', message } });
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) process.stderr.write(`${error.stack ?? String(error)}\n`);
  const message = status >= 500 ? 'the fault is ours' : error.message;
  return reply.code(status).send({ error: { code: status >= 500 ? 'internal' : 'invalid_request', message } });
}

const Page = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** `?after=…&limit=…` of a list that only grows; `after` counts from the start. */
export const pageOf = (query: unknown): z.infer<typeof Page> => Page.parse(query);

const Release = z.strictObject({
  order: z.union([z.enum(['fifo', 'lifo', 'random']), z.array(z.string())]).default('fifo'),
});
const Replay = z.strictObject({
  eventIds: z.array(z.string()).min(1).max(1_000),
  ageSeconds: z.number().int().min(-86_400).max(864_000).default(0),
});

function addEvents(app: FastifyInstance, webhooks: Webhooks): void {
  app.get('/v1/events', (request) => {
    const { after, limit } = pageOf(request.query);
    const events = webhooks.eventsAfter(after, limit);
    return { events: events.map((event) => JSON.parse(event.body) as object), next: after + events.length };
  });
  app.get('/control/webhooks', (request) => {
    const { after, limit } = pageOf(request.query);
    const deliveries = webhooks.eventsAfter(after, limit).map((event) => omit(event, 'body'));
    return { ...webhooks.rules, deliveries };
  });
  app.put('/control/webhooks', async (request) => {
    await webhooks.setRules(WebhookRules.parse(request.body));
    return webhooks.rules;
  });
  app.post('/control/webhooks/release', async (request) => {
    const released = await webhooks.release(Release.parse(request.body ?? {}).order);
    return { released: released.map(({ id, type, lastAnswer }) => ({ id, type, answer: lastAnswer })) };
  });
  app.post('/control/webhooks/replay', async (request) => {
    const { eventIds, ageSeconds } = Replay.parse(request.body);
    const answers: { id: string; answer: string }[] = [];
    for (const id of eventIds) answers.push({ id, answer: await webhooks.replay(id, ageSeconds) });
    return { answers };
  });
}

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/**
 * Runs a command once per `Idempotency-Key`: the change, its events and the answer are stored by one commit. The same key and request get the
 * stored answer, the same key with another request is 422. `work` must be synchronous, so that nothing comes between its reads and writes.
 */
export async function answerOnce(
  { store, webhooks }: OutsideServer,
  request: FastifyRequest,
  work: () => Answer,
): Promise<Answer> {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key.length === 0 || key.length > 255) {
    throw new Problem(400, 'idempotency_key_missing', 'an Idempotency-Key of at most 255 characters is needed');
  }
  const hash = createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest('hex');
  const answers = store.collection<Answer & { readonly hash: string }>('answers');
  const earlier = answers.get(key);
  if (earlier !== undefined && earlier.hash !== hash) {
    throw new Problem(422, 'idempotency_key_reused', 'this key was used for another request');
  }
  const answer = earlier ?? answers.put(key, { hash, ...work() });
  await webhooks.flush();
  return answer;
}

/** As {@link answerOnce}, and sends the answer. */
export async function once(
  server: OutsideServer,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Answer,
): Promise<FastifyReply> {
  const { status, body } = await answerOnce(server, request, work);
  return reply.code(status).send(body);
}
