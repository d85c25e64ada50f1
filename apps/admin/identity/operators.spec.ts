import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SPEC_PASSWORD } from '@platform/identity/testing';
import { startAdmin, type TestAdmin } from '../testing/start-admin.js';

let admin: TestAdmin;
let tokens: Record<string, string>;
let customerId: string;

const roles = ['support', 'treasury', 'compliance', 'lending', 'admin'] as const;

beforeAll(async () => {
  admin = await startAdmin();
  tokens = {};
  for (const role of roles) {
    await admin.identity.hire(`${role}@strongroom.example`, [role]);
    tokens[role] = await signIn(`${role}@strongroom.example`);
  }
  customerId = await admin.identity.signUp('ada@example.com');
});
afterAll(() => admin.stop());

const call = async (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  url: string,
  as?: string,
  payload?: object,
  key?: string,
) => {
  const response = await admin.app.inject({
    method,
    url,
    ...(payload && { payload }),
    headers: {
      ...(as !== undefined && { authorization: `Bearer ${tokens[as] ?? as}` }),
      ...(key !== undefined && { 'idempotency-key': key }),
    },
  });
  return {
    status: response.statusCode,
    body: response.body === '' ? undefined : response.json<Record<string, unknown>>(),
    headers: response.headers,
  };
};
const signIn = async (email: string): Promise<string> => {
  const response = await admin.app.inject({
    method: 'POST',
    url: '/v1/auth/login',
    payload: { email, password: SPEC_PASSWORD },
  });
  return response.json<{ accessToken: string }>().accessToken;
};

describe('operators', () => {
  it('find customers and set their tier, on record, with an answer that repeats', async () => {
    expect(await call('GET', '/v1/customers?email=ADA@example.com', 'support')).toMatchObject({
      status: 200,
      body: { items: [{ id: customerId, tier: 0 }] },
    });
    const order = { tier: 2, reason: 'passport and liveness checked' };
    expect(await call('PUT', `/v1/customers/${customerId}/tier`, 'support', order, 'k1')).toMatchObject({
      status: 403,
    });
    const set = await call('PUT', `/v1/customers/${customerId}/tier`, 'compliance', order, 'k1');
    expect(set).toMatchObject({ status: 200, body: { tier: 2 } });
    expect(await call('PUT', `/v1/customers/${customerId}/tier`, 'compliance', order, 'k1')).toMatchObject({
      status: 200,
      body: set.body,
      headers: { 'idempotent-replayed': 'true' },
    });
    const audit = await call('GET', `/v1/audit?subjectKind=customer&subjectId=${customerId}`, 'compliance');
    expect(audit.body?.['items']).toMatchObject([
      { action: 'identity.customer-tier-set', before: { tier: 0 }, after: { tier: 2 }, reason: order.reason },
    ]);
    expect(await call('GET', '/v1/audit/verification', 'compliance')).toMatchObject({
      status: 200,
      body: { sound: true, anchors: 0 },
    });
  });

  it('freeze and unfreeze by the table, and nothing else', async () => {
    const reason = { reason: 'sanctions screening hit' };
    const act = (action: string, key: string) =>
      call('POST', `/v1/customers/${customerId}/${action}`, 'compliance', reason, key);
    expect(await act('unfreeze', 'f0')).toMatchObject({ status: 409, body: { code: 'customer_status_conflict' } });
    expect(await act('freeze', 'f1')).toMatchObject({ status: 200, body: { status: 'frozen' } });
    expect(await act('freeze', 'f2')).toMatchObject({ status: 409 });
    expect(await act('unfreeze', 'f3')).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(await act('melt', 'f4')).toMatchObject({ status: 400, body: { field: 'action' } });
    expect((await admin.identity.mailsTo('ada@example.com')).map(({ subject }) => subject)).toContain(
      'Your account was changed',
    );
  });

  it('read mail and move the clock in a sandbox', async () => {
    const mailbox = await call('GET', '/v1/sandbox/mailbox?to=ada@example.com', 'support');
    expect(mailbox.status).toBe(200);
    expect(JSON.stringify(mailbox.body)).toContain('sro_');
    const before = await call('GET', '/v1/sandbox/clock', 'support');
    const after = await call('POST', '/v1/sandbox/clock/advance', 'support', { milliseconds: 60_000 });
    expect(Date.parse(String(after.body?.['now'])) - Date.parse(String(before.body?.['now']))).toBeGreaterThanOrEqual(
      60_000,
    );
    expect(await call('POST', '/v1/sandbox/clock/advance', 'support', { milliseconds: -1 })).toMatchObject({
      status: 400,
      body: { field: 'milliseconds' },
    });
  });

  it('H6: invite others but never change their own rights; a change ends the sessions that had the old ones', async () => {
    const invited = await call(
      'POST',
      '/v1/operators',
      'admin',
      { email: 'new@strongroom.example', displayName: 'New', roles: ['support'] },
      'o1',
    );
    expect(invited).toMatchObject({ status: 201, body: { active: false } });
    const { variables } = await admin.identity.mailTo('new@strongroom.example');
    expect(
      await call('POST', '/v1/auth/accept-invitation', undefined, {
        token: variables['token'],
        password: SPEC_PASSWORD,
      }),
    ).toMatchObject({ status: 204 });
    const id = String(invited.body?.['id']);
    const session = await signIn('new@strongroom.example');
    expect(await call('PUT', `/v1/operators/${id}/roles`, 'admin', { roles: ['treasury'] }, 'o2')).toMatchObject({
      status: 200,
      body: { roles: ['treasury'] },
    });
    expect(await call('GET', '/v1/me', session)).toMatchObject({ status: 401 });
    const me = await call('GET', '/v1/me', 'admin');
    const self = `/v1/operators/${String(me.body?.['id'])}`;
    expect(await call('PUT', `${self}/roles`, 'admin', { roles: ['treasury'] }, 'o3')).toMatchObject({
      status: 403,
      body: { code: 'operator_is_self' },
    });
    expect(await call('POST', `${self}/disable`, 'admin', undefined, 'o4')).toMatchObject({
      status: 403,
      body: { code: 'operator_is_self' },
    });
    expect(await call('POST', `/v1/operators/${id}/disable`, 'admin', undefined, 'o5')).toMatchObject({
      status: 200,
      body: { status: 'closed' },
    });
    expect(await signIn('new@strongroom.example')).toBeUndefined();
  });
});

describe('outside of a sandbox', () => {
  it('mailbox and clock do not exist, and an operator without a second factor can only enrol one', async () => {
    const real = await startAdmin({ SANDBOX: '0' });
    await real.identity.hire('root@strongroom.example', ['admin']);
    const login = await real.app.inject({
      method: 'POST',
      url: '/v1/auth/login',
      payload: { email: 'root@strongroom.example', password: SPEC_PASSWORD },
    });
    const headers = { authorization: `Bearer ${login.json<{ accessToken: string }>().accessToken}` };
    const statusOf = async (url: string) => (await real.app.inject({ method: 'GET', url, headers })).statusCode;
    expect(
      await Promise.all(
        ['/v1/sandbox/clock', '/v1/sandbox/mailbox?to=a@b.co', '/v1/operators', '/v1/me'].map(statusOf),
      ),
    ).toEqual([404, 404, 403, 200]);
    const enrol = await real.app.inject({
      method: 'POST',
      url: '/v1/auth/totp/enrol',
      headers,
      payload: { password: SPEC_PASSWORD },
    });
    expect(enrol.json()).toMatchObject({ uri: expect.stringContaining('otpauth://totp/') });
    await real.stop();
  });
});
