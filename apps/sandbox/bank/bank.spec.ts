import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutsideServer } from '../outside/server.js';
import { Caller } from '../outside/testing/caller.js';
import { Receiver } from '../outside/testing/receiver.js';
import { bankServer } from './bank-server.js';
import { isIban, newIban } from './iban.js';
import { type Line } from './ledger.js';
import { matchNames } from './names.js';
import { type BankPayment } from './payments.js';

const KEY = 'bank-key-0123456789';

let folder: string;
let receiver: Receiver;
let server: OutsideServer;
let api: Caller;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-bank-'));
  receiver = await Receiver.start();
  await open();
});
afterEach(async () => {
  await server.app.close();
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (): Promise<void> => {
  const webhook = { webhookUrl: receiver.url, webhookSecret: 'bank-webhook-secret', retryBaseMs: 10 };
  server = await bankServer({ apiKey: KEY, ...webhook, folder, settleMs: 10 });
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  server.webhooks.start();
  api = new Caller(`http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`, KEY);
};

const account = async (holder: string): Promise<string> =>
  (await api.post<{ account: string }>('/outside/accounts', { holder })).body.account;

const wire = async (amount: string, reference = ''): Promise<Line> => {
  const from = await account('Ada Lovelace');
  return (await api.post<Line>('/outside/wires', { from, amount, currency: 'USD', reference })).body;
};

const pay = (creditor: { name: string; account: string }, amount = '40.00', endToEndId = 'wd-1') =>
  api.post<BankPayment>('/v1/payments', { endToEndId, amount, currency: 'USD', creditor, reference: 'payout' });

const balance = async (): Promise<string | undefined> =>
  (await api.get<{ accounts: { currency: string; balance: string }[] }>('/v1/nostro')).body.accounts.find(
    ({ currency }) => currency === 'USD',
  )?.balance;

const xml = async (date: string): Promise<string> => (await api.get<string>(`/v1/statements/USD/${date}`)).body;

describe('the sandbox bank', () => {
  it('books a wire, tells of it, and lists it', async () => {
    const line = await wire('100.00', 'RF18 0000');
    await receiver.expect(1);
    expect(receiver.received[0]?.event).toMatchObject({ type: 'credit.booked', data: { line } });
    const { body } = await api.get<{ lines: Line[]; next: number }>('/v1/statement-lines?after=0');
    expect([body.lines, body.next]).toEqual([[line], 1]);
    expect(await balance()).toBe('100.00');
  });

  it('pays a named beneficiary once per end-to-end id, whatever the key', async () => {
    await wire('100.00');
    const creditor = { name: 'Grace Hopper', account: await account('Grace Hopper') };
    const { body: payment } = await pay(creditor);
    expect((await pay(creditor)).status).toBe(409);
    await receiver.expect(3);
    expect(receiver.types().slice(1)).toEqual(['payment.accepted', 'payment.settled']);
    expect((await api.get<BankPayment>(`/v1/payments/${payment.id}`)).body.status).toBe('settled');
    expect((await api.get<BankPayment>('/v1/payments?endToEndId=wd-1')).body.id).toBe(payment.id);
    expect(await balance()).toBe('60.00');
    const { body: payee } = await api.get<{ balances: { USD: string } }>(`/outside/accounts/${creditor.account}`);
    expect(payee.balances.USD).toBe('40.00');
  });

  it('returns what went to an account of another name', async () => {
    await wire('100.00');
    const creditor = { name: 'Grace Hopper', account: await account('Mallory Smith') };
    expect((await api.post('/v1/payee-checks', creditor)).body).toEqual({ result: 'no_match' });
    await pay(creditor);
    await receiver.expect(5);
    expect(receiver.types().slice(2)).toEqual(['payment.settled', 'credit.booked', 'payment.returned']);
    const line = receiver.received[3]?.event.data.line;
    expect([line?.returnReason, line?.endToEndId, await balance()]).toEqual(['BE01', 'wd-1', '100.00']);
  });

  it('rejects what cannot be paid, without moving money', async () => {
    await wire('100.00');
    const grace = { name: 'Grace Hopper', account: await account('Grace Hopper') };
    expect((await pay({ ...grace, account: newIban() }, '1.00', 'a')).body).toMatchObject({
      status: 'rejected',
      reason: 'AC01',
    });
    expect((await pay(grace, '100.01', 'b')).body).toMatchObject({ status: 'rejected', reason: 'AM04' });
    await api.put('/control/settlement', { manual: true });
    const { body: closing } = await pay(grace, '60.00', 'c');
    expect((await pay(grace, '40.01', 'd')).body.reason).toBe('AM04');
    await api.post(`/outside/accounts/${grace.account}/close`, {});
    expect((await api.post<BankPayment>(`/control/payments/${closing.id}/settle`, {})).body.reason).toBe('AC04');
    expect(await balance()).toBe('100.00');
  });

  it('states the day in camt.053: opening, every line with its id, closing', async () => {
    const first = await wire('100.00', 'Tom & <Jerry>');
    const creditor = { name: 'Grace Hopper', account: await account('Grace Hopper') };
    await pay(creditor);
    await receiver.expect(3);
    const { body: list } = await api.get<{ statements: { date: string; lines: number }[] }>('/v1/statements');
    expect(list.statements).toEqual([{ currency: 'USD', date: first.bookedAt.slice(0, 10), lines: 2 }]);
    const statement = await xml(first.bookedAt.slice(0, 10));
    expect(statement).toMatch(/OPBD.*<Amt Ccy="USD">0\.00<.*ITBD.*<Amt Ccy="USD">60\.00</s);
    expect(statement.match(/<Ntry>/g)).toHaveLength(2);
    expect(statement).toContain(`<AcctSvcrRef>${first.id}</AcctSvcrRef>`);
    expect(statement).toContain('<Ustrd>Tom &#38; &#60;Jerry&#62;</Ustrd>');
  });

  it('settles after a restart what it had accepted before', async () => {
    await wire('100.00');
    await api.put('/control/settlement', { manual: true });
    const creditor = { name: 'Grace Hopper', account: await account('Grace Hopper') };
    const { body: payment } = await pay(creditor);
    await receiver.expect(2);
    await server.app.close();
    await open();
    // What was not yet acknowledged when it stopped may be delivered once more before that.
    for (let count = 3; !receiver.types().includes('payment.settled'); count += 1) await receiver.expect(count);
    expect((await api.get<BankPayment>(`/v1/payments/${payment.id}`)).body.status).toBe('settled');
  });

  it.each(['1', '1.0', '01.00', '-1.00', '0.00', '1e3', '1.001', ' 1.00'])('refuses the amount %j', async (amount) => {
    const from = await account('Ada Lovelace');
    expect((await api.post('/outside/wires', { from, amount, currency: 'USD' })).status).toBe(400);
  });
});

it('account numbers carry ISO 13616 check digits', () => {
  expect(['GB82WEST12345698765432', 'DE89370400440532013000', newIban()].map(isIban)).toEqual([true, true, true]);
  expect(['GB82WEST12345698765433', 'DE98370400440532013000', 'GB82', ''].map(isIban)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it('names match as people write them', () => {
  expect(matchNames('Lovelace, Ada', 'ADA LOVELACE')).toBe('match');
  expect(matchNames('José Peña', 'Jose Pena')).toBe('match');
  expect(matchNames('A. Lovelace', 'Ada Lovelace')).toBe('close_match');
  expect(matchNames('Ada Byron', 'Grace Hopper')).toBe('no_match');
});
