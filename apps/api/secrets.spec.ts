import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createTestIdentity, type TestIdentity } from '@platform/identity/testing';
import { spawnApi } from './testing/spawn-api.js';
import { specEnvironment } from './testing/start-api.js';

let db: TestDatabase;
let identity: TestIdentity;
beforeAll(async () => {
  db = await createTestDatabase({ max: 3 });
  identity = createTestIdentity(db.app, systemClock);
});
afterAll(() => db.drop());

/** Every row of every table as text, but for the sandbox's own mailbox, which is there to be read. */
async function dump(): Promise<string> {
  const tables = await db.owner.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of tables.filter((table) => table.name !== 'notifications.mailbox')) {
    const rows = await db.owner.query<{ row: unknown }>(`SELECT row_to_json(t) AS row FROM ${name} t`);
    texts.push(`${name}: ${JSON.stringify(rows)}`);
  }
  return texts.join('\n');
}

const hexOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex');

describe('J1: secrets that went through the API', () => {
  it('stand in no log, no error, no metric and no table', async () => {
    const api = spawnApi({ ...specEnvironment(db), LOG_LEVEL: 'trace' });
    const url = await api.listening();

    const refusals: string[] = [];
    const post = async (
      path: string,
      body: unknown,
      headers: Record<string, string> = {},
    ): Promise<Record<string, string>> => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      const text = await response.text();
      if (!response.ok) refusals.push(text);
      return (text === '' ? {} : JSON.parse(text)) as Record<string, string>;
    };

    const email = 'canary@example.com';
    const password = 'canary-osier-lantern-7731';
    const wrongPassword = 'canary-wrong-guess-7732';
    await post('/v1/auth/register', { email, password });
    const { variables } = await identity.mailTo(email);
    const emailToken = variables['token'] ?? '';
    await post('/v1/auth/verify-email', { token: emailToken });
    await post('/v1/auth/login', { email, password: wrongPassword });
    await post('/v1/auth/login', { email, password, surprise: password });
    await post('/v1/auth/login', `{"email":"${email}","password":"${password}"`);
    const session = await post('/v1/auth/login', { email, password });
    const bearer = { authorization: `Bearer ${session['accessToken']}` };
    const wanted = { label: 'canary', scopes: ['view'] };
    const stepUp = await post('/v1/step-up', { method: 'POST', path: '/v1/api-keys', body: wanted, password }, bearer);
    const key = await post('/v1/api-keys', wanted, { ...bearer, 'x-step-up': stepUp['token'] ?? '' });
    const totp = await post('/v1/auth/totp/enrol', { password }, bearer);
    await fetch(`${url}/v1/me?token=${session['accessToken']}`, {
      headers: { 'x-api-key': `${key['id']}:${key['secret']}x` },
    });
    const next = await post('/v1/auth/refresh', { refreshToken: session['refreshToken'] });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    api.child.kill('SIGTERM');
    await api.ended;

    const secrets = {
      password,
      wrongPassword,
      emailToken,
      accessToken: session['accessToken'],
      refreshToken: session['refreshToken'],
      nextAccessToken: next['accessToken'],
      stepUpToken: stepUp['token'],
      apiSecret: key['secret'],
      totpSecret: totp['secret'],
    };
    const places = {
      logs: api.output(),
      refusals: refusals.join(),
      metrics,
      database: await dump(),
    };
    expect(refusals.length).toBeGreaterThanOrEqual(3);
    expect(places.database).toContain(email);
    const sightings = Object.entries(secrets).flatMap(([name, secret]) => {
      if (secret === undefined || secret.length < 16) return [`${name} was never made`];
      return Object.entries(places)
        .filter(([, text]) => text.includes(secret) || text.includes(hexOf(secret)))
        .map(([place]) => `${name} in ${place}`);
    });
    expect(sightings).toEqual([]);
  });
});
