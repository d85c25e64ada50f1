import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { systemClock } from '@base/clock';
import { Events } from '@base/events';
import { type Refusal } from '@base/http';
import { ExecuteApprovals, findApproval } from '@platform/approvals';
import { Audit, listAuditRecords } from '@platform/audit';
import { parseRate } from '@core/money';
import { SPEC_PASSWORD } from '@platform/identity/testing';
import { Prices } from '@platform/pricing';
import { BUST_TRADE, BustTrade, executeBust, executeRelease, findBust, OperateVenue, OperatorLink, RELEASE_KILL_SWITCH } from '@products/venue'; // prettier-ignore
import { cancelAll, exchangeKey, order, VenueBench } from '@products/venue/testing';
import { startAdmin, type TestAdmin } from '../testing/start-admin.js';

const DOLLAR = 100n;
const BITCOIN = 100_000_000n;
const PEOPLE = 3;
const reason = 'the market is not orderly';

let bench: VenueBench;
let admin: TestAdmin;
let executions: ExecuteApprovals;
const tokens: Record<string, string> = {};
/** Customers with money on the exchange, and their numbers in the engine. */
const customers: string[] = [];
const accounts: number[] = [];

beforeAll(async () => {
  bench = await VenueBench.open({ makerPpm: 0, takerPpm: 0 });
  bench.startSettler();
  const { database, logger } = bench;
  for (let k = 0; k < PEOPLE; k += 1)
    customers.push(await bench.customer({ USD: 90_000n * DOLLAR, BTC: 3n * BITCOIN }));
  for (const id of customers) {
    await bench.move('in', id, 'USD', 90_000n * DOLLAR);
    await bench.moved('in', id, 'BTC', 3n * BITCOIN);
    accounts.push(await bench.engineAccount(id));
  }
  admin = await startAdmin({
    DATABASE_URL: bench.books.database.appUrl.reveal(),
    EXCHANGE_ADDRESSES: bench.exchange.address.path,
    EXCHANGE_OPERATOR_KEY: exchangeKey('operator').reveal(),
  });
  for (const role of ['support', 'treasury', 'compliance'] as const) {
    await admin.identity.hire(`${role}@strongroom.example`, [role]);
    tokens[role] = await signIn(role);
  }
  executions = new ExecuteApprovals({ database, clock: systemClock, audit: new Audit(systemClock) });
  const busts = new BustTrade(database, new Events({ database, clock: systemClock, logger }), systemClock);
  executions.register(BUST_TRADE, executeBust(busts));
  executions.registerOutside(RELEASE_KILL_SWITCH, executeRelease(database, operate()));
});
afterAll(async () => {
  await admin.stop();
  await bench.close();
});

const operate = (patienceMs?: number, clock = systemClock): OperateVenue => {
  const settings = { addresses: [bench.exchange.address], key: exchangeKey('operator') };
  const link = new OperatorLink(patienceMs === undefined ? settings : { ...settings, patienceMs });
  return new OperateVenue(bench.database, link, new Audit(systemClock), clock);
};

interface Called {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly replayed: boolean;
}
type Method = 'GET' | 'POST' | 'PUT';
interface Call {
  readonly as: string;
  readonly payload?: object;
  readonly key?: string;
  readonly stepUp?: string;
}

async function call(method: Method, url: string, { as, payload, key = randomUUID(), stepUp }: Call): Promise<Called> {
  const response = await admin.app.inject({
    method,
    url,
    ...(payload && { payload }),
    headers: {
      authorization: `Bearer ${tokens[as]}`,
      ...(method !== 'GET' && { 'idempotency-key': key }),
      ...(stepUp !== undefined && { 'x-step-up': stepUp }),
    },
  });
  const replayed = response.headers['idempotent-replayed'] === 'true';
  return { status: response.statusCode, body: response.json<Record<string, unknown>>(), replayed };
}

async function signIn(role: string): Promise<string> {
  const payload = { email: `${role}@strongroom.example`, password: SPEC_PASSWORD };
  const response = await admin.app.inject({ method: 'POST', url: '/v1/auth/login', payload });
  return response.json<{ accessToken: string }>().accessToken;
}

/** Approves as somebody, confirming it with a step-up, and has it executed. */
async function approve({ id, digest }: Record<string, unknown>, as: string): Promise<Called> {
  const path = `/v1/approvals/${String(id)}/approve`;
  const payload = { digest, reason: 'looked at it' };
  const request = { method: 'POST', path, body: payload, password: SPEC_PASSWORD };
  const stepped = await call('POST', '/v1/step-up', { as, payload: request });
  const answer = await call('POST', path, { as, payload, stepUp: String(stepped.body['token']) });
  await executions.run(String(id));
  return answer;
}

/** Sends orders, if any, and waits until everything up to now is settled. */
const traded = async (...orders: ReturnType<typeof order>[]): Promise<number> => {
  const last = orders.length === 0 ? 0 : await bench.exchange.do('gateway', orders);
  await bench.settledUpTo(last);
  return last;
};
const buy = (who: number, more: object = {}) => order({ account: accounts[who] ?? 0, ...more });
const sell = (who: number, more: object = {}) => order({ account: accounts[who] ?? 0, side: 'sell', ...more });
const items = ({ body }: Called): Record<string, unknown>[] => body['items'] as Record<string, unknown>[];
const state = (symbol: string, to: string, more: Partial<Call> = {}): Promise<Called> =>
  call('POST', `/v1/venue/instruments/${symbol}/state`, { as: 'compliance', payload: { state: to, reason }, ...more });

test('an instrument is planned in decimals, listed by the engine once, and on record', async () => {
  const payload = { symbol: 'ETH-GBP', base: 'ETH', quote: 'GBP', tick: '0.01', lot: '0.000001', minimumQuantity: '0.005', maximumQuantity: '2000', maximumPrice: '100000', reason }; // prettier-ignore
  expect((await call('POST', '/v1/venue/instruments', { as: 'support', payload })).status).toBe(403);
  const uneven = { ...payload, minimumQuantity: '0.0000015' };
  expect(await call('POST', '/v1/venue/instruments', { as: 'treasury', payload: uneven })).toMatchObject({ status: 422, body: { code: 'terms_do_not_fit' } }); // prettier-ignore
  const planned = await call('POST', '/v1/venue/instruments', { as: 'treasury', payload });
  expect(planned).toMatchObject({ status: 200, body: { state: 'planned', tick: '0.01', lot: '0.000001', maximumPrice: '100000' } }); // prettier-ignore
  const key = randomUUID();
  const list = (by = key) => call('POST', '/v1/venue/instruments/ETH-GBP/list', { as: 'treasury', payload: { reason }, key: by }); // prettier-ignore
  const listed = await list();
  expect(listed).toMatchObject({ status: 200, body: { event: { kind: 'instrument-listed', symbol: 'ETH-GBP' } } });
  expect(await list()).toEqual({ ...listed, replayed: true });
  expect(await list(randomUUID())).toMatchObject({ status: 409, body: { code: 'instrument_exists' } });
  const records = await listAuditRecords(bench.database, { subject: { kind: 'instrument', id: 'ETH-GBP' }, limit: 9 });
  expect(records.map(({ action }) => action)).toEqual(['venue.instrument-listed', 'venue.instrument-listed', 'venue.instrument-proposed']); // prettier-ignore
  await traded();
  const shown = items(await call('GET', '/v1/venue/instruments', { as: 'support' }));
  expect(shown.find(({ symbol }) => symbol === 'ETH-GBP')).toMatchObject({ state: 'closed', minimumQuantity: '0.005' });
});

test('an instrument is halted and opened, and what the engine refuses is told with its reason', async () => {
  expect(await state('ETH-BTC', 'halted')).toMatchObject({ status: 200, body: { event: { state: 'halted', reason: 'operator' } } }); // prettier-ignore
  await traded();
  const shown = items(await call('GET', '/v1/venue/instruments', { as: 'support' }));
  expect(shown.find(({ symbol }) => symbol === 'ETH-BTC')).toMatchObject({ state: 'halted' });
  expect(await state('ETH-BTC', 'open')).toMatchObject({ status: 200 });
  expect(await state('NO-SUCH', 'open')).toMatchObject({ status: 404, body: { code: 'instrument_unknown' } });
  const fees = (takerPpm: number, tier = 1) => call('PUT', '/v1/venue/instruments/ETH-BTC/fees', { as: 'treasury', payload: { tier, makerPpm: -100, takerPpm, reason } }); // prettier-ignore
  expect(await fees(400)).toMatchObject({ status: 200, body: { event: { kind: 'fees-set', tier: 1, takerPpm: 400 } } });
  expect(await fees(400, 255)).toMatchObject({ status: 422, body: { code: 'invalid_fees' } });
  const bands = { referencePrice: '0.06', pricePpm: 100_000, protectionPpm: 50_000, haltPpm: 0, haltWindowMs: 0, reopenAfterMs: 0, reason }; // prettier-ignore
  expect(await call('PUT', '/v1/venue/instruments/ETH-BTC/bands', { as: 'treasury', payload: bands })).toMatchObject({ status: 200, body: { event: { kind: 'bands-set', pricePpm: 100_000 } } }); // prettier-ignore
  const mark = { price: '0.06', reason };
  expect(await call('PUT', '/v1/venue/instruments/ETH-BTC/mark-price', { as: 'treasury', payload: mark })).toMatchObject({ body: { code: 'not_margined' } }); // prettier-ignore
  expect(await call('POST', '/v1/venue/audit', { as: 'treasury', payload: { reason } })).toMatchObject({ body: { event: { outcome: 'sound' } } }); // prettier-ignore
});

test('a command whose answer was lost is found in the journal, and not sent again', async () => {
  const given = {
    operatorId: randomUUID(),
    key: 'the lost one',
    action: 'instrument-state-set',
    subject: { kind: 'instrument', id: 'USDC-USD' },
    request: { state: 'halted' },
    reason,
    command: { kind: 'set-state', instrument: 5, state: 'halted' },
  } as const;
  const codeOf = (work: Promise<unknown>) => work.then(() => 'done', (error: unknown) => (error as Refusal).code); // prettier-ignore
  expect(await codeOf(operate(1).run(given))).toBe('venue_answer_unknown');
  expect(await codeOf(operate().run(given))).toBe('operation_in_progress');
  const later = { now: () => new Date(Date.now() + 3_000) };
  // Somebody has opened it meanwhile: sent again, the halt would undo that.
  await bench.exchange.do('operator', [{ kind: 'set-state', instrument: 5, state: 'open' }]);
  const { operation } = await operate(undefined, later).run(given);
  expect(operation).toMatchObject({ state: 'done', answer: { kind: 'instrument-state', state: 'halted' } });
  await traded();
  const shown = items(await call('GET', '/v1/venue/instruments', { as: 'support' }));
  expect(shown.find(({ symbol }) => symbol === 'USDC-USD')).toMatchObject({ state: 'open' });
  expect(await codeOf(operate().run({ ...given, reason: 'another reason' }))).toBe('idempotency_key_reused');
});

test('the kill switch is engaged by one and released by two', async () => {
  await traded(buy(0, { price: 200_000 }));
  expect(items(await call('GET', `/v1/venue/orders?customerId=${customers[0]}`, { as: 'support' }))).toMatchObject([{ price: '20000', symbol: 'BTC-USD' }]); // prettier-ignore
  const engaged = await call('POST', '/v1/venue/kill-switch/engage', { as: 'treasury', payload: { reason } });
  expect(engaged).toMatchObject({ status: 200, body: { event: { position: 'engaged' } } });
  await traded(buy(0, { price: 200_000 }));
  expect(items(await call('GET', '/v1/venue/orders', { as: 'support' }))).toEqual([]);
  const stale = await call('POST', '/v1/venue/kill-switch/release', { as: 'treasury', payload: { reason } });
  const again = await call('POST', '/v1/venue/kill-switch/engage', { as: 'treasury', payload: { reason: 'for another reason' } }); // prettier-ignore
  expect(again.status).toBe(200);
  expect((await approve(stale.body, 'compliance')).status).toBe(200);
  const failed = await call('GET', `/v1/approvals/${String(stale.body['id'])}`, { as: 'support' });
  expect(failed.body).toMatchObject({ state: 'failed', outcome: { code: 'venue_stopped_again' } });
  const asked = await call('POST', '/v1/venue/kill-switch/release', { as: 'treasury', payload: { reason } });
  expect(asked).toMatchObject({ status: 202, body: { state: 'requested', kind: 'venue.release-kill-switch' } });
  expect(await approve(asked.body, 'treasury')).toMatchObject({ status: 403, body: { code: 'approval_of_own' } });
  const path = `/v1/approvals/${String(asked.body['id'])}/approve`;
  const payload = { digest: asked.body['digest'], reason: 'looked at it' };
  expect(await call('POST', path, { as: 'compliance', payload })).toMatchObject({ body: { code: 'step_up_required' } });
  expect((await call('GET', '/v1/venue', { as: 'support' })).body).toMatchObject({ isKillSwitchEngaged: true });
  expect(await approve(asked.body, 'compliance')).toMatchObject({ status: 200, body: { state: 'approved' } });
  const after = await call('GET', `/v1/approvals/${String(asked.body['id'])}`, { as: 'support' });
  expect(after.body).toMatchObject({ state: 'executed', outcome: { kind: 'kill-switch-set', position: 'released' } });
  await traded();
  expect((await call('GET', '/v1/venue', { as: 'support' })).body).toMatchObject({ isKillSwitchEngaged: false });
  // Whoever executed it died before he could say so, and the venue has been stopped since: it is said now, and nothing is opened.
  await call('POST', '/v1/venue/kill-switch/engage', { as: 'treasury', payload: { reason: 'a third time' } });
  const approval = await findApproval(bench.database, String(asked.body['id']));
  if (approval === undefined) throw new Error('the approval is gone');
  const repeated = { ...approval, payload: RELEASE_KILL_SWITCH.schema.parse(approval.payload) };
  expect(await executeRelease(bench.database, operate())(repeated)).toEqual(after.body['outcome']);
  await traded();
  expect((await call('GET', '/v1/venue', { as: 'support' })).body).toMatchObject({ isKillSwitchEngaged: true });
  const last = await call('POST', '/v1/venue/kill-switch/release', { as: 'treasury', payload: { reason } });
  expect(await approve(last.body, 'compliance')).toMatchObject({ status: 200 });
});

test('a suspended account’s orders are cancelled, and a market maker’s tier is set', async () => {
  await traded(buy(1, { price: 200_000 }));
  const terms = (payload: object) => call('PUT', `/v1/venue/accounts/${customers[1]}`, { as: 'compliance', payload: { reason, ...payload } }); // prettier-ignore
  expect(await terms({ tier: 0, state: 'suspended' })).toMatchObject({ status: 200, body: { event: { state: 'suspended' } } }); // prettier-ignore
  await traded();
  expect(items(await call('GET', '/v1/venue/orders', { as: 'support' }))).toEqual([]);
  expect(await terms({ tier: 1, state: 'active' })).toMatchObject({ body: { event: { tier: 1, state: 'active' } } });
  await traded();
  expect((await call('GET', `/v1/venue/accounts/${customers[1]}`, { as: 'support' })).body).toMatchObject({ tier: 1, state: 'active' }); // prettier-ignore
});

test('a trade is taken back: asked for by one, approved by another, done in engine and ledger', async () => {
  const before = await bench.onExchange(customers[0] ?? '', 'BTC');
  const sequence = await traded(buy(0), sell(1));
  const payload = { sequence: String(sequence), index: 1, reason: 'a typing error' };
  const asked = await call('POST', '/v1/venue/busts', { as: 'compliance', payload });
  expect(asked).toMatchObject({ status: 202, body: { kind: 'venue.bust-trade' } });
  expect(await approve(asked.body, 'treasury')).toMatchObject({ status: 200 });
  const id = String(asked.body['id']);
  await bench.eventually(async () => ((await findBust(bench.database, id))?.state === 'busted' ? true : undefined));
  expect(await bench.onExchange(customers[0] ?? '', 'BTC')).toBe(before);
  const shown = await call('GET', `/v1/venue/busts/${id}`, { as: 'support' });
  const transfers = shown.body['transfers'] as Record<string, unknown>[];
  const legs = transfers.map(({ purpose, asset, amount, state: how }) => [purpose, asset, amount, how].join(' '));
  expect(legs.sort()).toEqual([
    'give BTC 0.01000000 settled',
    'give USD 300.00 settled',
    'take BTC 0.01000000 settled',
    'take USD 300.00 settled',
  ]);
  const fills = items(await call('GET', `/v1/venue/fills?symbol=BTC-USD&${lately()}`, { as: 'support' }));
  expect(fills.filter(({ bustId }) => bustId === id)).toHaveLength(2);
  expect(await call('POST', '/v1/venue/busts', { as: 'compliance', payload })).toMatchObject({ body: { code: 'trade_busted' } }); // prettier-ignore
  expect((await bench.reconcile())?.differences).toEqual([]);
});

const lately = (): string => {
  const [from, to] = [-3_600_000, 60_000].map((ms) => new Date(Date.now() + ms).toISOString());
  return `from=${from}&to=${to}`;
};

describe('surveillance', () => {
  const ask = (name: string, more = '') => call('GET', `/v1/venue/surveillance/${name}?symbol=BTC-USD&${lately()}${more}`, { as: 'compliance' }); // prettier-ignore

  test('is for compliance, and for a range that is a range', async () => {
    const url = `/v1/venue/surveillance/pairs?symbol=BTC-USD&${lately()}`;
    expect((await call('GET', url, { as: 'treasury' })).status).toBe(403);
    const turned = url.replace(/from=(.*)&to=(.*)/, 'from=$2&to=$1');
    expect(await call('GET', turned, { as: 'compliance' })).toMatchObject({ status: 400, body: { field: 'to' } });
  });

  test('finds trades with one owner on both sides, page by page', async () => {
    await traded(buy(2), sell(2), buy(2, { price: 300_001 }), sell(2, { price: 300_001 }));
    const first = await ask('self-trades', '&limit=1');
    expect(items(first)).toMatchObject([{ account: accounts[2], price: '30000.1', quantity: '0.01', notional: '300.01' }]); // prettier-ignore
    const second = await ask('self-trades', `&limit=1&cursor=${String(first.body['next'])}`);
    expect(items(second)).toMatchObject([{ account: accounts[2], price: '30000' }]);
    expect(second.body['next']).toBeUndefined();
    expect(first.body['method']).toMatch(/both sides/);
  });

  test('finds pairs and circles whose volume comes back', async () => {
    const hand = (from: number, to: number, price: number) => [buy(to, { price }), sell(from, { price })];
    await traded(...hand(0, 1, 310_000), ...hand(1, 0, 310_000), ...hand(1, 2, 310_000), ...hand(2, 0, 310_000));
    const [pair] = items(await ask('pairs', '&minimumTrades=2&minimumBalancePpm=400000'));
    expect(pair).toMatchObject({ accounts: [accounts[0], accounts[1]], circulated: '0.01' });
    const rings = items(await ask('rings', '&minimumTrades=3&minimumBalancePpm=300000'));
    expect(rings.map(({ accounts: who }) => who)).toContainEqual(accounts);
  });

  test('finds large orders cancelled around a trade on the other side', async () => {
    const large = { quantity: 20_000_000n, price: 290_000 };
    await traded(buy(0, large), buy(1, { price: 311_000 }), sell(0, { price: 311_000 }), cancelAll(accounts[0] ?? 0));
    const [spoof] = items(await ask('spoofing'));
    expect(spoof).toMatchObject({ account: accounts[0], side: 'buy', quantity: '0.2', filled: '0', trade: { quantity: '0.01' } }); // prettier-ignore
    expect(items(await ask('spoofing', '&multiple=21'))).toEqual([]);
  });

  test('finds prices that ran away', async () => {
    await traded(buy(1, { price: 400_000 }), sell(0, { price: 400_000 }));
    const [move] = items(await ask('price-moves', '&windowMs=3600000&movePpm=200000'));
    expect(move).toMatchObject({ high: '40000', lastPrice: '40000', trades: 1 });
    expect(items(await ask('price-moves', '&windowMs=3600000&movePpm=900000'))).toEqual([]);
  });
});

test('what the exchange’s book is to the price of a pair is shown beside the other sources', async () => {
  const prices = admin.app.get(Prices);
  const say = (source: string, price: string, origin = {}): void =>
    prices.observe(source, 'BTC-USD', parseRate(price, 'BTC', 'USD'), origin);
  const shown = async () => items(await call('GET', '/v1/house/pairs', { as: 'treasury' })).find(({ pair }) => pair === 'BTC-USD'); // prettier-ignore
  for (const source of ['alpha', 'bravo']) say(source, '60000');
  say('own-book', '60050', { kind: 'own-book', depth: { bids: [], asks: [] } });
  expect(await shown()).toMatchObject({
    firmPrice: true,
    mid: '60000.00000000',
    sources: [{ name: 'alpha', kind: 'external', standing: 'used' }, { name: 'bravo' }, { name: 'own-book', kind: 'own-book', standing: 'used', price: '60050.00000000', ageMs: expect.any(Number) }],
  }); // prettier-ignore
  say('own-book', '64000', { kind: 'own-book' });
  expect(await shown()).toMatchObject({ sources: [{ standing: 'used' }, { standing: 'used' }, { standing: 'left_out', price: '64000.00000000' }] }); // prettier-ignore
});
