/** exchange-api.md §2 by a client that nobody here wrote: ccxt, with only its URLs overridden, against a real exchange. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import ccxt, { type Order } from 'ccxt';
import { systemClock } from '@base/clock';
import { extendedKeyVersions, masterKey } from '@core/wallet';
import { uuidV7 } from '@base/database';
import { KeepWhitelist, custodySettings } from '@platform/custody';
import { insertDeposit, lockDeposit, updateDeposit } from '@platform/custody/testing';
import { WatchOnlyAccounts } from '@platform/keys';
import { type Door } from '../parts.js';
import { openRestDoor } from '../rest/rest-door.js';
import { openRoom, type Room, type RoomTrader } from '../testing/index.js';

type Exchange = InstanceType<typeof ccxt.blockchaincom>;

/** Valid on the regression test network, and nobody's here (BIP-173). */
const OUTSIDE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
const SYMBOL = 'BTC/USD';
const custody = custodySettings({ network: 'regtest', ethereumChainId: 31_337n, sandbox: true });

let room: Room;
let door: Door;
let alice: RoomTrader;
let bob: RoomTrader;
let asAlice: Exchange;
let asBob: Exchange;

/** As its users make it; of the pacing it does by itself only, so that a spec does not take minutes. */
function client(secret: string, port = door.port): Exchange {
  const exchange = new ccxt.blockchaincom({ apiKey: 'ignored', secret, enableRateLimit: false });
  const url = `http://127.0.0.1:${port}/v3/exchange`;
  exchange.urls['api'] = { ...(exchange.urls['api'] as object), public: url, private: url };
  return exchange;
}

beforeAll(async () => {
  room = await openRoom({ fees: { makerPpm: 1_000, takerPpm: 2_000 } });
  door = await openRestDoor(room.parts, {
    host: '127.0.0.1',
    port: 0,
    custody,
    perKey: { perSecond: 500, burst: 500 },
  });
  alice = await room.trader({ USD: 10_000_000n, BTC: 1_000_000_000n });
  bob = await room.trader({ USD: 10_000_000n, BTC: 1_000_000_000n });
  asAlice = client(alice.keys.withdraw.secret);
  asBob = client(bob.keys.trade.secret);
});
afterAll(async () => {
  await door.close(500);
  await room.close();
});
beforeEach(async () => {
  await Promise.all([asAlice.cancelAllOrders(), asBob.cancelAllOrders()]);
});

const thrown = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing',
    (error: Error) => error.constructor.name,
  );

describe('ccxt.blockchaincom: market data', () => {
  it('fetchMarkets: steps, limits and status of every spot pair', async () => {
    const markets = await asAlice.loadMarkets();
    expect(Object.keys(markets)).toEqual(expect.arrayContaining(['BTC/USD', 'ETH/USD', 'ETH/BTC']));
    expect(markets[SYMBOL]).toMatchObject({
      id: 'BTC-USD',
      active: true,
      precision: { price: 0.1, amount: 1e-8 },
      limits: { amount: { min: 0.0005, max: 1_000 } },
    });
  });

  it('fetchTicker, fetchTickers, fetchOrderBook, fetchL2OrderBook, fetchL3OrderBook', async () => {
    await asAlice.createOrder(SYMBOL, 'limit', 'buy', 0.01, 29_000);
    await asAlice.createOrder(SYMBOL, 'limit', 'buy', 0.02, 29_000);
    await asAlice.createOrder(SYMBOL, 'limit', 'sell', 0.03, 31_000);
    expect(await asAlice.fetchL2OrderBook(SYMBOL)).toMatchObject({ bids: [[29_000, 0.03]], asks: [[31_000, 0.03]] });
    expect(await asAlice.fetchOrderBook(SYMBOL)).toMatchObject({ bids: [[29_000, 0.01], [29_000, 0.02]], asks: [[31_000, 0.03]] }); // prettier-ignore
    expect((await asAlice.fetchL3OrderBook(SYMBOL, 1)).bids).toHaveLength(1);
    await asBob.createOrder(SYMBOL, 'limit', 'sell', 0.01, 29_000);
    expect(await asAlice.fetchTicker(SYMBOL)).toMatchObject({ symbol: SYMBOL, last: 29_000, baseVolume: 0.01 });
    expect(Object.keys(await asAlice.fetchTickers())).toEqual(expect.arrayContaining(['BTC/USD', 'ETH/EUR']));
    expect(await thrown(asAlice.request('tickers/NO-NE', 'public'))).toBe('OrderNotFound');
  });
});

describe('ccxt.blockchaincom: orders', () => {
  it('createOrder, fetchOrder, fetchOpenOrders, cancelOrder, fetchCanceledOrders', async () => {
    const order = await asAlice.createOrder(SYMBOL, 'limit', 'buy', 0.12345678, 20_000.1, {
      clientOrderId: 'first order',
    });
    expect(order).toMatchObject({ status: 'open', amount: 0.12345678, filled: 0, price: 20_000.1, clientOrderId: 'first order', type: 'limit', side: 'buy' }); // prettier-ignore
    expect(await asAlice.fetchOrder(idOf(order))).toMatchObject({ id: order.id, status: 'open' });
    expect(ids(await asAlice.fetchOpenOrders(SYMBOL))).toEqual([order.id]);
    expect(await asAlice.fetchOpenOrders('ETH/USD')).toEqual([]);
    await asAlice.cancelOrder(idOf(order));
    expect(await asAlice.fetchOrder(idOf(order))).toMatchObject({ status: 'canceled', amount: 0.12345678, remaining: 0.12345678 }); // prettier-ignore
    expect(await asAlice.fetchOpenOrders()).toEqual([]);
    expect(ids(await asAlice.fetchCanceledOrders(SYMBOL))).toContain(idOf(order));
    expect(await thrown(asAlice.cancelOrder(idOf(order)))).toBe('OrderNotFound');
  });

  it('a trade at the maker’s price: fetchClosedOrders, fetchMyTrades of both, partly filled ones among the open', async () => {
    const resting = await asAlice.createOrder(SYMBOL, 'limit', 'sell', 0.03, 30_000);
    const taking = await asBob.createOrder(SYMBOL, 'limit', 'buy', 0.01, 30_500.5);
    expect(taking).toMatchObject({ status: 'closed', filled: 0.01, remaining: 0, average: 30_000 });
    expect(await asAlice.fetchOpenOrders()).toMatchObject([{ id: resting.id, filled: 0.01, remaining: 0.02, status: 'open' }]); // prettier-ignore
    expect(ids(await asBob.fetchClosedOrders(SYMBOL))).toContain(taking.id);
    const bought = (await asBob.fetchMyTrades(SYMBOL)).at(-1);
    expect(bought).toMatchObject({ order: taking.id, price: 30_000, amount: 0.01, side: 'buy', fee: { cost: 0.6, currency: 'USD' } }); // prettier-ignore
    const sold = (await asAlice.fetchMyTrades(SYMBOL)).at(-1);
    expect(sold).toMatchObject({
      id: bought?.id,
      order: resting.id,
      side: 'sell',
      fee: { cost: 0.3, currency: 'USD' },
    });
    const traded = (await asAlice.request('trades', 'private')) as { exOrdId: string }[];
    expect(traded.map(({ exOrdId }) => String(exOrdId))).toContain(resting.id);
    expect(await asBob.fetchOpenOrders()).toEqual([]);
  });

  it('market, immediate, all-or-nothing, post-only, good-till-date and stop orders', async () => {
    await asAlice.createOrder(SYMBOL, 'limit', 'sell', 0.01, 30_000);
    expect(await asBob.createOrder(SYMBOL, 'market', 'buy', 0.02)).toMatchObject({ status: 'canceled', filled: 0.01, amount: 0.02 }); // prettier-ignore
    await asAlice.createOrder(SYMBOL, 'limit', 'sell', 0.01, 30_000);
    const entered = (type: string, price: number, more: object): Promise<Order> =>
      asBob.createOrder(SYMBOL, type, 'buy', 0.02, price, more);
    expect(await entered('limit', 30_000, { timeInForce: 'IOC' })).toMatchObject({ status: 'canceled', filled: 0.01 });
    expect(await entered('limit', 30_000, { timeInForce: 'FOK' })).toMatchObject({ status: 'rejected', filled: 0 });
    await asAlice.createOrder(SYMBOL, 'limit', 'sell', 0.01, 30_000);
    const postOnly = await entered('limit', 30_000, { postOnly: true });
    expect(postOnly).toMatchObject({ status: 'rejected', info: { text: 'Marketable AOL order' } });
    expect(await entered('limit', 29_000, { timeInForce: 'GTD', expireDate: 20990101 })).toMatchObject({
      status: 'open',
    });
    const stop = await asBob.createOrder(SYMBOL, 'limit', 'buy', 0.001, 31_000, { triggerPrice: 30_900 });
    expect(stop).toMatchObject({ status: 'open', info: { ordType: 'STOPLIMIT', ordStatus: 'OPEN' } });
    const market = await asBob.createOrder(SYMBOL, 'market', 'sell', 0.001, undefined, { triggerPrice: 25_000 });
    expect(market).toMatchObject({ status: 'open', info: { ordType: 'STOP', price: null } });
    expect(ids(await asBob.fetchOpenOrders())).toEqual(expect.arrayContaining([stop.id, market.id]));
  });

  it('cancelAllOrders of a symbol named in the body leaves the others', async () => {
    await asAlice.createOrder(SYMBOL, 'limit', 'buy', 0.01, 20_000);
    const kept = await asAlice.createOrder('ETH/USD', 'limit', 'buy', 0.1, 1_000);
    await asAlice.cancelAllOrders(SYMBOL);
    expect(await asAlice.fetchOpenOrders(SYMBOL)).toEqual([]);
    expect(ids(await asAlice.fetchOpenOrders())).toEqual([kept.id]);
    await asAlice.cancelAllOrders();
    expect(await asAlice.fetchOpenOrders()).toEqual([]);
  });

  it('says no in the classes that ccxt has', async () => {
    expect(await thrown(asAlice.createOrder(SYMBOL, 'limit', 'buy', 100, 30_000))).toBe('InsufficientFunds');
    expect(await asAlice.createOrder(SYMBOL, 'limit', 'buy', 0.00001, 30_000)).toMatchObject({ status: 'rejected' });
    const offTick = {
      clOrdId: 'off tick',
      symbol: 'BTC-USD',
      ordType: 'LIMIT',
      side: 'BUY',
      orderQty: '0.01',
      price: '30000.05',
    };
    expect(await asAlice.request('orders', 'private', 'POST', offTick)).toMatchObject({ ordStatus: 'REJECTED', text: 'Invalid price' }); // prettier-ignore
    expect(await thrown(asAlice.request('orders', 'private', 'POST', { ...offTick, symbol: 'NO-NE' }))).toBe(
      'ExchangeError',
    );
    expect(await thrown(asAlice.request('orders', 'private', 'POST', { ...offTick, price: 'cheap' }))).toBe(
      'ExchangeError',
    );
    expect(await thrown(asAlice.fetchOrder('505050'))).toBe('OrderNotFound');
    expect(await thrown(client('no key of anybody').fetchBalance())).toBe('AuthenticationError');
    expect(await thrown(client(alice.keys.view.secret).createOrder(SYMBOL, 'limit', 'buy', 0.01, 20_000))).toBe('AuthenticationError'); // prettier-ignore
    const elsewhere = await room.key(alice.customerId, ['view'], ['198.51.100.0/24']);
    expect(await thrown(client(elsewhere.secret).fetchBalance())).toBe('AuthenticationError');
  });

  it('a second key of another customer cannot see or cancel the first one’s orders', async () => {
    const order = await asAlice.createOrder(SYMBOL, 'limit', 'buy', 0.01, 20_000, { clientOrderId: 'private' });
    expect(await thrown(asBob.fetchOrder(idOf(order)))).toBe('OrderNotFound');
    expect(await thrown(asBob.cancelOrder(idOf(order)))).toBe('OrderNotFound');
    await asBob.cancelAllOrders();
    expect(await asBob.fetchOpenOrders()).toEqual([]);
    expect(await asBob.request('orders', 'private', 'GET', { clOrdId: 'private' })).toEqual([]);
    expect(ids(await asAlice.fetchOpenOrders())).toEqual([order.id]);
    expect(await asAlice.request('orders', 'private', 'GET', { clOrdId: 'private' })).toMatchObject([{ clOrdId: 'private' }]); // prettier-ignore
  });
});

describe('ccxt.blockchaincom: account and payments', () => {
  it('fetchBalance shows what is held, fetchTradingFees the rates in force', async () => {
    const before = await asAlice.fetchBalance();
    await asAlice.createOrder(SYMBOL, 'limit', 'sell', 0.5, 90_000);
    const after = await asAlice.fetchBalance();
    expect(after['BTC']).toMatchObject({ total: before['BTC']?.total, used: 0.5 });
    expect((await asAlice.fetchTradingFees())[SYMBOL]).toMatchObject({ maker: 0.001, taker: 0.002 });
    expect(await asAlice.request('accounts/primary/USD', 'private')).toMatchObject({ currency: 'USD' });
  });

  it('withdraw to a whitelisted address, fetchWithdrawal, fetchWithdrawals; nobody else’s', async () => {
    const database = room.bench.database;
    await room.bench.books.database.owner.query(
      `INSERT INTO custody.fee_rate (chain_id, rate, at) VALUES ('bitcoin:regtest', 1000, $1)`,
      [systemClock.now()],
    );
    const keep = new KeepWhitelist(custody, systemClock);
    const { id } = await database.transaction((tx) =>
      keep.add(tx, { customerId: alice.customerId, asset: 'BTC', name: 'cold', destination: OUTSIDE }),
    );
    expect(await asAlice.request('whitelist', 'private')).toMatchObject([
      { whitelistId: id, name: 'cold', currency: 'BTC' },
    ]);
    const asked = await asAlice.withdraw('BTC', 0.1, id);
    expect(asked).toMatchObject({ amount: 0.1, currency: 'BTC', status: 'pending', fee: { cost: 0.00000141 } });
    expect(await asAlice.fetchWithdrawal(idOf(asked))).toMatchObject({ id: asked.id, amount: 0.1 });
    expect((await asAlice.fetchWithdrawals('BTC', Date.now() - 60_000)).map((it) => it.id)).toEqual([asked.id]);
    const hers = client(bob.keys.withdraw.secret);
    expect(await thrown(hers.fetchWithdrawal(idOf(asked)))).toBe('OrderNotFound');
    expect(await thrown(hers.withdraw('BTC', 0.1, id))).toBe('ExchangeError');
    expect(await thrown(asBob.withdraw('BTC', 0.1, id))).toBe('AuthenticationError');
    expect(await thrown(asAlice.withdraw('BTC', 1_000, id))).toBe('ExchangeError');
  });

  it('fetchDepositAddress: his own, always the same, on the chain that the platform watches', async () => {
    const key = masterKey(Buffer.alloc(32, 7), extendedKeyVersions('regtest'));
    const fingerprint = key.fingerprint.toString(16).padStart(8, '0');
    const path = "m/84'/1'/0'";
    const { chainId } = custody.assets.BTC;
    const xpub = key.derive(path).publicExtendedKey;
    await new WatchOnlyAccounts().register(room.bench.database, [{ chainId, path, fingerprint, xpub }]);
    const address = await addressOf(asAlice);
    expect(address).toMatch(/^bcrt1q[02-9ac-hj-np-z]{38}$/);
    expect(await addressOf(asAlice)).toBe(address);
    expect(await addressOf(asBob)).not.toBe(address);
    expect(await thrown(asAlice.fetchDepositAddress('USD'))).toBe('ExchangeError');
  });

  it('fetchDeposits, fetchDeposit: from its first block to its credit, and nobody else’s', async () => {
    const { database } = room.bench;
    expect(await asAlice.fetchDeposits('BTC', Date.now() - 60_000)).toEqual([]);
    const address = await addressOf(asAlice);
    const { id: addressId } = await database.one<{ id: string }>('SELECT id FROM custody.address WHERE address = $1', [
      address,
    ]);
    const [id, at] = [uuidV7(), new Date()];
    const { chainId } = custody.assets.BTC;
    const txid = 'ab'.repeat(32);
    const block = { height: 7, blockHash: 'cd'.repeat(32) };
    await database.transaction((tx) =>
      insertDeposit(tx, { id, chainId, txid, outputIndex: 1, asset: 'BTC', amount: 12_345_678n, addressId, state: 'pending', requiredDepth: 2, at, ...block }),
    ); // prettier-ignore
    const pending = { id, currency: 'BTC', amount: 0.12345678, address, txid, timestamp: at.getTime() };
    expect(await asAlice.fetchDeposits('BTC', Date.now() - 60_000)).toMatchObject([
      { ...pending, status: 'UNCONFIRMED' },
    ]);
    await database.transaction(async (tx) => {
      const deposit = await lockDeposit(tx, id);
      await updateDeposit(tx, id, { ...deposit, state: 'credited', creditedAt: at });
    });
    expect(await asAlice.fetchDeposit(id)).toMatchObject({ ...pending, status: 'ok' });
    expect(await asAlice.fetchDeposits('BTC', Date.now() + 60_000)).toEqual([]);
    expect(await asBob.fetchDeposits('BTC')).toEqual([]);
    expect(await thrown(asBob.fetchDeposit(id))).toBe('OrderNotFound');
    expect(await thrown(asAlice.fetchDeposit('0190a000-0000-7000-8000-000000000001'))).toBe('OrderNotFound');
  });
});

/**
 * ccxt cuts the answer at a semicolon and takes what comes first for a tag. An address without one, as the API documents it, is therefore its `tag`; a
 * semicolon before each would spoil it for everybody who reads the documentation.
 */
async function addressOf(exchange: Exchange): Promise<string> {
  const answer = await exchange.fetchDepositAddress('BTC');
  expect(answer.info).toEqual({ type: 'crypto', address: answer.tag });
  if (answer.tag === undefined) throw new Error('no address');
  return answer.tag;
}

const ids = (orders: readonly Order[]): string[] => orders.map(idOf);

/** ccxt's types allow an order to have none. */
function idOf({ id }: { readonly id: string | undefined }): string {
  if (id === undefined) throw new Error('an answer has no id');
  return id;
}
