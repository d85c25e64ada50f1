/** Authentication, balances and trading (exchange-api.md §3.3, §3.4), against the interfaces that the door stands on. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { createLogger } from '@base/observability';
import { openSocketDoor, type SocketDoor } from './socket-door.js';
import { FakeAccess, FakeVenue } from './testing/fake-venue.js';
import { order, report } from './testing/orders.js';
import { SocketClient } from './testing/socket-client.js';

const logger = createLogger('socket-spec');
const NEW_ORDER = { action: 'NewOrderSingle', channel: 'trading', clOrdID: 'c1', symbol: 'BTC-USD', ordType: 'limit', timeInForce: 'GTC', side: 'buy', orderQty: 0.001, price: 30000 }; // prettier-ignore

let venue: FakeVenue;
let access: FakeAccess;
let door: SocketDoor;
const clients: SocketClient[] = [];

beforeEach(async () => {
  venue = new FakeVenue();
  access = new FakeAccess();
  access.add('secret-17', 17);
  access.add('secret-18', 18);
  access.add('looker', 19, ['view']);
  door = await openSocketDoor({ desk: venue, feed: venue, access, clock: new ManualClock(), logger }, { host: '127.0.0.1', port: 0 }); // prettier-ignore
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await door.close(0);
});

async function connect(token?: string, headers: Record<string, string> = {}): Promise<SocketClient> {
  const client = await SocketClient.open(door.port, { headers });
  clients.push(client);
  if (token !== undefined) await client.subscribe({ channel: 'auth', token });
  return client;
}

async function trader(token: string, options: Record<string, unknown> = {}): Promise<SocketClient> {
  const client = await connect(token);
  await client.subscribe({ channel: 'trading', ...options });
  await client.next({ event: 'snapshot' });
  return client;
}

describe('authentication', () => {
  test('a secret opens the private channels; a read-only key is told that it is one and cannot trade', async () => {
    const client = await connect();
    expect(await client.subscribe({ channel: 'auth', token: 'looker' })).toEqual({ seqnum: 0, event: 'subscribed', channel: 'auth', readOnly: true }); // prettier-ignore
    expect(await client.subscribe({ channel: 'trading' })).toMatchObject({ event: 'rejected', text: 'Read only user' });
    expect(await client.subscribe({ channel: 'balances' })).toMatchObject({ event: 'subscribed' });
  });

  test.each([['wrong'], [''], [undefined]])('the secret %j is refused, and the connection ends', async (token) => {
    const client = await connect();
    expect(await client.subscribe({ channel: 'auth', token })).toMatchObject({ event: 'rejected', channel: 'auth', text: 'Authentication Failed' }); // prettier-ignore
    expect(await client.closed()).toEqual({ code: 1008, reason: 'authentication failed' });
  });

  test('a cookie at the handshake authenticates too', async () => {
    const client = await connect(undefined, { cookie: 'a=b; auth_token=secret-17; c=d' });
    expect(await client.subscribe({ channel: 'trading' })).toMatchObject({ event: 'subscribed' });
  });

  test('what is sent right after the secret waits until it has been looked at', async () => {
    const client = await connect();
    client.say({ action: 'subscribe', channel: 'auth', token: 'secret-17' });
    client.say({ action: 'subscribe', channel: 'balances' });
    client.say({ action: 'subscribe', channel: 'trading' });
    expect(await client.next()).toMatchObject({ channel: 'auth' });
    expect(await client.next()).toMatchObject({ event: 'subscribed', channel: 'balances' });
    expect(await client.next({ event: 'subscribed' })).toMatchObject({ channel: 'trading' });
  });

  test('F9: a revoked key’s connections end within a second and are told nothing more that is private', async () => {
    const client = await trader('secret-17');
    access.change('secret-17', undefined);
    venue.tell({ reports: [report('accepted', 131_072n)] });
    expect(await client.closed()).toEqual({ code: 1008, reason: 'key changed' });
    expect(client.told.filter(({ event }) => event === 'updated')).toEqual([]);
    expect(access.watchersOf('key-secret-17')).toBe(0);
  });

  test('F9: so do those of a key that may less than it could; a frozen customer’s goes on and takes no orders', async () => {
    const [frozen, reduced] = [await trader('secret-17'), await trader('secret-18')];
    access.change('secret-17', { isFrozen: true });
    access.change('secret-18', { scopes: ['view'] });
    expect(await reduced.closed()).toMatchObject({ reason: 'key changed' });
    frozen.say(NEW_ORDER);
    expect(await frozen.next()).toMatchObject({ event: 'rejected', text: 'Account frozen' });
    frozen.say({ action: 'OrderMassCancelRequest', channel: 'trading' });
    await frozen.subscribe({ channel: 'trades', symbol: 'BTC-USD' });
    expect(venue.massCancels).toEqual([17]);
  });
});

describe('balances', () => {
  test('complete at once and after every change, in the local currency too, and only one’s own', async () => {
    venue.owned.set(17, [{ asset: 1, total: 150_000_000n, held: 50_000_000n }, { asset: 2, total: 1_000n, held: 0n }]); // prettier-ignore
    venue.owned.set(18, [{ asset: 2, total: 77n, held: 0n }]);
    venue.tickerNow = { ...venue.tickerNow, lastPrice: 300_005 };
    const [client, other] = [await connect('secret-17'), await connect('secret-18')];
    expect(await client.subscribe({ channel: 'balances' })).toMatchObject({ event: 'subscribed' });
    await other.subscribe({ channel: 'balances' });
    const btc = { currency: 'BTC', balance: 1.5, available: 1, balance_local: 45_000.75, available_local: 30_000.5, rate: 30_000.5 }; // prettier-ignore
    const usd = { currency: 'USD', balance: 10, available: 10, balance_local: 10, available_local: 10, rate: 1 };
    expect(await client.next()).toMatchObject({ event: 'snapshot', channel: 'balances', balances: [btc, usd], total_available_local: 30_010.5, total_balance_local: 45_010.75 }); // prettier-ignore
    venue.owned.set(17, [{ asset: 1, total: 0n, held: 0n }, { asset: 2, total: 1_000n, held: 0n }]); // prettier-ignore
    venue.tell({ balances: [{ account: 17, asset: 1 }] });
    expect(await client.next()).toMatchObject({ event: 'snapshot', balances: [{ currency: 'BTC', balance: 0, available: 0 }, { currency: 'USD' }] }); // prettier-ignore
    await other.subscribe({ channel: 'heartbeat' });
    expect(other.told.filter(({ event }) => event === 'snapshot')).toHaveLength(1);
  });
});

describe('trading', () => {
  test('live orders first, then the reports of the account from whichever door, and of no other account', async () => {
    venue.live.push(order({ filled: 4n, open: 6n }), order({ account: 18, clientText: 'not yours' }));
    const client = await connect('secret-17');
    const other = await trader('secret-18');
    expect(await client.subscribe({ channel: 'trading' })).toMatchObject({ event: 'subscribed', channel: 'trading' });
    const { orders, positions } = await client.next({ event: 'snapshot' });
    expect(orders).toMatchObject([{ orderID: '281775861306290', clOrdID: 'c1', ordStatus: 'partial', leavesQty: 0.0006, cumQty: 0.0004 }]); // prettier-ignore
    expect(positions).toEqual([]);
    venue.tell({ reports: [report('accepted', 393_216n)] });
    expect(await client.next()).toEqual({
      seqnum: 3, event: 'updated', channel: 'trading', orderID: '281775861306290', gwOrderId: 281_775_861_306_290, clOrdID: 'c1', symbol: 'BTC-USD', side: 'buy', ordType: 'limit',
      orderQty: 0.001, leavesQty: 0.001, cumQty: 0, avgPx: 0, ordStatus: 'open', timeInForce: 'GTC', text: 'New order', execType: '0', execID: '393216',
      transactTime: '2022-08-08T23:31:00.550795Z', msgType: 8, lastPx: 0, lastShares: 0, tradeId: '0', fee: 0, price: 30000, marginOrder: false, closePositionOrder: false,
    }); // prettier-ignore
    expect(other.told.filter(({ event }) => event === 'updated')).toEqual([]);
  });

  test('an order reaches the desk with its exact digits, and is answered by its report', async () => {
    const client = await trader('secret-17');
    venue.placeOutcome = () => Promise.resolve({ kind: 'accepted', order: order(), reports: [] });
    client.say('{"action":"NewOrderSingle","channel":"trading","clOrdID":"big one","symbol":"BTC-USD","ordType":"stopLimit","side":"sell","orderQty":90.0719,"price":"3e4","stopPx":1e5,"execInst":"ALO"}'); // prettier-ignore
    await client.subscribe({ channel: 'heartbeat' });
    expect(venue.placed).toEqual([{ account: 17, instrument: 1, clientText: 'big one', side: 'sell', type: 'stop-limit', timeInForce: 'gtc', quantity: 900_719n, price: 300_000, triggerPrice: 1_000_000, isPostOnly: true }]); // prettier-ignore
  });

  test.each([
    ['Invalid symbol', { symbol: 'X-Y' }],
    ['Invalid clOrdID', { clOrdID: 'ä' }],
    ['Invalid clOrdID', { clOrdID: 'x'.repeat(21) }],
    ['Invalid ordType', { ordType: 'magic' }],
    ['Invalid side', { side: 'both' }],
    ['Invalid quantity', { orderQty: 0.00001 }],
    ['Invalid quantity', { orderQty: 'NaN' }],
    ['Invalid price', { price: 0.05 }],
    ['Invalid price', { price: undefined }],
    ['Invalid stopPx', { ordType: 'stop' }],
    ['Invalid timeInForce', { timeInForce: 'ASAP' }],
    ['Invalid timeInForce', { ordType: 'stop', stopPx: 30_000, timeInForce: 'IOC' }],
    ['Invalid expireDate', { timeInForce: 'GTD', expireDate: 20_261_341 }],
  ])('%s: %j never reaches the desk', async (text, changes) => {
    const client = await trader('secret-17');
    client.say({ ...NEW_ORDER, ...changes });
    expect(await client.next()).toMatchObject({ event: 'rejected', channel: 'trading', text, ordStatus: 'rejected', action: 'NewOrderSingle' }); // prettier-ignore
    expect(venue.placed).toEqual([]);
  });

  test('what the venue refuses is told to who entered it, as a report', async () => {
    const [client, second] = [await trader('secret-17'), await trader('secret-17')];
    const refused = { status: 'rejected', open: 0n } as const;
    venue.placeOutcome = ({ clientText }) => {
      const reason = clientText === 'poor' ? 'insufficient_funds' : 'post_only_would_trade';
      const told = report('rejected', 131_072n, { ...refused, clientText }, { rejectReason: reason });
      venue.tell({ reports: [told] });
      return Promise.resolve({ kind: 'rejected', reason, order: told.order, reports: [told] });
    };
    client.say({ ...NEW_ORDER, clOrdID: 'poor' });
    expect(await client.next()).toMatchObject({ event: 'updated', execType: '8', ordStatus: 'rejected', orderID: '-1', text: 'Insufficient Balance', leavesQty: 0.001 }); // prettier-ignore
    client.say(NEW_ORDER);
    expect(await client.next()).toMatchObject({ event: 'updated', execType: '8', orderID: '0', text: 'Marketable AOL order' }); // prettier-ignore
    await second.subscribe({ channel: 'trades', symbol: 'BTC-USD' });
    expect(second.told.filter(({ event }) => event === 'updated')).toEqual([]);
  });

  test('what nobody knows the outcome of is told as unknown, and not as rejected', async () => {
    const client = await trader('secret-17');
    const unknown = { event: 'unknown', channel: 'trading', ordStatus: 'unknown', text: expect.stringMatching(/^Outcome unknown/) }; // prettier-ignore
    client.say(NEW_ORDER);
    expect(await client.next()).toEqual({ seqnum: 3, ...unknown, clOrdID: 'c1', action: 'NewOrderSingle' });
    venue.placeOutcome = () => Promise.reject(new Error('sent, or not'));
    client.say(NEW_ORDER);
    expect(await client.next()).toEqual({ seqnum: 4, ...unknown, clOrdID: 'c1', action: 'NewOrderSingle' });
    venue.cancel = () => Promise.resolve({ kind: 'unknown' });
    client.say({ action: 'CancelOrderRequest', channel: 'trading', orderID: '999999878' });
    expect(await client.next()).toEqual({ seqnum: 5, ...unknown, orderID: '999999878', action: 'CancelOrderRequest' });
    venue.placeOutcome = () => Promise.resolve({ kind: 'refused', reason: 'overloaded' });
    client.say(NEW_ORDER);
    expect(await client.next()).toMatchObject({ event: 'rejected', ordStatus: 'rejected', clOrdID: 'c1' });
  });

  test('a cancel of what is not there is rejected and named', async () => {
    const client = await trader('secret-17');
    client.say({ action: 'CancelOrderRequest', channel: 'trading', orderID: '999999878' });
    expect(await client.next()).toMatchObject({ event: 'rejected', channel: 'trading', text: 'Unknown order', orderID: '999999878' }); // prettier-ignore
    client.say({ action: 'OrderMassStatusRequest', channel: 'trading' });
    expect(await client.next()).toMatchObject({ event: 'snapshot', orders: [], positions: [] });
  });

  test('orders are entered where their reports are seen', async () => {
    const client = await connect();
    client.say(NEW_ORDER);
    expect(await client.next()).toMatchObject({ event: 'rejected', text: 'Not authenticated' });
    await client.subscribe({ channel: 'auth', token: 'secret-17' });
    client.say(NEW_ORDER);
    expect(await client.next()).toMatchObject({ event: 'rejected', text: 'Not subscribed to channel' });
  });

  test('one command’s reports come in the order of their execution ids, and a client goes on after the last it saw', async () => {
    const client = await trader('secret-17');
    const fill = (executionId: bigint, filled: bigint) => report('trade', executionId, { filled, open: 10n - filled }); // prettier-ignore
    venue.tell({ reports: [report('accepted', 131_072n), fill(131_077n, 7n), fill(131_074n, 3n)] });
    const ids = [];
    for (let k = 0; k < 3; k += 1) ids.push((await client.next({ event: 'updated' })).execID);
    expect(ids).toEqual(['131072', '131074', '131077']);
    client.end();
    const again = await connect('secret-17');
    expect(await again.subscribe({ channel: 'trading', from: '131074' })).toMatchObject({ resumed: true });
    expect(await again.next()).toMatchObject({ event: 'updated', execID: '131077', ordStatus: 'partial' });
  });

  test('a subscription that is refused opens no session of the engine, however often it is asked for', async () => {
    const client = await connect('secret-17');
    for (let k = 0; k < 3; k += 1)
      expect(await client.subscribe({ channel: 'trading', cancelOnDisconnect: true, from: 'x' })).toMatchObject({ event: 'rejected', text: 'Invalid from' }); // prettier-ignore
    expect(venue.openedSessions).toBe(0);
    await client.subscribe({ channel: 'trading', cancelOnDisconnect: true, from: '7' });
    expect(venue.openedSessions).toBe(1);
  });

  test('cancel on disconnect: what the exchange has forgotten the session of ends, so that its client connects again', async () => {
    const client = await connect('secret-17');
    await client.subscribe({ channel: 'trading', cancelOnDisconnect: true });
    venue.placeOutcome = () => Promise.resolve({ kind: 'refused', reason: 'unknown_session' });
    client.say(NEW_ORDER);
    expect(await client.next({ event: 'rejected' })).toMatchObject({ clOrdID: 'c1', text: 'The session has ended: connect again' }); // prettier-ignore
    expect(await client.closed()).toEqual({ code: 1012, reason: 'session ended' });
  });

  test('cancel on disconnect: asked for once, it stays, and happens once', async () => {
    const client = await connect('secret-17');
    venue.placeOutcome = () => Promise.resolve({ kind: 'accepted', order: order(), reports: [] });
    expect(await client.subscribe({ channel: 'trading', cancelOnDisconnect: true })).toMatchObject({ event: 'subscribed', cancelOnDisconnect: true }); // prettier-ignore
    client.say(NEW_ORDER);
    client.say({ action: 'unsubscribe', channel: 'trading' });
    await client.next({ event: 'unsubscribed' });
    expect([venue.placed[0]?.session, venue.closedSessions, venue.massCancels]).toEqual([1, [1], [17]]);
    expect(await client.subscribe({ channel: 'trading' })).toMatchObject({ cancelOnDisconnect: true });
    client.end();
    const other = await trader('secret-18');
    other.end();
    await door.close(0);
    expect([venue.closedSessions, venue.massCancels]).toEqual([[1, 2], [17, 17]]); // prettier-ignore
  });
});
