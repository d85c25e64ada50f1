import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { SPEC_ORIGIN, SPEC_PASSWORD } from '@platform/identity/testing';
import { account, Ledger } from '@platform/ledger';
import { defineTestKinds, fund } from '@platform/ledger/testing';
import { startApi, type TestApi } from '../testing/start-api.js';

/** The example of BIP-173, on the regression test network: nobody's here. */
const OUTSIDE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

let api: TestApi;
let customerId: string;
let session: { readonly id: string; readonly headers: Record<string, string> };

interface Answer {
  readonly status: number;
  readonly body: { id: string; code?: string; items?: { id: string }[] } & Record<string, unknown>;
}

async function call(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  payload?: object,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await api.app.inject({
    method,
    url,
    headers: { ...session.headers, ...headers },
    ...(payload && { payload }),
  });
  return { status: answer.statusCode, body: (answer.body === '' ? {} : answer.json()) as Answer['body'] };
}

const once = (): Record<string, string> => ({ 'idempotency-key': randomUUID() });

beforeAll(async () => {
  api = await startApi();
  await defineTestKinds(api.db.owner);
  customerId = await api.identity.signUp('trader@example.com');
  await fund(api.app.get(Ledger), account('customer_available', 'BTC', customerId), 100_000_000n);
  const { sessionId, accessToken } = await api.identity.signIn('trader@example.com');
  session = { id: sessionId, headers: { authorization: `Bearer ${accessToken}` } };
});
afterAll(() => api.stop());

describe('money between account and exchange', () => {
  it('leaves the account at once, once for a key, and is listed', async () => {
    const key = once();
    const asked = { direction: 'in', asset: 'BTC', amount: '0.4' };
    const first = await call('POST', '/v1/exchange/transfers', asked, key);
    expect(first).toMatchObject({
      status: 201,
      body: { direction: 'in', amount: '0.40000000', state: 'requested', reason: null },
    });
    expect((await call('POST', '/v1/exchange/transfers', asked, key)).body.id).toBe(first.body.id);
    expect(await call('POST', '/v1/exchange/transfers', { ...asked, amount: '0.5' }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await api.app.get(Ledger).balance(account('customer_available', 'BTC', customerId))).toBe(60_000_000n);
    expect(await call('POST', '/v1/exchange/transfers', { ...asked, amount: '0.7' }, once())).toMatchObject({
      status: 422,
      body: { code: 'insufficient_funds' },
    });
    const back = await call('POST', '/v1/exchange/transfers', { ...asked, direction: 'out' }, once());
    expect(back).toMatchObject({ status: 201, body: { direction: 'out', state: 'requested' } });
    expect((await call('GET', '/v1/exchange/transfers')).body.items?.map(({ id }) => id)).toEqual([
      back.body.id,
      first.body.id,
    ]);
    expect(await call('GET', `/v1/exchange/transfers/${back.body.id}`)).toMatchObject({
      status: 200,
      body: { id: back.body.id },
    });
    expect(await call('GET', `/v1/exchange/transfers/${randomUUID()}`)).toMatchObject({
      status: 404,
      body: { code: 'transfer_unknown' },
    });
  });
});

describe('the whitelist', () => {
  it('takes an address under a step-up for exactly that request, and gives it up without', async () => {
    const entry = { asset: 'BTC', name: 'cold wallet', destination: OUTSIDE };
    const stepUp = async (body: object): Promise<Record<string, string>> => {
      const operation = { method: 'POST', path: '/v1/whitelist', body };
      const { token } = await api.identity.stepUp.issue({
        principalId: customerId,
        sessionId: session.id,
        operation,
        proof: { password: SPEC_PASSWORD },
        origin: SPEC_ORIGIN,
      });
      return { ...once(), 'x-step-up': token };
    };
    expect(await call('POST', '/v1/whitelist', entry, once())).toMatchObject({ body: { code: 'step_up_required' } });
    const other = await stepUp({ ...entry, destination: 'bcrt1qother' });
    expect(await call('POST', '/v1/whitelist', entry, other)).toMatchObject({ body: { code: 'step_up_refused' } });
    const added = await call('POST', '/v1/whitelist', entry, await stepUp(entry));
    expect(added).toMatchObject({ status: 201, body: { ...entry, usableAt: expect.any(String) } });
    const typo = { ...entry, destination: OUTSIDE.replace('t080', 't081') };
    expect(await call('POST', '/v1/whitelist', typo, await stepUp(typo))).toMatchObject({
      status: 422,
      body: { code: 'address_checksum' },
    });
    expect((await call('GET', '/v1/whitelist')).body.items?.map(({ id }) => id)).toEqual([added.body.id]);
    expect((await call('DELETE', `/v1/whitelist/${added.body.id}`)).status).toBe(204);
    expect((await call('GET', '/v1/whitelist')).body.items).toEqual([]);
    expect(await call('DELETE', `/v1/whitelist/${added.body.id}`)).toMatchObject({ status: 404 });
  });
});
