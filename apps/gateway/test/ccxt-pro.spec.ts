/**
 * exchange-api.md §3 by a client that nobody here wrote: ccxt.pro, with only its URLs overridden, against a real exchange; and what ccxt does not
 * do (order entry, cancel on disconnect, resuming) by a plain client that rebuilds the book.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import ccxt, { type Order } from 'ccxt';
import { custodySettings } from '@platform/custody';
import { openRestDoor } from '../rest/rest-door.js';
import { openSocketDoor, type SocketDoor } from '../socket/socket-door.js';
import { SocketClient, type Told } from '../socket/testing/socket-client.js';
import { openRoom, type Room, type RoomTrader } from '../testing/index.js';
import { type PlaceRequest } from '../desk/order-desk.js';
import { type Door } from '../parts.js';

type Exchange = InstanceType<typeof ccxt.pro.blockchaincom>;

const SYMBOL = 'BTC/USD';
const custody = custodySettings({ network: 'regtest', ethereumChainId: 31_337n, sandbox: true });
const LOCAL = { host: '127.0.0.1', port: 0 } as const;

let room: Room;
let rest: Door;
let door: SocketDoor;
let alice: RoomTrader;
let bob: RoomTrader;
const exchanges: Exchange[] = [];
const clients: SocketClient[] = [];

beforeAll(async () => {
  room = await openRoom();
  [alice, bob] = await Promise.all([room.trader(), room.trader()]);
  rest = await openRestDoor(room.parts, { ...LOCAL, custody });
  door = await openSocketDoor(room.parts, { ...LOCAL, messagesPerMinute: 100_000 });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await Promise.all(exchanges.splice(0).map((exchange) => exchange.close()));
  await Promise.all([alice, bob].map(({ account }) => room.venue.desk.cancelAll({ account })));
});

afterAll(async () => {
  await door.close(0);
  await rest.close(0);
  await room.close();
});

async function connect(secret = alice.keys.trade.secret): Promise<Exchange> {
  const exchange = new ccxt.pro.blockchaincom({ apiKey: 'ignored', secret, enableRateLimit: false });
  const base = `http://127.0.0.1:${rest.port}/v3/exchange`;
  exchange.urls['api'] = { public: base, private: base, ws: `ws://127.0.0.1:${door.port}/mercury-gateway/v1/ws` };
  // What a plain ws:// address needs (§5); with wss:// the addresses alone are enough.
  await exchange.loadHttpProxyAgent();
  await exchange.loadMarkets();
  exchanges.push(exchange);
  return exchange;
}

const LOOK_MS = 150;

/**
 * Watches until what is seen is so. ccxt wakes its caller for the first of messages that came together, and has the others in its cache: there they are
 * looked for after a while.
 */
async function seen<T>(watch: () => Promise<T>, cached: () => T | undefined, isSo: (value: T) => boolean): Promise<T> {
  for (let k = 0; k < 100; k += 1) {
    const value = await Promise.race([watch(), wait(LOOK_MS).then(cached)]);
    if (value !== undefined && isSo(value)) return value;
  }
  throw new Error(`it was never so: ${JSON.stringify(cached())}`);
}

type Book = Awaited<ReturnType<Exchange['watchOrderBook']>>;
const seenBook = (exchange: Exchange, isSo: (book: Book) => boolean, params = {}): Promise<Book> =>
  seen(
    () => exchange.watchOrderBook(SYMBOL, undefined, params),
    () => exchange.orderbooks[SYMBOL] as Book | undefined,
    isSo,
  );
const seenOrder = async (exchange: Exchange, isSo: (order: Order) => boolean): Promise<Order | undefined> =>
  (
    await seen<readonly Order[]>(
      () => exchange.watchOrders(),
      () => [...((exchange.orders ?? []) as Order[])],
      (orders) => orders.some(isSo),
    )
  ).find(isSo);

/** Placed on the desk, as by another door, and taken: while ccxt loads, this process may be silent for so long that the venue hangs up on it. */
async function place(by: RoomTrader, given: Partial<PlaceRequest>): Promise<void> {
  let outcome = await room.place(by, given);
  for (let k = 0; k < 100 && outcome.kind === 'refused'; k += 1) {
    await wait(50);
    outcome = await room.place(by, given);
  }
  expect(outcome).toMatchObject({ kind: 'accepted' });
}

async function talk(secret?: string, port = door.port): Promise<SocketClient> {
  const client = await SocketClient.open(port);
  clients.push(client);
  if (secret !== undefined) expect(await client.subscribe({ channel: 'auth', token: secret })).toMatchObject({ event: 'subscribed' }); // prettier-ignore
  return client;
}

const levelsOf = (rows: readonly (readonly unknown[])[]): unknown[] => rows.map(([price, amount]) => [price, amount]);

describe('ccxt.pro.blockchaincom', () => {
  test('watchOrderBook (l2): the snapshot, then every change, and at the end what REST and the venue say', async () => {
    const exchange = await connect();
    await place(alice, { price: 300_000 });
    const first = await exchange.watchOrderBook(SYMBOL);
    expect(levelsOf(first.bids)).toEqual([[30_000, 0.01]]);
    await place(alice, { price: 299_990, quantity: 123_456n });
    await place(bob, { side: 'sell', price: 310_005, quantity: 2_000_000n });
    await place(bob, { side: 'sell', price: 300_000, quantity: 400_000n });
    await place(alice, { price: 300_000 });
    const book = await seenBook(exchange, ({ bids }) => bids[0]?.[1] === 0.016 && bids.length === 2); // prettier-ignore
    const fetched = await exchange.fetchL2OrderBook(SYMBOL);
    expect(levelsOf(book.bids)).toEqual(levelsOf(fetched.bids));
    expect(levelsOf(book.asks)).toEqual([[31_000.5, 0.02]]);
    expect(book.timestamp).toBeGreaterThan(0);
    await room.venue.desk.cancelAll({ account: alice.account });
    await seenBook(exchange, ({ bids }) => bids.length === 0);
  });

  test('watchOrderBook (l3): order by order', async () => {
    const exchange = await connect();
    await place(alice, { price: 300_000 });
    const first = await exchange.watchOrderBook(SYMBOL, undefined, { type: 'l3' });
    expect(levelsOf(first.bids)).toEqual([[30_000, 0.01]]);
    const ids = room.venue.feed.bookOrders(0).bids.map(({ orderId }) => Number(orderId));
    expect(first.bids.map((row) => (row as readonly number[])[2])).toEqual(ids);
    await place(bob, { side: 'sell', price: 310_000 });
    await seenBook(exchange, ({ asks }) => asks.length === 1, { type: 'l3' });
    await room.venue.desk.cancelAll({ account: alice.account });
    await seenBook(exchange, ({ bids }) => bids.length === 0, { type: 'l3' });
  });

  test('watchTrades, watchTicker, watchOHLCV: a trade is in all three', async () => {
    const exchange = await connect();
    await place(alice, { price: 300_000 });
    await place(bob, { side: 'sell', price: 300_000, quantity: 100_000n });
    const ticker = await exchange.watchTicker(SYMBOL);
    expect(ticker).toMatchObject({ symbol: SYMBOL, last: 30_000 });
    const candles = await exchange.watchOHLCV(SYMBOL, '1m');
    expect(candles.at(-1)?.slice(1, 5)).toEqual([30_000, 30_000, 30_000, 30_000]);
    const watched = [
      exchange.watchTrades(SYMBOL),
      seen(
        () => exchange.watchTicker(SYMBOL),
        () => exchange.tickers[SYMBOL],
        ({ last }) => last === 30_100.5,
      ),
      seen(
        () => exchange.watchOHLCV(SYMBOL, '1m'),
        () => undefined,
        (rows) => rows.at(-1)?.[4] === 30_100.5,
      ),
    ] as const;
    const told = await talk();
    await told.subscribe({ channel: 'trades', symbol: 'BTC-USD' });
    await exchange.fetchTicker(SYMBOL);
    await place(bob, { side: 'sell', price: 301_005, quantity: 300_000n });
    await place(alice, { price: 301_005, quantity: 300_000n });
    const [trades, after, rows] = await Promise.all(watched);
    const publicTrade = room.venue.feed.recentTrades(0)[0];
    expect(trades.at(-1)).toMatchObject({ symbol: SYMBOL, side: 'buy', price: 30_100.5, amount: 0.003, id: String(publicTrade?.tradeId) }); // prettier-ignore
    expect(after.baseVolume).toBe(ticker.baseVolume);
    expect(rows.at(-1)?.[0]).toBe(Math.floor(Number(rows.at(-1)?.[0]) / 60_000) * 60_000);
    // The same id on both sides' fills.
    const fills = await exchange.fetchMyTrades(SYMBOL);
    expect(fills.map(({ id }) => id)).toContain(trades.at(-1)?.id);
  });

  test('watchBalance: complete, with holds, and again after every change', async () => {
    const exchange = await connect();
    const before = await exchange.watchBalance();
    const usd = (balance: typeof before): { free: number; total: number; used: number } => {
      const { free, total, used } = balance['USD'] ?? {};
      return { free: Number(free), total: Number(total), used: Number(used) };
    };
    expect(
      Object.keys(before)
        .filter((code) => ['USD', 'BTC'].includes(code))
        .sort(),
    ).toEqual(['BTC', 'USD']);
    await place(alice, { price: 300_000 });
    const held = await seen(
      () => exchange.watchBalance(),
      () => undefined,
      (balance) => usd(balance).free < usd(before).free,
    );
    expect(usd(held).total).toBe(usd(before).total);
    expect(usd(held).used).toBeGreaterThanOrEqual(300);
    expect(await exchange.fetchBalance()).toMatchObject({ USD: usd(held) });
  });

  test('watchOrders: open, partly filled, filled, canceled, stopped; another key’s orders are not among them', async () => {
    const [exchange, other] = await Promise.all([connect(), connect(bob.keys.trade.secret)]);
    expect(await exchange.watchOrders()).toEqual([]);
    expect(await other.watchOrders()).toEqual([]);
    const placed = await exchange.createOrder(SYMBOL, 'limit', 'buy', 0.01, 30_000);
    const [open] = await exchange.watchOrders();
    expect(open).toMatchObject({ id: placed.id, clientOrderId: placed.clientOrderId, status: 'open', side: 'buy', type: 'limit', price: 30_000, amount: 0.01, filled: 0, remaining: 0.01, timeInForce: 'GTC', postOnly: false, trades: [] }); // prettier-ignore
    const bobs = seenOrder(other, () => true);
    const partly = seenOrder(exchange, ({ filled }) => filled === 0.004);
    await place(bob, { side: 'sell', price: 300_000, quantity: 400_000n });
    expect(await partly).toMatchObject({ id: placed.id, status: 'open', remaining: 0.006, average: 30_000 });
    expect((await partly)?.trades).toHaveLength(1);
    expect(await bobs).toMatchObject({ side: 'sell' });
    expect((other.orders as Order[]).map(({ id }) => id)).not.toContain(placed.id);
    const closed = seenOrder(exchange, ({ status }) => status === 'closed');
    await place(bob, { side: 'sell', price: 300_000, quantity: 600_000n });
    expect(await closed).toMatchObject({ id: placed.id, filled: 0.01, remaining: 0 });
    const stop = await exchange.createOrder(SYMBOL, 'limit', 'buy', 0.01, 40_000, { triggerPrice: 39_000 });
    expect(await seenOrder(exchange, ({ id }) => id === stop.id)).toMatchObject({ status: 'open', type: 'stopLimit', triggerPrice: 39_000 }); // prettier-ignore
    const canceled = seenOrder(exchange, ({ status }) => status === 'canceled');
    await exchange.cancelOrder(String(stop.id), SYMBOL);
    expect(await canceled).toMatchObject({ id: stop.id, filled: 0, remaining: 0.01 });
  });

  test('a wrong secret is an AuthenticationError, and does not leave the client hanging', async () => {
    const exchange = await connect('wrong');
    await expect(exchange.watchBalance()).rejects.toBeInstanceOf(ccxt.AuthenticationError);
    await expect(exchange.watchOrders()).rejects.toBeInstanceOf(ccxt.BaseError);
    exchange.secret = alice.keys.trade.secret;
    expect(Object.keys(await exchange.watchBalance())).toContain('USD');
  });

  test('a read-only key watches balances and is told that it cannot trade', async () => {
    const exchange = await connect(alice.keys.view.secret);
    expect(Object.keys(await exchange.watchBalance())).toContain('USD');
    await expect(exchange.watchOrders()).rejects.toThrow('Read only user');
  });
});

const NEW_ORDER = { action: 'NewOrderSingle', channel: 'trading', symbol: 'BTC-USD', ordType: 'limit', side: 'buy', orderQty: '0.01', price: 30_000 }; // prettier-ignore

/** Signed in and seeing its reports. */
async function trader(secret: string, more: object = {}, port = door.port): Promise<SocketClient> {
  const client = await talk(secret, port);
  await client.subscribe({ channel: 'trading', ...more });
  return client;
}

/** A book from a snapshot and what came after it, kept like a client's. */
class RebuiltBook {
  readonly #levels = new Map<string, number>();

  take(message: Told): void {
    if (message.event === 'snapshot') this.#levels.clear();
    for (const side of ['bids', 'asks'] as const) {
      for (const { px, qty, num } of message[side] as { px: number; qty: number; num: number }[]) {
        expect(qty === 0).toBe(num === 0);
        if (qty === 0) this.#levels.delete(`${side} ${px}`);
        else this.#levels.set(`${side} ${px}`, qty);
      }
    }
  }

  get levels(): unknown[] {
    return [...this.#levels].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

describe('a plain client', () => {
  test('order entry: accepted, refused by the venue, cancelled, cancelled all, asked for', async () => {
    const client = await trader(alice.keys.trade.secret);
    await client.next({ event: 'snapshot' });
    client.say({ ...NEW_ORDER, clOrdID: 'ws 1', execInst: 'ALO' });
    const accepted = await client.next({ event: 'updated' });
    expect(accepted).toMatchObject({ clOrdID: 'ws 1', execType: '0', ordStatus: 'open', orderQty: 0.01, price: 30_000, execInst: 'ALO', tradeId: '0' }); // prettier-ignore
    client.say({ ...NEW_ORDER, clOrdID: 'ws 2', orderQty: 90 });
    expect(await client.next()).toMatchObject({ event: 'updated', clOrdID: 'ws 2', execType: '8', ordStatus: 'rejected', orderID: '-1', text: 'Insufficient Balance' }); // prettier-ignore
    client.say({ ...NEW_ORDER, clOrdID: 'ws 1' });
    expect(await client.next()).toMatchObject({ event: 'updated', execType: '8', orderID: '0' });
    client.say({ action: 'CancelOrderRequest', channel: 'trading', orderID: accepted.orderID });
    expect(await client.next()).toMatchObject({ execType: '4', ordStatus: 'cancelled', text: 'Canceled by User', leavesQty: 0.01 }); // prettier-ignore
    client.say({ action: 'CancelOrderRequest', channel: 'trading', orderID: accepted.orderID });
    expect(await client.next()).toMatchObject({ event: 'rejected', text: 'Unknown order' });
    for (const clOrdID of ['ws 3', 'ws 4']) client.say({ ...NEW_ORDER, clOrdID });
    for (const clOrdID of ['ws 3', 'ws 4']) expect(await client.next()).toMatchObject({ clOrdID, execType: '0' });
    client.say({ action: 'OrderMassStatusRequest', channel: 'trading' });
    const { orders } = await client.next({ event: 'snapshot' });
    expect((orders as Told[]).map(({ clOrdID }) => clOrdID).sort()).toEqual(['ws 3', 'ws 4']);
    client.say({ action: 'OrderMassCancelRequest', channel: 'trading', symbol: 'BTC-USD' });
    for (let k = 0; k < 2; k += 1) expect(await client.next()).toMatchObject({ execType: '4', text: 'Bulk Canceled by User' }); // prettier-ignore
  });

  test('another’s order cannot be cancelled, and is told from one that never was by nothing', async () => {
    const [owner, stranger] = [await trader(alice.keys.trade.secret), await trader(bob.keys.trade.secret)];
    await owner.next({ event: 'snapshot' });
    await stranger.next({ event: 'snapshot' });
    owner.say({ ...NEW_ORDER, clOrdID: 'mine' });
    const { orderID } = await owner.next({ event: 'updated' });
    stranger.say({ action: 'CancelOrderRequest', channel: 'trading', orderID });
    const refused = await stranger.next();
    stranger.say({ action: 'CancelOrderRequest', channel: 'trading', orderID: '123' });
    const never = await stranger.next();
    expect({ ...refused, seqnum: 0, orderID: 0 }).toEqual({ ...never, seqnum: 0, orderID: 0 });
    expect(room.venue.feed.openOrders(alice.account)).toHaveLength(1);
    expect(stranger.told.filter(({ event }) => event === 'updated')).toEqual([]);
  });

  test('F4: snapshot and updates rebuild the book that the venue has, whenever a client comes, on any gateway', async () => {
    const other = await room.anotherGateway();
    const second = await openSocketDoor({ ...room.parts, desk: other.desk, feed: other.feed }, LOCAL);
    const books: { client: SocketClient; book: RebuiltBook }[] = [];
    const seed = Date.now() % 1_000_000;
    let state = seed;
    const below = (n: number): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % n;
    for (let round = 0; round < 4; round += 1) {
      const client = await talk(undefined, round % 2 === 0 ? door.port : second.port);
      await client.subscribe({ channel: 'l2', symbol: 'BTC-USD', venueSequence: true });
      books.push({ client, book: new RebuiltBook() });
      const orders = Array.from({ length: 40 }, () => {
        const isBuy = below(2) === 0;
        return room.place(isBuy ? alice : bob, { side: isBuy ? 'buy' : 'sell', price: 300_000 + below(40) - 20, quantity: BigInt(50_000 + below(500_000)) }); // prettier-ignore
      });
      await Promise.all(orders);
      if (round === 2) await room.venue.desk.cancelAll({ account: bob.account });
    }
    // The last change is one that all can wait for.
    await place(alice, { price: 100_000, quantity: 77_777n });
    for (const { client, book } of books) {
      for (let isOver = false; !isOver;) {
        const message = await client.next({ channel: 'l2' });
        book.take(message);
        isOver = JSON.stringify(message).includes('0.00077777');
      }
    }
    const { bids, asks } = await (await connect()).fetchL2OrderBook(SYMBOL);
    const fetched = [...bids.map(([px, qty]) => [`bids ${px}`, qty]), ...asks.map(([px, qty]) => [`asks ${px}`, qty])];
    for (const { book } of books) expect({ seed, levels: book.levels }).toEqual({ seed, levels: fetched.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)) }); // prettier-ignore
    // And a client that was away goes on, on the other gateway, with exactly what it missed.
    const { client, book } = books[0] ?? { client: await talk(), book: new RebuiltBook() };
    const from = client.told.at(-1)?.venueSequence;
    client.end();
    await place(alice, { price: 100_010, quantity: 88_888n });
    await place(alice, { price: 100_000, quantity: 99_999n });
    const back = await talk(undefined, second.port);
    expect(await back.subscribe({ channel: 'l2', symbol: 'BTC-USD', from })).toMatchObject({ resumed: true });
    for (let k = 0; k < 2; k += 1) book.take(await back.next({ event: 'updated' }));
    expect(new Map(book.levels as [string, number][]).get('bids 10000')).toBe(0.00177776);
    await second.close(0);
  });

  test('F2: a gateway dies: who asked for it has his orders cancelled, once; who did not keeps them', async () => {
    const doomed = await room.anotherGateway();
    const itsDoor = await openSocketDoor({ ...room.parts, desk: doomed.desk, feed: doomed.feed }, LOCAL);
    const watcher = await trader(alice.keys.trade.secret);
    await watcher.next({ event: 'snapshot' });
    const bound = await trader(alice.keys.trade.secret, { cancelOnDisconnect: true }, itsDoor.port);
    const free = await trader(bob.keys.trade.secret, {}, itsDoor.port);
    bound.say({ ...NEW_ORDER, clOrdID: 'bound' });
    free.say({ ...NEW_ORDER, clOrdID: 'free' });
    await Promise.all([bound.next({ execType: '0' }), free.next({ execType: '0' })]);
    expect(await watcher.next({ event: 'updated' })).toMatchObject({ clOrdID: 'bound', execType: '0' });
    // The process is gone as far as the venue can see: its link ends, and nobody asks for anything more.
    await doomed.close();
    expect(await watcher.next()).toMatchObject({ clOrdID: 'bound', execType: '4', ordStatus: 'cancelled', text: 'Canceled on Disconnect' }); // prettier-ignore
    expect(room.venue.feed.openOrders(bob.account).map(({ clientText }) => clientText)).toEqual(['free']);
    await itsDoor.close(0);
    await watcher.subscribe({ channel: 'trades', symbol: 'BTC-USD' });
    expect(watcher.told.filter(({ execType }) => execType === '4')).toHaveLength(1);
  });

  test('F2: a client dies: all live orders of the account go, wherever they were entered', async () => {
    const watcher = await trader(alice.keys.trade.secret);
    await watcher.next({ event: 'snapshot' });
    await place(alice, { price: 290_000 });
    const bound = await trader(alice.keys.trade.secret, { cancelOnDisconnect: true });
    bound.say({ ...NEW_ORDER, clOrdID: 'bound 2' });
    await bound.next({ clOrdID: 'bound 2', execType: '0' });
    bound.end();
    const gone = [await watcher.next({ execType: '4' }), await watcher.next({ execType: '4' })];
    expect(gone.map(({ ordStatus }) => ordStatus)).toEqual(['cancelled', 'cancelled']);
    expect(room.venue.feed.openOrders(alice.account)).toEqual([]);
  });

  test('F9: a key revoked in the database ends its connection', async () => {
    const key = await room.key(alice.customerId, ['view', 'trade']);
    const client = await trader(key.secret);
    await room.bench.database.query('UPDATE identity.api_key SET revoked_at = $2 WHERE id = $1', [
      key.keyId,
      new Date(),
    ]);
    expect(await client.closed()).toEqual({ code: 1008, reason: 'key changed' });
  });
});
