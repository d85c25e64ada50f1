import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from '../testing/start-api.js';

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const post = async (url: string, payload: object, headers: Record<string, string> = {}) => {
  const response = await api.app.inject({ method: 'POST', url, payload, headers });
  return {
    status: response.statusCode,
    body: response.body === '' ? undefined : response.json<Record<string, string>>(),
  };
};
const get = async (url: string, headers: Record<string, string>) => {
  const response = await api.app.inject({ method: 'GET', url, headers });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
};

describe('a customer', () => {
  it('registers, confirms the address, signs in, looks around, makes a key and signs out', async () => {
    const person = { email: 'Ada@Example.com', password: 'kestrel lantern osier' };
    expect(await post('/v1/auth/register', person)).toEqual({ status: 202, body: { status: 'check-your-mailbox' } });
    expect(await post('/v1/auth/login', person)).toMatchObject({ status: 403, body: { code: 'email_not_verified' } });
    const { variables } = await api.identity.mailTo('ada@example.com');
    expect(await post('/v1/auth/verify-email', { token: variables['token'] })).toMatchObject({ status: 204 });
    expect(await post('/v1/auth/verify-email', { token: variables['token'] })).toMatchObject({
      status: 422,
      body: { code: 'token_refused', field: 'token' },
    });

    const login = await post('/v1/auth/login', person);
    expect(login.status).toBe(200);
    const session = { authorization: `Bearer ${login.body?.['accessToken']}` };
    expect(await get('/v1/me', session)).toMatchObject({
      status: 200,
      body: { email: 'ada@example.com', status: 'active', tier: 0, totpEnrolled: false },
    });

    const wanted = { label: 'bot', scopes: ['view'] };
    expect(await post('/v1/api-keys', wanted, session)).toMatchObject({
      status: 403,
      body: { code: 'step_up_required' },
    });
    const stepUp = await post(
      '/v1/step-up',
      { method: 'POST', path: '/v1/api-keys', body: wanted, password: person.password },
      session,
    );
    const created = await post('/v1/api-keys', wanted, { ...session, 'x-step-up': stepUp.body?.['token'] ?? '' });
    expect(created).toMatchObject({ status: 201, body: { label: 'bot', scopes: ['view'], networks: [] } });
    const key = { 'x-api-key': `${created.body?.['id']}:${created.body?.['secret']}` };
    expect(await get('/v1/me', key)).toMatchObject({ status: 200, body: { scopes: ['view'] } });
    expect(await get('/v1/sessions', key)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });

    const refreshed = await post('/v1/auth/refresh', { refreshToken: login.body?.['refreshToken'] });
    const next = { authorization: `Bearer ${refreshed.body?.['accessToken']}` };
    expect(await get('/v1/sessions', next)).toMatchObject({
      status: 200,
      body: { items: [{ current: true, device: expect.any(String) }] },
    });
    expect(await post('/v1/auth/logout', {}, next)).toMatchObject({ status: 204 });
    expect(await get('/v1/me', next)).toMatchObject({ status: 401, body: { code: 'credentials_not_accepted' } });
  });
});
