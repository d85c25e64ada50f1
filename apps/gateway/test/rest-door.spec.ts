/** The REST door on the wire: exact digits, error bodies, limits, and rows F1 and F10 of the reliability catalogue. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { custodySettings } from '@platform/custody';
import { type OrderDesk } from '../desk/order-desk.js';
import { type Door } from '../parts.js';
import { AccountHistory } from '../rest/account-history.js';
import { RequestFields } from '../rest/json-request.js';
import { marketDataRoutes } from '../rest/market-data-routes.js';
import { BTC_USD, FakeVenue } from '../socket/testing/fake-venue.js';
import { order } from '../socket/testing/orders.js';
import { openRestDoor, type RestDoorSettings } from '../rest/rest-door.js';
import { openRoom, type Room, type RoomTrader } from '../testing/index.js';
import { exchangeKey } from '@products/venue/testing';

const custody = custodySettings({ network: 'regtest', ethereumChainId: 31_337n, sandbox: true });
/** So long a request may take here; in service it is 15 s. */
const REQUEST_MS = 400;
/** Far from the market, so that it rests. */
const ORDER = { symbol: 'BTC-USD', ordType: 'LIMIT', side: 'buy', orderQty: 0.001, price: '1e4' };

let room: Room;
let door: Door;
let trader: RoomTrader;

const open = (more: Partial<RestDoorSettings> = {}, desk?: Partial<OrderDesk>): Promise<Door> =>
  openRestDoor(
    { ...room.parts, ...(desk && { desk: { ...room.parts.desk, ...desk } }) },
    { host: '127.0.0.1', port: 0, custody, ...more },
  );

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

async function ask(
  method: string,
  path: string,
  given: { body?: string; token?: string; type?: string; at?: Door } = {},
): Promise<Answer> {
  const { body, token = trader.keys.trade.secret, type = 'application/json', at = door } = given;
  const headers: Record<string, string> = { 'x-api-token': token };
  if (body !== undefined) headers['content-type'] = type;
  const response = await fetch(`http://127.0.0.1:${at.port}/v3/exchange${path}`, { method, headers, ...(body !== undefined && { body }) }); // prettier-ignore
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const place = (order: object): Promise<Answer> => ask('POST', '/orders', { body: JSON.stringify(order) });

beforeAll(async () => {
  room = await openRoom();
  trader = await room.trader({ USD: 100_000_000n });
  door = await open();
});
afterAll(async () => {
  await door.close(200);
  await room.close();
});

describe('what a request may cost', () => {
  it('is bounded: of a book a thousand levels unless told otherwise, five thousand at most, encoded once a command', () => {
    const feed = new FakeVenue();
    const asked: unknown[] = [];
    const nothing = { bids: [], asks: [] };
    feed.levels = (_number: number, depth?: number) => (asked.push(depth), nothing);
    feed.bookOrders = (_number: number, depth?: number) => (asked.push(depth), nothing);
    const paths = new Map(marketDataRoutes(feed).map((route) => [route.path, route]));
    const read = (path: string, depth?: string): void => {
      const route = paths.get(path);
      if (route?.access !== 'public') throw new Error(`no public ${path}`);
      const query = new RequestFields(depth === undefined ? [] : [['depth', depth]]);
      void route.answer({ params: { symbol: 'BTC-USD' }, query, body: query, headers: {} });
    };
    for (const path of ['/l2/:symbol', '/l3/:symbol']) {
      read(path);
      read(path);
      read(path, '999999');
      feed.tell({});
      read(path);
    }
    expect(asked).toEqual([1_000, 5_000, 1_000, 1_000, 5_000, 1_000]);
  });

  it('is bounded: of an account’s orders and fills in memory no more are looked at than are wanted, and never all', async () => {
    let looked = 0;
    const fill = { tradeId: 7n, orderId: 8n, account: 1, instrument: 1, side: 'buy', price: 1, quantity: 1n, fee: 0n, liquidity: 'maker', time: 5_000n, sequence: 7n, index: 0, notional: 1n } as const; // prettier-ignore
    function* many<Row>(row: Row): Generator<Row> {
      for (looked = 0; looked < 50_000;) {
        looked += 1;
        yield row;
      }
    }
    const venue = new FakeVenue();
    const feed = { ...venue, recentFills: () => many(fill), recentOrders: () => many(order()) };
    const history = new AccountHistory(feed, room.parts.database);
    const wanted = { account: trader.account, symbol: undefined, from: undefined, to: undefined, limit: 3 };
    await history.fills(wanted);
    expect(looked).toBe(3);
    await history.fills({ ...wanted, to: 1 });
    expect(looked).toBeLessThan(11_000);
    await history.tradedOrders(wanted);
    expect(looked).toBeLessThan(11_000);
    await history.orders({ ...wanted, status: 'CANCELED' });
    expect(looked).toBeLessThan(11_000);
  });

  it('has no contract among its symbols, for orders neither', async () => {
    const feed = new FakeVenue();
    feed.listed.push({ ...BTC_USD, number: 3, symbol: 'BTC-PERP', settlement: 'margined' });
    const other = await openRestDoor({ ...room.parts, feed }, { host: '127.0.0.1', port: 0, custody });
    const refused = await ask('POST', '/orders', { at: other, body: JSON.stringify({ ...ORDER, clOrdId: 'perp', symbol: 'BTC-PERP' }) }); // prettier-ignore
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([422, { message: expect.stringMatching(/^Unknown symbol BTC-PERP/) }]); // prettier-ignore
    await other.close(200);
  });
});

describe('the REST door', () => {
  it('reads and writes every digit as it stands', async () => {
    const { text } = await ask('POST', '/orders', {
      body: '{"clOrdId":"a \\"b\\"","symbol":"BTC-USD","ordType":"limit","side":"BUY","orderQty":1.2345678e-1,"price":20000.10}',
    });
    expect(text).toMatch(
      /^\{"exOrdId":\d+,"clOrdId":"a \\"b\\"","ordType":"LIMIT","ordStatus":"OPEN","side":"BUY","price":20000.1,"text":"New order"/,
    );
    expect(text).toContain('"leavesQty":0.12345678,"cumQty":0,"avgPx":0,"timestamp":');
    const { text: balance } = await ask('GET', '/accounts/primary/USD');
    expect(balance).toMatch(/^\{"currency":"USD","balance":1000000,"available":\d+(\.\d+)?,"balance_local":1000000,/);
    const tooFine = await place({ ...ORDER, clOrdId: 'fine', orderQty: '0.0010000000000000000001' });
    expect(JSON.parse(tooFine.text)).toMatchObject({ exOrdId: 0, ordStatus: 'REJECTED', leavesQty: 0 });
  });

  it('answers every error with the body that clients read, and none of them as a fault of the network', async () => {
    const bad = await Promise.all([
      ask('GET', '/nowhere'),
      ask('PUT', '/orders'),
      ask('GET', '/orders/12x'),
      ask('GET', '/orders?status=SOON'),
      ask('GET', '/fills?limit=0'),
      ask('GET', '/l2/BTC-USD?depth=-1'),
      ask('DELETE', '/orders/7', { body: '{}' }),
      ask('DELETE', '/orders?symbol=ETH-USD', { body: '{"symbol":"BTC-USD"}' }),
      ask('POST', '/orders', { body: '{"clOrdId":' }),
      ask('POST', '/orders', { body: '[]' }),
      ask('POST', '/orders', { body: `${'['.repeat(4_000)}` }),
      ask('POST', '/orders', { body: '{"__proto__":{"clOrdId":"x"}}' }),
      ask('POST', '/orders', { body: ' '.repeat(9_000) }),
      ask('POST', '/orders', { body: 'clOrdId=x', type: 'text/plain' }),
      ask('POST', '/deposits/DOGE', { body: '', type: 'application/x-www-form-urlencoded' }),
      ask('GET', '/orders', { token: 'wrong' }),
      ask('POST', '/withdrawals', { body: '{}' }),
    ]);
    expect(bad.map(({ status }) => status)).toEqual([404, 404, 404, 422, 422, 422, 404, 422, 422, 422, 422, 422, 413, 422, 422, 401, 401]); // prettier-ignore
    for (const { status, text } of bad) {
      const body = JSON.parse(text) as Record<string, unknown>;
      expect(body).toMatchObject({ status, error: expect.any(String), message: expect.any(String), path: expect.stringMatching(/^\//) }); // prettier-ignore
      expect(body['timestamp']).toMatch(/^\d{4}-.*\+00:00$/);
    }
  });

  it('says by headers how much is left, and 429 with a time to wait when nothing is', async () => {
    const tight = await open({ perKey: { perSecond: 1, burst: 2 } });
    const answers = [await ask('GET', '/orders', { at: tight }), await ask('GET', '/orders', { at: tight }), await ask('GET', '/orders', { at: tight })]; // prettier-ignore
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['1', '0', '0']);
    expect(answers[2]?.headers.get('retry-after')).toBe('1');
    expect((await ask('GET', '/orders', { at: tight, token: trader.keys.view.secret })).status).toBe(200);
    await tight.close(200);
  });

  it('refuses what the venue cannot take now with 503 and a time to wait, and lets a frozen customer cancel only', async () => {
    const busy = await open({}, { place: () => Promise.resolve({ kind: 'refused', reason: 'overloaded' }) });
    const refused = await ask('POST', '/orders', { at: busy, body: JSON.stringify({ ...ORDER, clOrdId: 'busy' }) });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    await busy.close(200);
    const lost = await open({}, { place: () => Promise.resolve({ kind: 'unknown' }), cancelAll: () => Promise.resolve({ kind: 'unknown' }) }); // prettier-ignore
    for (const unknown of [
      await ask('POST', '/orders', { at: lost, body: JSON.stringify({ ...ORDER, clOrdId: 'lost' }) }),
      await ask('DELETE', '/orders', { at: lost, body: '{}' }),
    ]) {
      expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, null]);
      expect(JSON.parse(unknown.text)).toMatchObject({ message: expect.stringMatching(/^Outcome unknown/) });
    }
    await lost.close(200);
    const frozen = await room.trader({ USD: 10_000_00n });
    const token = frozen.keys.trade.secret;
    const entered = await ask('POST', '/orders', { token, body: JSON.stringify({ ...ORDER, clOrdId: 'before' }) });
    await room.bench.database.query(`UPDATE identity.principal SET status = 'frozen' WHERE id = $1`, [
      frozen.customerId,
    ]);
    await room.bench.eventually(async () => {
      const again = await ask('POST', '/orders', { token, body: JSON.stringify({ ...ORDER, clOrdId: 'after' }) });
      return again.text.includes('frozen') ? true : undefined;
    });
    const { exOrdId } = JSON.parse(entered.text) as { exOrdId: number };
    expect((await ask('DELETE', `/orders/${exOrdId}`, { token, body: '{}' })).status).toBe(200);
  });

  it('drains: lets a request under way end, takes no other, and is gone', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const draining = await open({}, { cancelAll: async (request) => (await held, room.parts.desk.cancelAll(request)) });
    const underWay = ask('DELETE', '/orders', { at: draining, body: '{"symbol":"ETH-EUR"}' });
    await room.until(() => true);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = draining.close(5_000);
    await expect(ask('GET', '/symbols', { at: draining })).rejects.toThrow();
    release();
    const { status, headers } = await underWay;
    expect([status, headers.get('connection')]).toEqual([200, 'close']);
    await closed;
  });
});

const socketTo = async (at: Door): Promise<Socket> => {
  const socket = connect(at.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

describe('F1: a connection cut in the middle of an order', () => {
  it('leaves the order there or not there, which its client order id answers, and never twice', async () => {
    const requestOf = (clOrdId: string): string => {
      const body = JSON.stringify({ ...ORDER, clOrdId });
      return `POST /v3/exchange/orders HTTP/1.1\r\nHost: x\r\nX-API-Token: ${trader.keys.trade.secret}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    };
    const whole = requestOf('cut-000').length;
    const head = requestOf('cut-000').indexOf('\r\n\r\n');
    const cuts = [0, 1, 20, head - 1, head + 4, head + 5, whole - 1, whole, whole, whole];
    for (const [number, bytes] of cuts.entries()) {
      const socket = await socketTo(door);
      socket.write(requestOf(`cut-${String(number).padStart(3, '0')}`).slice(0, bytes));
      if (number % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    }
    // A marker behind them all: what the door has read of them has been to the engine by then.
    await place({ ...ORDER, clOrdId: 'marker' });
    for (const [number, bytes] of cuts.entries()) {
      const clOrdId = `cut-${String(number).padStart(3, '0')}`;
      const before = JSON.parse((await ask('GET', `/orders?clOrdId=${clOrdId}`)).text) as object[];
      if (bytes < whole) expect([number, before]).toEqual([number, []]);
      const again = JSON.parse((await place({ ...ORDER, clOrdId })).text) as { ordStatus: string; text: string };
      const isKnown = again.ordStatus === 'REJECTED';
      if (before.length > 0) expect(isKnown).toBe(true);
      if (isKnown) expect(again.text).toMatch(/^Duplicate/);
      expect(JSON.parse((await ask('GET', `/orders?clOrdId=${clOrdId}`)).text)).toHaveLength(1);
    }
    const live = JSON.parse((await ask('GET', '/orders?limit=1000')).text) as { clOrdId: string }[];
    const names = live.map(({ clOrdId }) => clOrdId).filter((name) => name.startsWith('cut-'));
    expect(names.sort()).toEqual(cuts.map((_, number) => `cut-${String(number).padStart(3, '0')}`));
  });
});

describe('connections of one network', () => {
  it('are so many and no more, until one of them ends', async () => {
    const at = await open({ mostConnectionsOfAddress: 2 });
    const sockets = await Promise.all([socketTo(at), socketTo(at), socketTo(at)]);
    await Promise.race(sockets.map((socket) => once(socket.resume(), 'close')));
    expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(1);
    await expect(ask('GET', '/symbols', { at })).rejects.toThrow('fetch failed');
    sockets.find(({ destroyed }) => !destroyed)?.end();
    const served = (): Promise<Answer> => ask('GET', '/symbols', { at }).catch(served);
    expect((await served()).status).toBe(200);
    await at.close(200);
  });
});

describe('F10: clients that do not finish their requests', () => {
  it('are dropped, whether they dawdle in the head or in the body, while others are served', async () => {
    const at = await open({ requestMs: REQUEST_MS });
    const sockets = await Promise.all(Array.from({ length: 20 }, () => socketTo(at)));
    const ends = sockets.map((socket) => once(socket.resume(), 'close'));
    for (const [number, socket] of sockets.entries()) {
      socket.write('POST /v3/exchange/orders HTTP/1.1\r\nHost: x\r\n');
      if (number % 2 === 0) socket.write(`X-API-Token: ${trader.keys.trade.secret}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`); // prettier-ignore
    }
    expect((await ask('GET', '/orders', { at })).status).toBe(200);
    await Promise.all(ends);
    expect((await ask('GET', '/orders', { at })).status).toBe(200);
    await at.close(200);
  });
});

describe('the gateway as a process', () => {
  it('is ready when it has caught up with the venue, serves, and ends by itself when told to', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../../dist/apps/gateway/main.js')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: room.bench.books.database.appUrl.reveal(),
        EXCHANGE_ADDRESSES: room.bench.exchange.address.path,
        EXCHANGE_GATEWAY_KEY: exchangeKey('gateway').reveal(),
        ...Object.fromEntries(['REST', 'WS', 'FIX', 'METRICS'].map((name) => [`GATEWAY_${name}_PORT`, '0'])),
      },
    });
    try {
      const said = { ports: [] as number[], health: 0 };
      for await (const line of createInterface(child.stdout)) {
        const { msg, ...rest } = JSON.parse(line) as { msg: string } & typeof said;
        if (msg === 'gateway ready') Object.assign(said, rest);
        if (said.health > 0) break;
      }
      expect(said.ports).toHaveLength(3);
      expect((await fetch(`http://127.0.0.1:${said.health}/health/ready`)).status).toBe(200);
      const orders = await fetch(`http://127.0.0.1:${said.ports[0] ?? 0}/v3/exchange/orders`, {
        headers: { 'x-api-token': trader.keys.view.secret },
      });
      const mine = (await orders.json()) as { clOrdId: string }[];
      expect(mine.map(({ clOrdId }) => clOrdId)).toContain('marker');
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
