import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type AddressInfo } from 'node:net';
import { type AssetCode, parseRate } from '@core/money';
import { account, type AccountType, credit, debit, Ledger, LedgerAuditor } from '@platform/ledger';
import { defineTestKinds, fund } from '@platform/ledger/testing';
import { PAYMENTS, type Payments } from '@platform/payments';
import { randomIban } from '@platform/payments/testing';
import { pairOf, Prices } from '@platform/pricing';
import { BROKERAGE, type Brokerage } from '@products/brokerage';
import { startApi, type TestApi } from './testing/start-api.js';
import { volley, type VolleyAnswer, type VolleyRequest } from './testing/volley.js';

/** H7 at the door: 200 connections want one balance in the same moment. */

const SHOTS = 200;
/** The example of BIP-173, on the regression test network: nobody's here. */
const OUTSIDE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

let api: TestApi;
let port: number;
let ledger: Ledger;

beforeAll(async () => {
  // Whether an overloaded machine turns requests away is row B5's question; here every one of them is to be answered.
  api = await startApi({}, { acquireTimeoutMs: 60_000 });
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  port = (api.app.getHttpServer().address() as AddressInfo).port;
  ledger = api.app.get(Ledger);
  await defineTestKinds(api.db.owner);
  for (const [asset, amount] of [['USD', 10n ** 9n], ['BTC', 10n ** 10n]] as const) await stockHouse(asset, amount); // prettier-ignore
});
afterAll(() => api.stop());
afterEach(async () => {
  expect((await ledger.trialBalance()).isBalanced).toBe(true);
  expect(await new LedgerAuditor(api.db.app, api.process.clock).invariants()).toEqual([]);
});

async function stockHouse(asset: AssetCode, amount: bigint): Promise<void> {
  const legs = [debit(account('bank_nostro', asset), amount), credit(account('house_inventory', asset), amount)];
  await ledger.submit({ id: randomUUID(), kind: 'test.fund', legs });
  const funding = { id: randomUUID(), asset, amount, source: 'spec' };
  await api.db.app.transaction((tx) => api.app.get<Brokerage>(BROKERAGE).fundInventory.note(tx, funding));
}

/** Prices and fees are refused once they are old, and the machine may be slow. */
async function refresh(): Promise<void> {
  for (const source of ['alpha', 'bravo']) {
    const { base, quote } = pairOf('BTC-USD');
    api.app.get(Prices).observe(source, 'BTC-USD', parseRate('60000', base, quote));
  }
  await api.db.owner.query(
    `INSERT INTO custody.fee_rate (chain_id, rate, at) VALUES ('bitcoin:regtest', 1000, $1)
     ON CONFLICT (chain_id) DO UPDATE SET at = EXCLUDED.at`,
    [api.process.clock.now()],
  );
}

interface Spender {
  readonly id: string;
  /** A POST by this customer, under a key of its own. */
  readonly post: (path: string, body: unknown) => VolleyRequest;
  readonly has: (type: AccountType, asset: AssetCode) => Promise<bigint>;
}

async function spenderWith(asset: AssetCode, amount: bigint): Promise<Spender> {
  const email = `${randomUUID()}@example.com`;
  const id = await api.identity.signUp(email);
  const { accessToken } = await api.identity.signIn(email);
  await fund(ledger, account('customer_available', asset, id), amount);
  return {
    id,
    post: (path, body) => ({
      path,
      headers: { authorization: `Bearer ${accessToken}`, 'idempotency-key': randomUUID() },
      body,
    }),
    has: (type, of) => ledger.balance(account(type, of, id)),
  };
}

/** Somebody at a bank whom the customer can pay, as if the bank had confirmed the name. */
async function beneficiaryOf(customerId: string): Promise<string> {
  const payments = api.app.get<Payments>(PAYMENTS);
  const payee = { customerId, asset: 'USD', name: 'Ada Lovelace', account: randomIban() } as const;
  const { id } = await api.db.app.transaction((tx) => payments.addBeneficiary.run(tx, payee));
  await api.db.owner.query(`UPDATE payments.beneficiary SET state = 'ACTIVE' WHERE id = $1`, [id]);
  return id;
}

const buyingFor = { profile: 'BUY', from: 'USD', to: 'BTC', amount: '25.00' };

async function ordersOf(spender: Spender, count: number): Promise<VolleyRequest[]> {
  const orders: VolleyRequest[] = [];
  while (orders.length < count) {
    await refresh();
    const quotes = await volley(port, Array.from({ length: 20 }, () => spender.post('/v1/brokerage/quotes', buyingFor))); // prettier-ignore
    for (const { body } of quotes) orders.push(spender.post('/v1/brokerage/orders', { quoteId: body['id'], confirm: true })); // prettier-ignore
  }
  return orders.slice(0, count);
}

/** Fires them and sees that each came by itself; answers those that were taken. What was not taken was refused for one reason. */
async function fire(requests: readonly VolleyRequest[]): Promise<VolleyAnswer[]> {
  await refresh();
  const answers = await volley(port, requests);
  expect(new Set(answers.map(({ port: ours }) => ours)).size).toBe(requests.length);
  const told = answers.map(({ status, body }) => (status === 201 ? '201' : `${status} ${String(body['code'])}`));
  expect(new Set(told)).toEqual(new Set(['201', '422 insufficient_funds']));
  return answers.filter(({ status }) => status === 201);
}

const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items.map((item) => ({ item, at: Math.random() })).sort((one, other) => one.at - other.at).map(({ item }) => item); // prettier-ignore

describe('H7: 200 connections spend one balance at once', () => {
  it('H7: by withdrawals of coins: exactly what fits is set aside, with its fee', async () => {
    const ada = await spenderWith('BTC', 10n ** 8n);
    const ask = { asset: 'BTC', destination: OUTSIDE, amount: '0.12000000' };
    const taken = await fire(Array.from({ length: SHOTS }, () => ada.post('/v1/withdrawals', ask)));
    // Eight times the amount fits, and so do eight fees.
    expect(taken).toHaveLength(8);
    const { fee } = await api.db.owner.one<{ fee: bigint }>('SELECT sum(fee) AS fee FROM custody.intent WHERE customer_id = $1', [ada.id]); // prettier-ignore
    expect(fee).toBeGreaterThan(0n);
    expect(await ada.has('customer_hold', 'BTC')).toBe(96_000_000n + fee);
    expect(await ada.has('customer_available', 'BTC')).toBe(4_000_000n - fee);
    const { intents } = await api.db.owner.one<{ intents: bigint }>('SELECT count(*) AS intents FROM custody.intent WHERE customer_id = $1', [ada.id]); // prettier-ignore
    expect(intents).toBe(8n);
  });

  it('H7: by buying: exactly what fits is bought, and what the customer got is what the house gave', async () => {
    const ada = await spenderWith('USD', 255_00n);
    const before = await ledger.balance(account('house_inventory', 'BTC'));
    const taken = await fire(await ordersOf(ada, SHOTS));
    expect(taken).toHaveLength(10);
    expect(new Set(taken.map(({ body }) => body['id'])).size).toBe(10);
    expect(await ada.has('customer_available', 'USD')).toBe(5_00n);
    expect(await ada.has('customer_hold', 'USD')).toBe(0n);
    const given = before - (await ledger.balance(account('house_inventory', 'BTC')));
    expect(given).toBeGreaterThan(0n);
    expect(await ada.has('customer_available', 'BTC')).toBe(given);
  });

  it('H7: by buying and by withdrawals to the bank together: what both take never passes the balance', async () => {
    const ada = await spenderWith('USD', 205_00n);
    const { fee } = api.app.get<Payments>(PAYMENTS).terms.withdrawal.limits.USD ?? { fee: 0n };
    const cents = 25_00n - fee;
    const amount = `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
    const ask = { beneficiaryId: await beneficiaryOf(ada.id), asset: 'USD', amount };
    const withdrawals = Array.from({ length: SHOTS / 2 }, () => ada.post('/v1/payments/withdrawals', ask));
    const taken = await fire(shuffled([...(await ordersOf(ada, SHOTS / 2)), ...withdrawals]));
    // Each of either kind takes 25 dollars, fees included.
    expect(taken).toHaveLength(8);
    const { asked } = await api.db.owner.one<{ asked: bigint }>('SELECT count(*) AS asked FROM payments.withdrawal WHERE customer_id = $1', [ada.id]); // prettier-ignore
    expect(await ada.has('customer_hold', 'USD')).toBe(asked * 25_00n);
    expect(await ada.has('customer_available', 'USD')).toBe(5_00n);
  });
});
