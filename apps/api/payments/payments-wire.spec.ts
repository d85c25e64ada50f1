import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@base/config';
import { Jobs } from '@base/jobs';
import { account, Ledger } from '@platform/ledger';
import { createPayments, railsOf, registerPaymentsJobs, SANDBOX_TERMS } from '@platform/payments';
import { freePort, type SandboxProcess, startSandbox } from '../testing/sandbox-process.js';
import { startApi, type TestApi } from '../testing/start-api.js';

const KEYS = {
  BANK_API_KEY: 'spec-bank-key-4711',
  BANK_WEBHOOK_SECRET: 'spec-bank-hook-4712',
  CARD_API_KEY: 'spec-card-key-4713',
  CARD_WEBHOOK_SECRET: 'spec-card-hook-4714',
};
const folder = mkdtempSync(join(tmpdir(), 'payments-wire-'));

let api: TestApi;
let bank: SandboxProcess;
let card: SandboxProcess;
let cardEnv: Record<string, string>;
let jobs: Jobs;
let ledger: Ledger;
let working = true;
let work: Promise<void>;

beforeAll(async () => {
  const port = await freePort();
  const hooks = `http://127.0.0.1:${port}/v1/webhooks`;
  bank = await startSandbox('bank', {
    ...KEYS,
    BANK_WEBHOOK_URL: `${hooks}/bank`,
    BANK_DATA_DIR: join(folder, 'bank'),
    BANK_SETTLE_MS: '50',
    BANK_WEBHOOK_RETRY_BASE_MS: '50',
  });
  cardEnv = {
    ...KEYS,
    CARD_PORT: String(await freePort()),
    CARD_WEBHOOK_URL: `${hooks}/card`,
    CARD_DATA_DIR: join(folder, 'card'),
    CARD_REFUND_MS: '50',
    CARD_WEBHOOK_RETRY_BASE_MS: '50',
    BANK_URL: bank.url,
  };
  card = await startSandbox('card', cardEnv);
  api = await startApi({ ...KEYS, BANK_URL: bank.url, CARD_URL: card.url });
  await api.app.listen(port, '127.0.0.1');
  const { database, clock, logger, outbox, events } = api.process;
  jobs = new Jobs({ database, clock, logger });
  ledger = new Ledger(database, clock);
  const keys = { BANK_API_KEY: new Secret(KEYS.BANK_API_KEY), CARD_API_KEY: new Secret(KEYS.CARD_API_KEY) };
  const rails = railsOf({ ...keys, BANK_URL: bank.url, CARD_URL: card.url });
  const parts = { database, clock, logger, ledger, outbox, events, ...rails };
  registerPaymentsJobs(jobs, parts, createPayments(parts, { terms: SANDBOX_TERMS }));
  work = (async () => {
    while (working) {
      await jobs.runPending();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
});
afterAll(async () => {
  working = false;
  await work;
  await Promise.all([bank.kill(), card.kill()]);
  const { isBalanced } = await ledger.trialBalance();
  await ledger.close();
  await api.stop();
  rmSync(folder, { recursive: true, force: true });
  expect(isBalanced).toBe(true);
});

type Json = Record<string, unknown>;
interface Reply<Body = Json> {
  readonly status: number;
  readonly body: Body;
}

class Person {
  constructor(
    readonly id: string,
    private readonly session: string,
  ) {}

  get = <Body = Json>(url: string) => this.#send<Body>('GET', url);
  post = <Body = Json>(url: string, payload: object, key: string = randomUUID()) =>
    this.#send<Body>('POST', url, payload, { 'idempotency-key': key });

  async #send<Body>(method: 'GET' | 'POST', url: string, payload?: object, headers: object = {}): Promise<Reply<Body>> {
    const answer = await api.app.inject({
      method,
      url,
      ...(payload && { payload }),
      headers: { authorization: `Bearer ${this.session}`, ...headers },
    });
    return { status: answer.statusCode, body: answer.json<Body>() };
  }

  available = (): Promise<bigint> => ledger.balance(account('customer_available', 'USD', this.id));
}

let people = 0;
const person = async (): Promise<Person> => {
  people += 1;
  const email = `person-${people}@example.com`;
  const id = await api.identity.signUp(email);
  const login = await api.app.inject({
    method: 'POST',
    url: '/v1/auth/login',
    payload: { email, password: 'kestrel lantern osier' },
  });
  return new Person(String(id), login.json<{ accessToken: string }>().accessToken);
};

/** Calls a sandbox process as an operator of it, or as anybody. */
async function outside<Body = Json>(
  of: SandboxProcess,
  path: string,
  body?: object,
  method = body ? 'POST' : 'GET',
): Promise<Body> {
  const key = of === bank ? KEYS.BANK_API_KEY : KEYS.CARD_API_KEY;
  const answer = await fetch(new URL(path, of.url), {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, 'idempotency-key': randomUUID() },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Body;
}

async function until<Value>(
  read: () => Promise<Value>,
  isThere: (value: Value) => boolean,
  withinMs = 10_000,
): Promise<Value> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const value = await read();
    if (isThere(value)) return value;
    if (Date.now() > deadline)
      throw new Error(
        `it never came; last: ${JSON.stringify(value, (_, of: unknown) => (typeof of === 'bigint' ? String(of) : of))}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const accountOf = async (holder: string): Promise<string> =>
  (await outside<{ account: string }>(bank, '/outside/accounts', { holder })).account;
const wire = async (amount: string, reference: string): Promise<void> => {
  await outside(bank, '/outside/wires', { from: await accountOf('Ada Lovelace'), amount, currency: 'USD', reference });
};
const deposit = async (to: Person, amount: string, minor: bigint): Promise<void> => {
  const before = await to.available();
  const { body } = await to.get<{ reference: string }>('/v1/payments/deposit-instructions?asset=USD');
  await wire(amount, body.reference);
  await until(to.available, (now) => now === before + minor);
};
const saveCard = async (of: Person, number = '4242424242424242'): Promise<string> => {
  const details = { number, expiryMonth: 12, expiryYear: 2090, cvc: '123' };
  const { token } = await outside<{ token: string }>(card, '/hosted/tokens', details);
  const saved = await of.post<{ id: string }>('/v1/payments/cards', { token });
  expect(saved.status).toBe(201);
  return saved.body.id;
};

interface Paid {
  id: string;
  state: string;
  failureCode: string | null;
  nextAction: { type: string; url: string } | null;
}
const payByCard = async (of: Person, cardId: string, outcome = 'approve'): Promise<Paid> => {
  const started = await of.post<Paid>('/v1/payments/card-payments', { asset: 'USD', amount: '100.00', cardId });
  expect(started.status).toBe(201);
  const read = async (): Promise<Paid> => (await of.get<Paid>(`/v1/payments/card-payments/${started.body.id}`)).body;
  const waiting = await until(read, ({ state }) => state !== 'CREATED');
  if (waiting.nextAction?.type === 'redirect') {
    await fetch(waiting.nextAction.url, { method: 'POST', body: new URLSearchParams({ outcome }) });
  }
  return until(read, ({ state }) => state === 'CAPTURED' || state === 'FAILED');
};

describe('bank transfers over the wire', () => {
  it('credit the customer whose reference the payer wrote, however it was written', async () => {
    const ada = await person();
    const { body } = await ada.get<{ reference: string; shown: string; account: string }>(
      '/v1/payments/deposit-instructions?asset=USD',
    );
    expect(body.account).toMatch(/^XS/);
    await wire('250.00', `Rent, ${body.shown.toLowerCase()} thanks`);
    await until(ada.available, (now) => now === 250_00n);
  });

  it('without a reference go to suspense', async () => {
    const suspense = account('suspense_credit', 'USD');
    const before = await ledger.balance(suspense);
    await wire('17.00', 'for my wallet');
    await until(
      () => ledger.balance(suspense),
      (now) => now === before + 17_00n,
    );
  });

  it('leave to a named beneficiary, and are settled', async () => {
    const ada = await person();
    await deposit(ada, '500.00', 500_00n);
    const to = await accountOf('Ada Lovelace');
    const added = await ada.post<{ id: string }>('/v1/payments/beneficiaries', {
      asset: 'USD',
      name: 'Ada Lovelace',
      account: to,
    });
    const list = async () =>
      (await ada.get<{ items: { state: string; review: string }[] }>('/v1/payments/beneficiaries')).body.items;
    await until(list, ([one]) => one?.state === 'ACTIVE');
    const asked = { beneficiaryId: added.body.id, asset: 'USD', amount: '120.00' };
    const first = await ada.post<{ id: string; state: string }>('/v1/payments/withdrawals', asked, 'key-1');
    expect([first.status, first.body.state]).toEqual([201, 'REQUESTED']);
    expect((await ada.post('/v1/payments/withdrawals', asked, 'key-1')).body).toEqual(first.body);
    await until(
      async () => (await ada.get<{ state: string }>(`/v1/payments/withdrawals/${first.body.id}`)).body.state,
      (state) => state === 'SETTLED',
    );
    expect(await ada.available()).toBe(500_00n - 121_00n);
    const paid = await outside<{ balances: { USD: string } }>(bank, `/outside/accounts/${to}`);
    expect(paid.balances.USD).toBe('120.00');
  });

  it('do not leave to an account of another name until a person has looked', async () => {
    const ada = await person();
    const account = await accountOf('Mallory Smith');
    const { body } = await ada.post<{ id: string }>('/v1/payments/beneficiaries', {
      asset: 'USD',
      name: 'Ada Lovelace',
      account,
    });
    const list = async () =>
      (await ada.get<{ items: { state: string; review: string }[] }>('/v1/payments/beneficiaries')).body.items;
    const [one] = await until(list, ([each]) => each?.state === 'UNDER_REVIEW');
    expect(one?.review).toBe('name_differs');
    const asked = { beneficiaryId: body.id, asset: 'USD', amount: '20.00' };
    expect((await ada.post('/v1/payments/withdrawals', asked)).body).toMatchObject({ code: 'beneficiary_not_active' });
  });
});

describe('card payments over the wire', () => {
  it('are authenticated on the processor’s page, captured, and held by value', async () => {
    const ada = await person();
    const paid = await payByCard(ada, await saveCard(ada));
    expect([paid.state, await ada.available()]).toEqual(['CAPTURED', 100_00n]);
    const { body } = await ada.get<{ items: Json[] }>('/v1/payments/holds');
    expect(body.items).toMatchObject([{ asset: 'USD', amount: '100.00', reason: 'card_first_use' }]);
  });

  it.each([
    ['4000000000009995', 'approve', 'insufficient_funds'],
    ['4242424242424242', 'deny', 'authentication_failed'],
    ['4000000000000002', 'approve', 'card_declined'],
  ])('that fail (%s, %s) end with %s and no money', async (number, outcome, code) => {
    const ada = await person();
    const paid = await payByCard(ada, await saveCard(ada, number), outcome);
    expect([paid.state, paid.failureCode, await ada.available()]).toEqual(['FAILED', code, 0n]);
  });

  it('end the same when every webhook comes three times and backwards, or not at all', async () => {
    const ada = await person();
    const cardId = await saveCard(ada);
    await outside(card, '/control/webhooks', { rules: [{ action: 'duplicate', match: '*', copies: 3 }] }, 'PUT');
    await payByCard(ada, cardId);
    await outside(card, '/control/webhooks', { rules: [{ action: 'hold', match: '*' }] }, 'PUT');
    const started = await ada.post<Paid>('/v1/payments/card-payments', { asset: 'USD', amount: '50.00', cardId });
    const url = `/v1/payments/card-payments/${started.body.id}`;
    const page = await until(
      async () => (await ada.get<Paid>(url)).body,
      ({ nextAction }) => nextAction?.type === 'redirect',
    );
    await fetch(page.nextAction?.url ?? '', { method: 'POST', body: new URLSearchParams({ outcome: 'approve' }) });
    await jobs.runSchedule('payments.poll-card-events');
    await until(
      async () => (await ada.get<Paid>(url)).body.state,
      (state) => state === 'CAPTURED',
    );
    const released = await outside<{ released: { answer: string }[] }>(card, '/control/webhooks/release', {
      order: 'lifo',
    });
    expect(released.released.map(({ answer }) => answer)).toEqual(released.released.map(() => '204'));
    await outside(card, '/control/webhooks', { rules: [] }, 'PUT');
    expect(await ada.available()).toBe(150_00n);
  });

  it('survive the processor’s death between creation and capture', async () => {
    const ada = await person();
    const cardId = await saveCard(ada);
    const started = await ada.post<Paid>('/v1/payments/card-payments', { asset: 'USD', amount: '100.00', cardId });
    const url = `/v1/payments/card-payments/${started.body.id}`;
    const page = await until(
      async () => (await ada.get<Paid>(url)).body,
      ({ nextAction }) => nextAction?.type === 'redirect',
    );
    await fetch(page.nextAction?.url ?? '', { method: 'POST', body: new URLSearchParams({ outcome: 'approve' }) });
    await card.kill();
    card = await startSandbox('card', cardEnv);
    await until(
      async () => (await ada.get<Paid>(url)).body.state,
      (state) => state === 'CAPTURED',
      20_000,
    );
    expect(await ada.available()).toBe(100_00n);
  });

  it('are refused a card number in place of a token', async () => {
    const ada = await person();
    const refused = await ada.post('/v1/payments/cards', { token: '4242424242424242' });
    expect([refused.status, refused.body['field']]).toEqual([400, 'token']);
  });
});

describe('D14: a webhook is taken only with a sound signature over its bytes', () => {
  const body = JSON.stringify({ id: 'evt_1', seq: 1, type: 'other.thing', data: {} });
  const sign = (text: string, secret = KEYS.CARD_WEBHOOK_SECRET, age = 0): string => {
    const t = Math.floor(Date.now() / 1000) - age;
    return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${text}`).digest('hex')}`;
  };
  const send = async (signature: string | undefined, text = body): Promise<number> => {
    const headers = { 'content-type': 'application/json', ...(signature !== undefined && { signature }) };
    return (await api.app.inject({ method: 'POST', url: '/v1/webhooks/card', payload: text, headers })).statusCode;
  };

  it.each([
    ['a sound one', () => sign(body), body, 204],
    ['the same again', () => sign(body), body, 204],
    ['none', () => undefined, body, 401],
    ['an empty one', () => '', body, 401],
    ['a wrong one', () => sign(`${body} `), body, 401],
    ['a body that was written anew', () => sign(body), JSON.stringify(JSON.parse(body), null, 1), 401],
    ['another key', () => sign(body, 'spec-card-hook-9999'), body, 401],
    ['the bank’s key', () => sign(body, KEYS.BANK_WEBHOOK_SECRET), body, 401],
    ['two signatures', () => `${sign(body)},v1=${'0'.repeat(64)}`, body, 401],
    ['two headers in one', () => `${sign(body)}, ${sign(body)}`, body, 401],
    ['no time', () => sign(body).replace(/^t=\d+,/, ''), body, 401],
    ['a time that was moved', () => sign(body).replace(/^t=\d+/, (t) => `t=${Number(t.slice(2)) + 1}`), body, 401],
    ['five minutes and more of age', () => sign(body, undefined, 302), body, 401],
    ['a time to come', () => sign(body, undefined, -302), body, 401],
    ['just under five minutes of age', () => sign(body, undefined, 290), body, 204],
    ['capitals in the digest', () => sign(body).toUpperCase(), body, 401],
  ])('%s', async (_what, signature, text, status) => {
    expect(await send(signature(), text)).toBe(status);
  });

  it('and what is signed but no event is a 400', async () => {
    const text = JSON.stringify({ hello: 'world' });
    expect(await send(sign(text), text)).toBe(400);
  });
});
