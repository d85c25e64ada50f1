import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { uuidV7 } from '@base/database';
import { SPEC_PASSWORD } from '@platform/identity/testing';
import { account, Ledger } from '@platform/ledger';
import { createPayments, SANDBOX_TERMS } from '@platform/payments';
import { FakeBank, FakeCard } from '@platform/payments/testing';
import { startAdmin, type TestAdmin } from '../testing/start-admin.js';

let admin: TestAdmin;
let ledger: Ledger;
let session: string;
const bank = new FakeBank();

beforeAll(async () => {
  admin = await startAdmin();
  await admin.identity.hire('treasury@strongroom.example', ['treasury']);
  const login = await admin.app.inject({
    method: 'POST',
    url: '/v1/auth/login',
    payload: { email: 'treasury@strongroom.example', password: SPEC_PASSWORD },
  });
  session = login.json<{ accessToken: string }>().accessToken;
  const { database, clock, logger, outbox, events } = admin.process;
  ledger = new Ledger(database, clock);
  const parts = { database, clock, logger, ledger, outbox, events, bank, card: new FakeCard() };
  const payments = createPayments(parts, { terms: SANDBOX_TERMS });
  bank.wire('USD', 40_00n, 'for my wallet');
  bank.wire('USD', 15_00n, 'and this?');
  bank.takeUnordered('USD', 5_00n);
  await payments.poll.bankLines(bank, payments.applyBankLine);
});
afterAll(async () => {
  await ledger.close();
  await admin.stop();
});

const call = async <Body>(method: 'GET' | 'POST', url: string, payload?: object) => {
  const headers = { authorization: `Bearer ${session}`, 'idempotency-key': randomUUID() };
  const answer = await admin.app.inject({ method, url, headers, ...(payload && { payload }) });
  return { status: answer.statusCode, body: answer.json<Body>() };
};
interface Item {
  id: string;
  amount: string;
  state: string;
  code: string;
}

describe('an operator of the treasury', () => {
  it('gives an unidentified credit to its owner, once, on record', async () => {
    const customerId = await admin.identity.signUp('ada@example.com');
    const { body } = await call<{ items: Item[] }>('GET', '/v1/payments/suspense');
    const item = body.items.find(({ amount }) => amount === '40.00');
    const url = `/v1/payments/suspense/${item?.id}/repoint`;
    const nobody = await call<Item>('POST', url, { customerId: uuidV7(), reason: 'a guess' });
    expect([nobody.status, nobody.body.code]).toEqual([400, 'invalid_request']);
    const done = await call<Item>('POST', url, { customerId, reason: 'she sent the receipt' });
    expect([done.status, done.body.state]).toEqual([200, 'REPOINTED']);
    expect(await ledger.balance(account('customer_available', 'USD', customerId))).toBe(40_00n);
    expect((await call<Item>('POST', url, { customerId, reason: 'again' })).body.code).toBe('suspense_settled');
    const [record] = await admin.process.database.query<{ action: string; reason: string }>(
      `SELECT action, reason FROM audit.record WHERE subject_id = $1`,
      [item?.id],
    );
    expect(record).toEqual({ action: 'payments.repoint-credit', reason: 'she sent the receipt' });
  });

  it('sends another one back', async () => {
    const { body } = await call<{ items: Item[] }>('GET', '/v1/payments/suspense');
    const item = body.items.find(({ amount }) => amount === '15.00');
    const done = await call<Item>('POST', `/v1/payments/suspense/${item?.id}/return`, { reason: 'nobody knows' });
    expect([done.status, done.body.state]).toEqual([200, 'RETURNING']);
  });

  it('lifts the freeze that an unordered debit has brought', async () => {
    const { body } = await call<{ items: Item[] }>('GET', '/v1/payments/freezes');
    expect(body.items).toMatchObject([{ scope: 'asset', subject: 'USD', reason: 'unordered_debit' }]);
    const lifted = await call<Item>('POST', `/v1/payments/freezes/${body.items[0]?.id}/lift`, {
      reason: 'bank charges',
    });
    expect(lifted.status).toBe(200);
    expect((await call<{ items: Item[] }>('GET', '/v1/payments/freezes')).body.items).toEqual([]);
  });

  it.each([
    ['withdrawals?standing=held', 200],
    ['withdrawals?standing=stuck', 200],
    ['withdrawals?standing=lost', 400],
    ['chargebacks', 200],
    ['beneficiaries', 200],
    ['reconciliations', 200],
    ['reconciliations?cursor=x', 400],
    ['failed-events', 200],
    [`reconciliations/${uuidV7()}`, 404],
    [`card-payments/${uuidV7()}/refunds`, 404],
  ])('reads %s: %d', async (path, status) => {
    expect((await call('GET', `/v1/payments/${path}`)).status).toBe(status);
  });

  it('gets a reference for the house’s own money', async () => {
    const made = await call<{ reference: string }>('POST', '/v1/payments/treasury-references', { reason: 'capital' });
    expect([made.status, made.body.reference]).toEqual([201, expect.stringMatching(/^RF\d{2}[0-9A-Z]{10}$/)]);
  });
});
