import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutsideServer } from '../outside/server.js';
import { Caller } from '../outside/testing/caller.js';
import { Receiver } from '../outside/testing/receiver.js';
import { cardServer } from './card-server.js';

const KEY = 'card-key-0123456789';
const SECRET = 'card-webhook-secret';
const EXPIRY = { expiryMonth: 12, expiryYear: 2090, cvc: '123' };

interface Shown {
  readonly id: string;
  readonly status: string;
  readonly failureCode: string | null;
  readonly version: number;
  readonly nextAction: { url: string } | null;
}

let folder: string;
let receiver: Receiver;
let server: OutsideServer;
let api: Caller;

const open = async (): Promise<void> => {
  server = await cardServer({
    apiKey: KEY,
    webhookSecret: SECRET,
    webhookUrl: receiver.url,
    folder,
    refundMs: 10,
    retryBaseMs: 10,
  });
  await server.app.listen({ host: '127.0.0.1', port: 0 });
  server.webhooks.start();
  api = new Caller(`http://127.0.0.1:${(server.app.server.address() as AddressInfo).port}`, KEY);
};

const token = async (number: string): Promise<string> =>
  (await api.post<{ token: string }>('/hosted/tokens', { number, ...EXPIRY })).body.token;

const pay = async (number: string, reference = 'order-1'): Promise<Shown> => {
  const asked = { reference, amount: 10_000, currency: 'USD', cardToken: await token(number) };
  return (await api.post<Shown>('/v1/payments', asked)).body;
};

const approve = (payment: Shown, outcome = 'approve') =>
  fetch(payment.nextAction?.url ?? '', { method: 'POST', body: new URLSearchParams({ outcome }) });

const captured = async (number = '4242424242424242'): Promise<Shown> => {
  const payment = await pay(number);
  await approve(payment);
  return (await api.post<Shown>(`/v1/payments/${payment.id}/capture`, {})).body;
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-card-'));
  receiver = await Receiver.start();
  await open();
});
afterEach(async () => {
  await server.app.close();
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('the sandbox card processor', () => {
  it('takes a payment through 3-D Secure to capture, and signs what it tells', async () => {
    const payment = await pay('4242 4242 4242 4242');
    expect(payment.status).toBe('requires_action');
    const page = await fetch(payment.nextAction?.url ?? '', { headers: { accept: 'text/html' } });
    expect(await page.text()).toMatch(/Approve.*Deny/s);
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    await approve(payment);
    await api.post(`/v1/payments/${payment.id}/capture`, {});
    await receiver.expect(2);
    expect(receiver.types()).toEqual(['payment.authorised', 'payment.captured']);
    const { signature = '', body = '' } = receiver.received[0] ?? {};
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(v1).toBe(createHmac('sha256', SECRET).update(`${t}.${body}`).digest('hex'));
    expect(Math.abs(Date.now() / 1000 - Number(t))).toBeLessThan(5);
  });

  it.each([
    ['4000000000009995', 'approve', 'insufficient_funds'],
    ['4000000000000002', undefined, 'card_declined'],
    ['4000000000000069', undefined, 'expired_card'],
    ['4000000000000127', undefined, 'incorrect_cvc'],
    ['4000000000000119', undefined, 'processing_error'],
    ['4100000000000019', undefined, 'suspected_fraud'],
    ['4000008400001280', 'approve', 'authentication_failed'],
    ['4242424242424242', 'deny', 'authentication_failed'],
  ])('declines %s after %s with %s, and captures nothing', async (number, outcome, code) => {
    const payment = await pay(number);
    if (outcome) await approve(payment, outcome);
    const { body } = await api.get<Shown>(`/v1/payments/${payment.id}`);
    expect([body.status, body.failureCode]).toEqual(['failed', code]);
    expect((await api.post(`/v1/payments/${payment.id}/capture`, {})).status).toBe(409);
    expect((await api.get<{ rows: [] }>('/v1/balance-transactions')).body.rows).toEqual([]);
  });

  it('never stores a card number, and takes no other than the test cards', async () => {
    await captured();
    await server.app.close();
    expect(readFileSync(join(folder, 'state.jsonl'), 'utf8')).not.toMatch(/4242424242424242/);
    await open();
    expect((await api.post('/hosted/tokens', { number: '4929420573595709', ...EXPIRY })).status).toBe(422);
  });

  it('lets the cardholder give the card on its own page when the merchant has none', async () => {
    const { body: payment } = await api.post<Shown>('/v1/payments', { reference: 'r', amount: 500, currency: 'EUR' });
    const card = { number: '5555555555554444', expiryMonth: '1', expiryYear: '2090', cvc: '999' };
    await fetch(payment.nextAction?.url ?? '', { method: 'POST', body: new URLSearchParams(card) });
    expect((await api.get<Shown>(`/v1/payments/${payment.id}`)).body.status).toBe('authorised');
  });

  it('answers a repeated key from memory, refuses it for another request, and takes a reference once', async () => {
    const body = { reference: 'same', amount: 100, currency: 'USD', cardToken: await token('5555555555554444') };
    const first = await api.post<Shown>('/v1/payments', body, 'key-1');
    const again = await api.post<Shown>('/v1/payments', body, 'key-1');
    expect(again).toEqual(first);
    expect((await api.post('/v1/payments', { ...body, amount: 101 }, 'key-1')).status).toBe(422);
    expect((await api.post('/v1/payments', body, 'key-2')).status).toBe(409);
    const other = new Caller(new URL(first.body.nextAction?.url ?? server.app.listeningOrigin).origin, 'wrong-key');
    expect((await other.get(`/v1/payments/${first.body.id}`)).status).toBe(401);
  });

  it('does the work of a lost answer once: the retry gets what the first would have said', async () => {
    await api.put('/control/faults', { faults: [{ path: '/v1/payments', fault: 'lose-answer' }] });
    const body = { reference: 'lost', amount: 100, currency: 'USD', cardToken: await token('5555555555554444') };
    await expect(api.post('/v1/payments', body, 'key-1')).rejects.toThrow();
    const retry = await api.post<Shown>('/v1/payments', body, 'key-1');
    expect([retry.status, retry.body.status]).toEqual([201, 'authorised']);
  });

  it('refunds later, and never more than was paid', async () => {
    const good = await captured();
    await api.post('/v1/refunds', { paymentId: good.id, reference: 'rf-1', amount: 4_000 });
    expect((await api.post('/v1/refunds', { paymentId: good.id, reference: 'rf-2', amount: 6_001 })).status).toBe(422);
    await receiver.expect(3);
    expect(receiver.types()[2]).toBe('refund.succeeded');
    const { body } = await api.get<{ amountRefunded: number }>(`/v1/payments/${good.id}`);
    expect(body.amountRefunded).toBe(4_000);
  });

  it('books nothing for a refund that the schemes turn down', async () => {
    const payment = await captured('4000000000005126');
    await api.post('/v1/refunds', { paymentId: payment.id, reference: 'rf-1', amount: 4_000 });
    await receiver.expect(3);
    expect(receiver.types()[2]).toBe('refund.failed');
    expect((await api.get<{ rows: [] }>('/v1/balance-transactions')).body.rows).toHaveLength(1);
  });

  it('reports a payout row by row, and its fees round up', async () => {
    const payment = await captured();
    await api.post('/control/chargebacks', { paymentId: payment.id, amount: 1_234 });
    const { body: payout } = await api.post<{ id: string; gross: number; fees: number; net: number }>('/v1/payouts', {
      currency: 'USD',
    });
    expect([payout.gross, payout.fees, payout.net]).toEqual([10_000 - 1_234 - 1_500, 280, 6_986]);
    await receiver.expect(4);
    expect(receiver.types().slice(2)).toEqual(['chargeback.opened', 'payout.paid']);
    const { body: csv } = await api.get<string>(`/v1/payouts/${payout.id}/report.csv`);
    expect(
      csv
        .trim()
        .split('\n')
        .map((row) => row.split(',')[1]),
    ).toEqual(['type', 'charge', 'chargeback', 'chargeback_fee', 'payout']);
    expect(readdirSync(folder)).toContain(`settlement-${payout.id}.csv`);
    expect((await api.post('/v1/payouts', { currency: 'USD' })).status).toBe(409);
  });

  it('is the same after a restart, and goes on with what it had begun', async () => {
    const payment = await captured();
    // Told of the payment before it fails, or the payment would be told again after the restart as well.
    await receiver.expect(2);
    receiver.answer = 503;
    await api.post('/control/chargebacks', { paymentId: payment.id });
    await receiver.expect(4);
    await server.app.close();
    receiver.answer = 200;
    const before = receiver.received.length;
    await open();
    await receiver.expect(before + 1);
    expect(receiver.types().at(-1)).toBe('chargeback.opened');
    expect((await api.get<Shown>(`/v1/payments/${payment.id}`)).body.status).toBe('captured');
  });
});

describe('webhooks on demand', () => {
  it('drops, and keeps for pollers', async () => {
    await api.put('/control/webhooks', { rules: [{ action: 'drop', match: 'payment.authorised' }] });
    await captured();
    await receiver.expect(1);
    expect(receiver.types()).toEqual(['payment.captured']);
    const { body } = await api.get<{ events: { type: string; seq: number }[]; next: number }>('/v1/events?after=0');
    expect(body.events.map(({ type, seq }) => [seq, type])).toEqual([
      [1, 'payment.authorised'],
      [2, 'payment.captured'],
    ]);
    expect((await api.get<{ events: [] }>(`/v1/events?after=${body.next}`)).body.events).toEqual([]);
  });

  it('duplicates, delays, and retries with the same bytes until it is heard', async () => {
    await api.put('/control/webhooks', {
      rules: [
        { action: 'duplicate', match: 'payment.authorised', copies: 3 },
        { action: 'delay', match: 'payment.*', delayMs: 50, times: 1 },
      ],
    });
    await captured();
    await receiver.expect(4);
    expect(receiver.types()).toEqual([
      'payment.authorised',
      'payment.authorised',
      'payment.authorised',
      'payment.captured',
    ]);
    receiver.answer = 500;
    await captured2();
    await receiver.expect(7);
    receiver.answer = 200;
    await receiver.expect(8);
    expect(new Set(receiver.received.slice(7).map(({ body }) => body)).size).toBe(1);
  });

  it('holds back and lets go in any order, and replays with an old signature', async () => {
    await api.put('/control/webhooks', { rules: [{ action: 'hold', match: '*' }] });
    const payment = await captured();
    await api.post('/control/chargebacks', { paymentId: payment.id });
    expect(receiver.received).toEqual([]);
    await api.post('/control/webhooks/release', { order: 'lifo' });
    expect(receiver.types()).toEqual(['chargeback.opened', 'payment.captured', 'payment.authorised']);
    const id = receiver.received[0]?.event.id ?? '';
    await api.post('/control/webhooks/replay', { eventIds: [id], ageSeconds: 600 });
    expect(Date.now() / 1000 - Number(/^t=(\d+)/.exec(receiver.received[3]?.signature ?? '')?.[1])).toBeGreaterThan(
      590,
    );
    expect(receiver.received[3]?.body).toBe(receiver.received[0]?.body);
  });

  const captured2 = async (): Promise<void> => {
    const payment = await pay('5555555555554444', 'order-2');
    expect(payment.status).toBe('authorised');
  };
});
