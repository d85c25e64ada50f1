import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { SPEC_ORIGIN, SPEC_PASSWORD } from '@platform/identity/testing';
import { account, credit, debit, Ledger, LedgerAuditor } from '@platform/ledger';
import { defineTestKinds, fund } from '@platform/ledger/testing';
import { startAdmin, type TestAdmin } from '../testing/start-admin.js';

let admin: TestAdmin;
let ledger: Ledger;
let tokens: Record<'treasury' | 'compliance', string>;
const alice = account('customer_available', 'USD', uuidV7());
const bob = account('customer_available', 'USD', uuidV7());
const transferId = uuidV7();

const signIn = async (role: 'treasury' | 'compliance'): Promise<string> => {
  await admin.identity.hire(`${role}@strongroom.example`, [role]);
  const email = `${role}@strongroom.example`;
  return (await admin.identity.logIn.run({ realm: 'operator', email, password: SPEC_PASSWORD, origin: SPEC_ORIGIN }))
    .accessToken;
};

beforeAll(async () => {
  admin = await startAdmin();
  await defineTestKinds(admin.db.owner);
  ledger = new Ledger(admin.db.app, systemClock);
  await fund(ledger, alice, 100_00n);
  await ledger.submit({ id: transferId, kind: 'test.move', legs: [debit(alice, 25_50n), credit(bob, 25_50n)] });
  tokens = { treasury: await signIn('treasury'), compliance: await signIn('compliance') };
});
afterAll(async () => {
  await ledger.close();
  await admin.stop();
});

const call = async (
  method: 'GET' | 'POST',
  url: string,
  { as = 'treasury', payload }: { as?: 'treasury' | 'compliance'; payload?: object } = {},
): Promise<{ status: number; body: Record<string, unknown> }> => {
  const headers = { authorization: `Bearer ${tokens[as]}` };
  const response = await admin.app.inject({ method, url, headers, ...(payload && { payload }) });
  return { status: response.statusCode, body: response.body === '' ? {} : response.json<Record<string, unknown>>() };
};

describe('operators', () => {
  it('see the trial balance, zero in every asset', async () => {
    const { body } = await call('GET', '/v1/ledger/trial-balance');
    expect(body).toMatchObject({ isBalanced: true, totals: { USD: '0.00' } });
    expect(body.lines).toContainEqual(
      expect.objectContaining({ type: 'customer_available', asset: 'USD', credit: '100.00', debit: '0.00' }),
    );
  });

  it('find a transfer by its id, and by owner', async () => {
    const one = await call('GET', `/v1/ledger/transfers/${transferId}`);
    expect(one.body).toMatchObject({
      id: transferId,
      entries: [
        { account: alice.path, side: 'debit', amount: '25.50', balanceAfter: '74.50' },
        { account: bob.path, side: 'credit', amount: '25.50', balanceAfter: '25.50' },
      ],
    });
    const found = await call('GET', `/v1/ledger/transfers?owner=${bob.owner}`);
    expect(found.body).toEqual({ items: [one.body] });
    expect((await call('GET', `/v1/ledger/transfers/${uuidV7()}`)).status).toBe(404);
    expect(await call('GET', '/v1/ledger/transfers?cursor=nonsense')).toMatchObject({ status: 400, body: { errors: [{ field: 'cursor' }] } }); // prettier-ignore
  });

  it('page through accounts and read a statement', async () => {
    const first = await call('GET', '/v1/ledger/accounts?type=customer_available&limit=1');
    expect(first.body).toMatchObject({
      items: [{ path: alice.path, balance: '74.50', status: 'open', floor: '0.00' }],
    });
    const second = await call(
      'GET',
      `/v1/ledger/accounts?type=customer_available&limit=1&cursor=${String(first.body.next)}`,
    );
    expect(second.body.items).toMatchObject([{ path: bob.path }]);
    expect(second.body.next).toBeUndefined();

    const period = `from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&limit=1`;
    const statement = await call('GET', `/v1/ledger/accounts/${alice.path}/statement?${period}`);
    expect(statement.body).toMatchObject({ opening: '0.00', closing: '74.50', lines: [{ change: '100.00' }] });
    const rest = await call(
      'GET',
      `/v1/ledger/accounts/${alice.path}/statement?${period}&cursor=${String(statement.body.next)}`,
    );
    expect(rest.body).toMatchObject({ lines: [{ change: '-25.50', balanceAfter: '74.50' }] });
    expect((await call('GET', `/v1/ledger/accounts/customer_available:EUR:${uuidV7()}`)).status).toBe(404);
    expect((await call('GET', '/v1/ledger/accounts/nothing:USD')).status).toBe(404);
  });

  it('freeze an account with a reason on record, and only those who may', async () => {
    const payload = { reason: 'court order 7' };
    expect((await call('POST', `/v1/ledger/accounts/${bob.path}/freeze`, { payload })).status).toBe(403);
    expect((await call('POST', `/v1/ledger/accounts/${bob.path}/freeze`, { as: 'compliance', payload })).status).toBe(
      204,
    );
    const out = ledger.submit({ id: uuidV7(), kind: 'test.move', legs: [debit(bob, 1n), credit(alice, 1n)] });
    await expect(out).rejects.toMatchObject({ code: 'account_frozen' });
    const records = await admin.db.app.query('SELECT FROM audit.record WHERE action = $1 AND subject_id = $2', ['ledger.account-frozen', bob.path]); // prettier-ignore
    expect(records).toHaveLength(1);
    await call('POST', `/v1/ledger/accounts/${bob.path}/unfreeze`, { as: 'compliance', payload });
    expect(await ledger.account(bob)).toMatchObject({ status: 'open' });
  });

  it('see that the books are sound and verify the sealed history', async () => {
    await new LedgerAuditor(admin.db.app, systemClock).seal();
    expect((await call('GET', '/v1/ledger/integrity')).body).toMatchObject({
      violations: [],
      overdue: [],
      solvency: [{ asset: 'USD', claims: '100.00', cover: '100.00', surplus: '0.00' }],
      head: { seq: '1' },
    });
    const verified = await call('POST', '/v1/ledger/verifications', { payload: {} });
    expect(verified.body).toMatchObject({ blocks: 1, transfers: 2, entries: 4, faults: [], head: { seq: '1' } });
  });
});
