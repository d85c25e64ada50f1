import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { Database, DatabaseBusy } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createLogger } from '@base/observability';
import { Access, type Authenticator, Caller, type CallerIdentity, Commands, createHttpApp, type Customer, IdempotencyKey, refuse, type Scope, UndeclaredAccess } from './index.js'; // prettier-ignore

const logger = createLogger('spec', 'silent');
const transfer = z.strictObject({ to: z.string().max(20), amount: z.string().regex(/^[0-9]+$/, 'must be digits') });

let database: TestDatabase;
let app: NestFastifyApplication;
let small: Database;
let effects = 0;

@Controller('v1')
class SpecController {
  @Access('customer', { scope: 'withdraw' })
  @Post('transfers')
  async transfer(
    @Caller() caller: Customer,
    @IdempotencyKey() key: string,
    @Body({ schema: transfer }) body: z.infer<typeof transfer>,
  ) {
    return new Commands(database.app).run(
      { owner: caller.id, key, operation: 'transfer', request: body },
      async (tx) => {
        await tx.query('SELECT pg_sleep(0.02)');
        effects += 1;
        if (body.to === 'poor')
          throw refuse('insufficient_funds', { status: 422, title: 'Not enough', field: 'amount' });
        return { status: 201, body: { id: `t-${effects}`, amount: body.amount } };
      },
    );
  }

  @Access('public')
  @Get('bug')
  bug(): never {
    throw new Error('select secret from somewhere');
  }

  @Access('public')
  @Get('busy')
  busy(): never {
    throw new DatabaseBusy();
  }

  @Access('public')
  @Get('slow')
  slow(): Promise<object[]> {
    return small.query('SELECT pg_sleep(0.1)');
  }

  @Access('operator', { roles: ['treasury'] })
  @Get('operators')
  operators(): object {
    return { ok: true };
  }

  @Access('sandbox', { roles: ['admin'] })
  @Get('sandbox')
  sandbox(): object {
    return { ok: true };
  }
}

@Module({ controllers: [SpecController] })
class SpecModule {}

@Controller('v1')
class ForgottenController {
  @Get('forgotten')
  forgotten(): object {
    return {};
  }
}

@Module({ controllers: [ForgottenController] })
class ForgottenModule {}

const people: Record<string, CallerIdentity> = {
  alice: {
    realm: 'customer',
    id: 'alice',
    scopes: new Set<Scope>(['view', 'withdraw']),
    credential: { kind: 'session', id: 's' },
  },
  viewer: {
    realm: 'customer',
    id: 'viewer',
    scopes: new Set<Scope>(['view']),
    credential: { kind: 'api-key', id: 'k' },
  },
  treasurer: {
    realm: 'operator',
    id: 'treasurer',
    roles: new Set(['treasury']),
    credential: { kind: 'session', id: 's' },
  },
};

const authenticator: Authenticator = {
  authenticate: ({ headers }) => {
    const name = headers.authorization;
    const caller = typeof name === 'string' ? people[name] : undefined;
    if (name !== undefined && !caller) throw refuse('bad_token', { status: 401, title: 'The token is not valid' });
    return Promise.resolve(caller);
  },
};

const options = {
  title: 'Spec',
  authenticator,
  readiness: { database: () => database.app.query('SELECT 1') },
  sandbox: false,
  logger,
};

beforeAll(async () => {
  database = await createTestDatabase();
  small = new Database({ url: database.appUrl, applicationName: 'small', max: 2, acquireTimeoutMs: 250 });
  app = await createHttpApp({ ...options, module: SpecModule });
});

afterAll(async () => {
  await app.close();
  await small.close();
  await database.drop();
});

const send = (payload: string | object, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/v1/transfers',
    headers: { authorization: 'alice', 'idempotency-key': 'k', 'content-type': 'application/json', ...headers },
    payload,
  });

const sound = { to: 'bob', amount: '5' };

describe('access', () => {
  it('an operation that declares no audience stops the start-up', async () => {
    await expect(createHttpApp({ ...options, module: ForgottenModule })).rejects.toBeInstanceOf(UndeclaredAccess);
  });

  it('H1: refuses before it validates, and tells nobody, the wrong realm and the wrong scope apart', async () => {
    const status = async (
      authorization: string | undefined,
      url: string,
      method: 'GET' | 'POST' = 'GET',
    ): Promise<number> =>
      (await app.inject({ method, url, ...(authorization ? { headers: { authorization } } : {}) })).statusCode;
    expect(await status(undefined, '/v1/transfers', 'POST')).toBe(401);
    expect(await status('mallory', '/v1/transfers', 'POST')).toBe(401);
    expect(await status('viewer', '/v1/transfers', 'POST')).toBe(403);
    expect(await status('treasurer', '/v1/transfers', 'POST')).toBe(403);
    expect(await status('alice', '/v1/operators')).toBe(403);
    expect(await status('treasurer', '/v1/operators')).toBe(200);
    expect(await status('treasurer', '/v1/sandbox')).toBe(404);
  });
});

describe('bodies', () => {
  it('H3: names each wrong field and each unknown one', async () => {
    const answer = await send({ to: 7, amount: '-1', isAdmin: true });
    expect(answer.statusCode).toBe(400);
    expect(
      answer
        .json<{ errors: { field: string }[] }>()
        .errors.map((error) => error.field)
        .sort(),
    ).toEqual(['amount', 'isAdmin', 'to']);
  });

  it.each([
    ['20,000 nested arrays', '['.repeat(20_000) + ']'.repeat(20_000)],
    ['5,000 nested objects', '{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000)],
    ['20,000 keys', `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join()}}`],
    ['a repeated key', '{"to":"bob","amount":"5","amount":"6"}'],
    ['a repeated key in disguise', '{"to":"bob","amount":"5","\\u0061mount":"6"}'],
    ['a polluting key', '{"to":"bob","amount":"5","__proto__":{"x":1}}'],
    ['two documents', '{"to":"bob","amount":"5"}{}'],
    ['a byte order mark', '\ufeff{"to":"bob","amount":"5"}'],
    ['no JSON', 'to=bob'],
    ['nothing', ''],
    ['null', 'null'],
  ])('I1, I2, I3: refuses %s with a 400', async (_, body) => {
    const answer = await send(body);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
  });

  it('I2: refuses broken UTF-8, other media types and oversized bodies', async () => {
    const broken = await app.inject({ method: 'POST', url: '/v1/transfers', headers: { authorization: 'alice', 'idempotency-key': 'k', 'content-type': 'application/json' }, payload: Buffer.from('7b2274223a22ff227d', 'hex') }); // prettier-ignore
    expect(broken.statusCode).toBe(400);
    expect((await send('<to/>', { 'content-type': 'text/xml' })).statusCode).toBe(400);
    expect((await send(JSON.stringify({ to: 'x'.repeat(300_000), amount: '5' }))).statusCode).toBe(413);
  });
});

describe('commands', () => {
  it('one key, one effect, one answer, however often and at once it is sent', async () => {
    const before = effects;
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(sound, { 'idempotency-key': 'volley' })));
    expect(effects - before).toBe(1);
    expect(new Set(answers.map((answer) => `${answer.statusCode} ${answer.body}`)).size).toBe(1);
    expect(answers.filter((answer) => answer.headers['idempotent-replayed'] === undefined)).toHaveLength(1);
  });

  it('B16: the same key on two nodes at once has one effect and one answer', async () => {
    const other = await createHttpApp({ ...options, module: SpecModule });
    const before = effects;
    const request = { method: 'POST', url: '/v1/transfers', headers: { authorization: 'alice', 'idempotency-key': 'two-nodes' }, payload: sound } as const; // prettier-ignore
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? app : other).inject(request)));
    expect(effects - before).toBe(1);
    expect(new Set(answers.map((answer) => `${answer.statusCode} ${answer.body}`)).size).toBe(1);
    await other.close();
  });

  it('the order of fields does not matter; another body under the same key does', async () => {
    await send(sound, { 'idempotency-key': 'order' });
    expect((await send('{"amount":"5","to":"bob"}', { 'idempotency-key': 'order' })).statusCode).toBe(201);
    const other = await send({ ...sound, amount: '6' }, { 'idempotency-key': 'order' });
    expect([other.statusCode, other.json<{ code: string }>().code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('a refusal leaves the key free and nothing behind', async () => {
    const refused = await send({ to: 'poor', amount: '5' }, { 'idempotency-key': 'again' });
    expect([refused.statusCode, refused.json<{ code: string; field: string }>()]).toMatchObject([
      422,
      { code: 'insufficient_funds', field: 'amount' },
    ]);
    expect((await send(sound, { 'idempotency-key': 'again' })).statusCode).toBe(201);
  });

  it('a command without a key, or with a bad one, is told so', async () => {
    for (const key of ['', 'two words', 'x'.repeat(256), 'ключ']) {
      const answer = await send(sound, { 'idempotency-key': Buffer.from(key).toString('latin1') });
      expect(answer.json<{ code: string }>().code).toBe('idempotency_key_missing');
    }
  });
});

describe('errors', () => {
  it('I10: a bug is a bare 500 with an id; nothing of its text leaves', async () => {
    const answer = await app.inject({ method: 'GET', url: '/v1/bug' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch(/select|secret|somewhere|\.ts/);
    expect(answer.json<{ requestId: string }>().requestId).toBe(answer.headers['x-request-id']);
  });

  it('B4: a busy database is a 503 that says when to come back', async () => {
    const answer = await app.inject({ method: 'GET', url: '/v1/busy' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
  });

  it('B5: with the pool exhausted callers get a fast 503, readiness keeps its own connections, and it recovers', async () => {
    const volley = Array.from({ length: 60 }, () => app.inject({ method: 'GET', url: '/v1/slow' }));
    const ready = await app.inject({ method: 'GET', url: '/health/ready' });
    const statuses = (await Promise.all(volley)).map((answer) => answer.statusCode);
    expect(ready.statusCode).toBe(200);
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect((await app.inject({ method: 'GET', url: '/v1/slow' })).statusCode).toBe(200);
  });

  it('readiness and metrics tell', async () => {
    expect((await app.inject({ method: 'GET', url: '/health/ready' })).json()).toEqual({
      status: 'ready',
      checks: { database: 'ok' },
    });
    expect((await app.inject({ method: 'GET', url: '/metrics' })).body).toContain(
      'strongroom_http_request_seconds_bucket',
    );
  });

  it('OpenAPI carries schemas and access of every operation', async () => {
    const document = (await app.inject({ method: 'GET', url: '/openapi.json' })).json<{
      paths: Record<string, Record<string, object>>;
    }>();
    expect(document.paths['/v1/transfers']?.['post']).toMatchObject({
      'x-access': { audience: 'customer', scope: 'withdraw' },
    });
    expect(JSON.stringify(document.paths['/v1/transfers'])).toContain('amount');
  });
});
