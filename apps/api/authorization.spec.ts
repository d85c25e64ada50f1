import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AccessRule, type Scope, SCOPES } from '@base/http';
import { type Actor, authorizationMatrix, foreignIds, type Operation } from '@base/http/testing';
import { API_KEY_SCOPES, type ApiKeyScope } from '@platform/identity';
import { forgedCredentials, SPEC_ORIGIN, SPEC_PASSWORD } from '@platform/identity/testing';
import { startApi, type TestApi } from './testing/start-api.js';

/** Grows with every operation that is added, and the machine may be busy. */
const SLOW_MS = 300_000;

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const scopeOf = ({ access }: { access: AccessRule }): Scope | undefined =>
  access.audience === 'customer' ? access.scope : undefined;

/** An API key with these scopes, used from anywhere or from where the specs' requests come. */
async function keyWith(customerId: string, scopes: readonly ApiKeyScope[]): Promise<Record<string, string>> {
  const { sessionId } = await api.identity.signIn('owner@example.com');
  const operation = { method: 'POST', path: '/v1/api-keys', body: null };
  const { token } = await api.identity.stepUp.issue({ principalId: customerId, sessionId, operation, proof: { password: SPEC_PASSWORD }, origin: SPEC_ORIGIN }); // prettier-ignore
  const { key, secret } = await api.identity.manageApiKeys.create({ customerId, sessionId, label: 'spec', scopes, networks: ['127.0.0.1/32'], expiresInDays: 1, stepUp: { operation, token }, origin: SPEC_ORIGIN }); // prettier-ignore
  return { 'x-api-key': `${key.id}:${secret}` };
}

async function actors(): Promise<Actor[]> {
  const owner = await api.identity.signUp('owner@example.com');
  await api.identity.signUp('frozen@example.com');
  const frozen = await api.identity.signIn('frozen@example.com');
  const { id } = await api.db.app.one<{ id: string }>(
    `SELECT id FROM identity.principal WHERE email = 'frozen@example.com'`,
  );
  await api.db.app.transaction((tx) =>
    api.identity.administerCustomer.changeStatus(tx, 'freeze', {
      operatorId: owner,
      customerId: id,
      reason: 'spec',
      origin: SPEC_ORIGIN,
    }),
  );
  expect(frozen.sessionId).toBeDefined();
  await api.identity.hire('admin@strongroom.example', ['admin']);
  const operator = await api.identity.logIn.run({
    realm: 'operator',
    email: 'admin@strongroom.example',
    password: SPEC_PASSWORD,
    origin: SPEC_ORIGIN,
  });

  const ended = await api.identity.signIn('owner@example.com');
  await api.identity.revokeSessions.logOut(owner, ended.sessionId);
  const signedIn = (email: string) => async () => bearer((await api.identity.signIn(email)).accessToken);
  const keyId = (await keyWith(owner, ['view']))['x-api-key']?.split(':')[0] ?? '';
  const forged = forgedCredentials({
    session: await api.identity.signIn('owner@example.com'),
    ended,
    otherRealm: operator.accessToken,
    keyId,
  });

  const mayDoWhileFrozen = (operation: Operation): boolean => ['view', 'manage'].includes(scopeOf(operation) ?? '');
  const keys = await Promise.all(
    API_KEY_SCOPES.map(async (scope) => ({ scope, headers: await keyWith(owner, [scope]) })),
  );
  return [
    { name: 'nobody', headers: () => Promise.resolve({}), verdict: () => 401, code: () => 'not_signed_in' },
    ...Object.entries(forged).map(([name, headers]): Actor => ({
      name,
      headers: () => Promise.resolve(headers),
      verdict: () => 401,
      code: () => 'credentials_not_accepted',
    })),
    {
      name: 'a customer',
      headers: signedIn('owner@example.com'),
      verdict: (operation) => (scopeOf(operation) ? 'in' : 403),
    },
    {
      name: 'a frozen customer',
      headers: signedIn('frozen@example.com'),
      verdict: (operation) => (mayDoWhileFrozen(operation) ? 'in' : 403),
      code: (operation) => (scopeOf(operation) ? 'account_frozen' : 'not_allowed'),
    },
    ...keys.map(({ scope, headers }): Actor => ({
      name: `a key that may only ${scope}`,
      headers: () => Promise.resolve(headers),
      verdict: (operation) => (scopeOf(operation) === scope ? 'in' : 403),
      code: () => 'not_allowed',
    })),
  ];
}

describe('H1: every operation of the customers’ API as everyone', () => {
  it(
    'lets in whom it says and nobody else, before it looks at the body',
    async () => {
      const everyone = await actors();
      const { operations, cells, due, wrong } = await authorizationMatrix(api.app, everyone);
      expect(wrong).toEqual([]);
      expect(cells).toBe(operations * everyone.length);
      // No actor is there who never had to be refused. (A frozen customer is, once there is something to trade or to withdraw.)
      for (const { name } of everyone.filter((actor) => !/^a (frozen )?customer$/.test(actor.name))) {
        expect(due[`${name}: 401`] ?? due[`${name}: 403`] ?? 0).toBeGreaterThan(0);
      }
      expect(due['a customer: in']).toBe(operations);
      expect(due['a key that may only view: in']).toBeGreaterThan(0);
    },
    SLOW_MS,
  );
});

describe('H2: what belongs to somebody else', () => {
  it('answers exactly as what does not exist', async () => {
    await api.identity.signUp('other@example.com');
    const mine = await api.identity.signIn('owner@example.com');
    const owner = await api.identity.authenticate.customerBySession(mine.accessToken);
    await keyWith(owner?.id ?? '', ['view']);
    const { tried, wrong } = await foreignIds(api.app, {
      owner: () => Promise.resolve(bearer(mine.accessToken)),
      stranger: async () => bearer((await api.identity.signIn('other@example.com')).accessToken),
    });
    expect(wrong).toEqual([]);
    expect(tried).toEqual(expect.arrayContaining(['DELETE /v1/sessions/{id}', 'DELETE /v1/api-keys/{id}']));
    expect(await api.identity.authenticate.customerBySession(mine.accessToken)).toBeDefined();
  });
});

describe('scopes', () => {
  it('of API keys are all there are, but for managing the account itself', () => {
    expect([...API_KEY_SCOPES, 'manage'].sort()).toEqual([...SCOPES].sort());
  });
});
