import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { parseRate } from '@core/money';
import { account, credit, debit, Ledger } from '@platform/ledger';
import { defineTestKinds, fund } from '@platform/ledger/testing';
import { pairOf, Prices } from '@platform/pricing';
import { BROKERAGE, type Brokerage } from '@products/brokerage';
import { startApi, type TestApi } from '../testing/start-api.js';
import { quoteSchema } from './schemas.js';

const PRICES = { 'BTC-USD': '60000', 'ETH-USD': '3000', 'ETH-BTC': '0.05', 'EUR-USD': '1.09' };

let api: TestApi;
let ledger: Ledger;
let prices: Prices;
const people: Record<'ada' | 'bob', { id: string; headers: Record<string, string> }> = {
  ada: { id: '', headers: {} },
  bob: { id: '', headers: {} },
};

beforeAll(async () => {
  api = await startApi();
  ledger = api.app.get(Ledger);
  prices = api.app.get(Prices);
  await defineTestKinds(api.db.owner);
  for (const name of ['ada', 'bob'] as const) {
    const id = await api.identity.signUp(`${name}@example.com`);
    const { accessToken } = await api.identity.signIn(`${name}@example.com`);
    people[name] = { id, headers: { authorization: `Bearer ${accessToken}` } };
    await fund(ledger, account('customer_available', 'USD', id), 100_000n);
  }
  for (const [asset, amount] of [
    ['USD', 10n ** 9n],
    ['BTC', 10n ** 10n],
    ['ETH', 10n ** 21n],
  ] as const) {
    const legs = [debit(account('bank_nostro', asset), amount), credit(account('house_inventory', asset), amount)];
    await ledger.submit({ id: randomUUID(), kind: 'test.fund', legs });
    const funding = { id: randomUUID(), asset, amount, source: 'spec' };
    await api.db.app.transaction((tx) => api.app.get<Brokerage>(BROKERAGE).fundInventory.note(tx, funding));
  }
});
afterAll(() => api.stop());
beforeEach(() => agree());

const agree = (more: Record<string, string> = {}): void => {
  for (const source of ['alpha', 'bravo'])
    for (const [symbol, price] of Object.entries({ ...PRICES, ...more })) {
      const { base, quote } = pairOf(symbol);
      prices.observe(source, symbol, parseRate(price, base, quote));
    }
};

type Answer = { status: number; body: Record<string, unknown> & { id: string; code: string; field: string } };
const send = async (
  method: 'GET' | 'POST',
  url: string,
  { body, who = 'ada', key = randomUUID() }: { body?: unknown; who?: 'ada' | 'bob'; key?: string } = {},
): Promise<Answer> => {
  const headers = { ...people[who].headers, ...(method === 'POST' && { 'idempotency-key': key }) };
  const response = await api.app.inject({
    method,
    url,
    headers,
    ...(body !== undefined && { payload: body as object }),
  });
  return { status: response.statusCode, body: response.json<Answer['body']>() };
};
const ask = { profile: 'BUY', from: 'USD', to: 'BTC', amount: '100.00' };
const quote = (more: object = {}) => send('POST', '/v1/brokerage/quotes', { body: { ...ask, ...more } });
const rows = async (): Promise<bigint> =>
  (
    await api.db.owner.one<{ n: bigint }>(
      'SELECT (SELECT count(*) FROM brokerage.quote) + (SELECT count(*) FROM brokerage.orders) AS n',
    )
  ).n;

describe('a customer converts', () => {
  it('quote, one click, receipt, history, balances, statement', async () => {
    const quoted = await quote();
    expect(quoted.status).toBe(201);
    expect(quoted.body).toMatchObject({
      in: { asset: 'USD', amount: '100.00' },
      out: { asset: 'BTC', amount: '0.00163366' },
      mid: '60000.00000000',
      reference: '60000.00000000',
      price: '60300.00000000',
      spread: { bps: '50.00', amount: '0.49', asset: 'USD' },
      fees: [{ code: 'fee', amount: '1.49', asset: 'USD', bps: '149.00', minimum: '0.99' }],
      networkFee: { amount: '0.00' },
      allInBps: '202.05',
      priceMode: 'FIRM',
      validMs: 30_000,
      midSources: [{ name: 'alpha' }, { name: 'bravo' }],
    });
    const ordered = await send('POST', '/v1/brokerage/orders', { body: { quoteId: quoted.body.id, confirm: true } });
    expect([ordered.status, ordered.body['state'], ordered.body['out']]).toEqual([
      201,
      'SETTLED',
      { asset: 'BTC', amount: '0.00163366' },
    ]);
    const id = ordered.body.id;
    expect((await send('GET', `/v1/brokerage/orders/${id}/receipt`)).body).toMatchObject({
      receipt: { orderId: id, mid: '60000.00000000' },
    });
    expect((await send('GET', '/v1/brokerage/orders?limit=1')).body).toMatchObject({ items: [{ id }] });
    expect((await send('GET', '/v1/balances')).body).toMatchObject({
      total: '998.01',
      items: [{ asset: 'BTC', available: '0.00163366', value: '98.01' }, { asset: 'USD', available: '900.00', value: '900.00' }], // prettier-ignore
    });
    const statement = await send('GET', `/v1/statements?asset=USD&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z`);
    expect(statement.body).toMatchObject({ opening: '0.00', closing: '900.00', items: [{ change: '1000.00' }, { kind: 'brokerage.hold', change: '-100.00' }] }); // prettier-ignore
  });

  it('the same key and body is the same answer, another body under it is refused', async () => {
    const { body } = await quote();
    const key = randomUUID();
    const first = await send('POST', '/v1/brokerage/orders', { body: { quoteId: body.id, confirm: true }, key });
    expect(await send('POST', '/v1/brokerage/orders', { body: { quoteId: body.id, confirm: true }, key })).toEqual(
      first,
    );
    const other = await send('POST', '/v1/brokerage/orders', { body: { quoteId: body.id, confirm: false }, key });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  it('two steps: create, then confirm or cancel', async () => {
    const make = async () =>
      (await send('POST', '/v1/brokerage/orders', { body: { quoteId: (await quote({ amount: '20.00' })).body.id } }))
        .body.id;
    const [one, two] = [await make(), await make()];
    expect((await send('POST', `/v1/brokerage/orders/${one}/confirm`)).body['state']).toBe('SETTLED');
    expect((await send('POST', `/v1/brokerage/orders/${two}/cancel`)).body['state']).toBe('CANCELLED');
    expect((await send('POST', `/v1/brokerage/orders/${two}/confirm`)).body).toMatchObject({
      code: 'order_state',
      status: 409,
    });
    expect((await send('GET', `/v1/brokerage/orders/${two}`)).body['history']).toHaveLength(2);
  });

  it('a card order says where to pay, a bank order what to write; both count against limits, and neither has a receipt yet', async () => {
    for (const method of ['CARD', 'BANK']) {
      const order = await send('POST', '/v1/brokerage/orders', {
        body: { quoteId: (await quote({ method })).body.id, confirm: true },
      });
      expect(order.body['state']).toBe('AWAITING_PAYMENT');
      const payment = order.body['payment'] as { kind: string; reference?: string; paymentId?: string };
      expect([payment.kind, payment.reference ?? payment.paymentId]).toEqual([
        method.toLowerCase(),
        expect.any(String),
      ]);
      expect((await send('GET', `/v1/brokerage/orders/${order.body.id}/receipt`)).body.code).toBe('receipt_not_found');
    }
    const limits = (await send('GET', '/v1/brokerage/limits')).body['items'] as { method: string; used: string }[];
    expect(limits.map(({ method, used }) => `${method} ${used}`)).toEqual(['BANK 100.00', 'CARD 100.00']);
  });
});

describe('bad input is a 4xx that names the field, and writes no row', () => {
  it.each([
    ['an unknown asset', { to: 'DOGE' }, 400, 'to'],
    ['a negative amount', { amount: '-1.00' }, 400, 'amount'],
    ['1e309', { amount: '1e309' }, 400, 'amount'],
    ['a number instead of text', { amount: 100 }, 400, 'amount'],
    ['too many decimals', { amount: '1.001' }, 400, 'amount'],
    ['400 digits', { amount: '9'.repeat(400) }, 400, 'amount'],
    ['more than any amount', { amount: '9'.repeat(100) }, 400, 'amount'],
    ['nothing', { amount: '0.00' }, 422, 'amount'],
    ['a pair that is not offered', { to: 'USDC' }, 422, 'to'],
    ['a profile that does not fit', { profile: 'SELL' }, 422, 'to'],
    [
      'a method that does not fit',
      { profile: 'SELL', from: 'BTC', to: 'USD', amount: '0.1', method: 'CARD' },
      422,
      'method',
    ],
    ['an extra field', { fee: '0' }, 400, 'fee'],
  ])('%s', async (_, input, status, field) => {
    const before = await rows();
    const { status: answered, body } = await quote(input);
    expect([answered, body.field]).toEqual([status, field]);
    expect(await rows()).toBe(before);
  });

  it('a stale price, an expired quote, somebody else’s quote, a quote that never was', async () => {
    const mine = await quote();
    await api.db.owner.query(`UPDATE brokerage.quote SET created_at = created_at - interval '1 hour', expires_at = expires_at - interval '1 hour' WHERE id = $1`, [mine.body.id]); // prettier-ignore
    const before = await rows();
    const order = (quoteId: unknown, who: 'ada' | 'bob' = 'ada') =>
      send('POST', '/v1/brokerage/orders', { body: { quoteId, confirm: true }, who });
    expect((await order(mine.body.id)).body).toMatchObject({ status: 409, code: 'quote_expired', field: 'quoteId' });
    expect((await order(mine.body.id, 'bob')).body).toMatchObject({ status: 404, code: 'quote_not_found' });
    expect((await order(randomUUID())).body).toMatchObject({ status: 404, code: 'quote_not_found' });
    expect((await order('not-an-id')).body).toMatchObject({ status: 400, field: 'quoteId' });
    expect(await rows()).toBe(before);
    agree({ 'BTC-USD': '60000' });
    prices.observe('alpha', 'BTC-USD', parseRate('61000', 'BTC', 'USD'));
    expect((await quote()).body).toMatchObject({ status: 503, code: 'price_unavailable' });
    expect(await rows()).toBe(before);
  });

  it.each(['/v1/brokerage/orders?cursor=x', '/v1/brokerage/orders?limit=0', '/v1/brokerage/orders?state=GONE', '/v1/statements?asset=USD', '/v1/statements?asset=USD&from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', '/v1/balances?asset=DOGE', '/v1/brokerage/quotes/1'])('%s', async (path) => {
    expect((await send('GET', path)).status).toBe(400);
  }); // prettier-ignore
});

it('pairs, prices and their history are public', async () => {
  const get = async (url: string) =>
    (await api.app.inject({ method: 'GET', url })).json<{ items: Record<string, unknown>[]; code?: string }>();
  expect((await get('/v1/brokerage/pairs')).items[0]).toMatchObject({
    pair: 'BTC-USD',
    open: true,
    profiles: ['BUY', 'SELL'],
  });
  expect((await get('/v1/brokerage/prices')).items.find(({ pair }) => pair === 'ETH-BTC')).toMatchObject({
    firm: true,
    mid: '0.05000000',
  });
  expect((await get('/v1/brokerage/prices/BTC-USD/history')).items).toEqual([]);
  expect((await get('/v1/brokerage/prices/BTC-DOGE/history')).code).toBe('unknown_pair');
});

it('a quote names the own book among its sources, what it would fill its size at, and how much of it', async () => {
  const level = (price: string, quantity: bigint) => ({ price: parseRate(price, 'BTC', 'USD'), quantity });
  const depth = { bids: [level('59990', 10n ** 8n)], asks: [level('60010', 10n ** 6n), level('60110', 10n ** 8n)] };
  prices.observe('own-book', 'BTC-USD', parseRate('60000', 'BTC', 'USD'), { kind: 'own-book', depth });
  const { body } = await quote({ mode: 'EXACT_OUT', amount: '0.02000000' });
  expect(body).toMatchObject({
    mid: '60000.00000000',
    reference: '60060.00000000',
    price: '60360.30000000',
    midSources: [
      { name: 'alpha' },
      { name: 'bravo' },
      { name: 'own-book', price: '60000.00000000', sizePrice: '60060.00000000', covered: '0.02000000' },
    ],
  });
  // What is published of a quote is what is sent: nothing is missing, and nothing is sent that is not published.
  expect(quoteSchema.parse(body)).toEqual(body);
});
