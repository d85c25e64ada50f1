/** What the door says (exchange-api.md §3), against the interfaces that it stands on; against a real venue see test/ccxt-pro.spec.ts. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { createLogger } from '@base/observability';
import { type MinuteBar } from '@core/venue-view';
import { BalanceRows } from '../encode-balance.js';
import { candleAt } from './candles.js';
import { openSocketDoor, type SocketDoor } from './socket-door.js';
import { BTC_USD, FakeAccess, FakeVenue } from './testing/fake-venue.js';
import { SocketClient, type Told } from './testing/socket-client.js';

const logger = createLogger('socket-spec');
const START = new Date('2026-01-01T12:00:30Z');
const micros = (date: Date): bigint => BigInt(date.getTime()) * 1000n;

let venue: FakeVenue;
let access: FakeAccess;
let clock: ManualClock;
let door: SocketDoor;
let client: SocketClient;

beforeEach(async () => {
  venue = new FakeVenue();
  access = new FakeAccess();
  clock = new ManualClock(START);
  door = await openSocketDoor({ desk: venue, feed: venue, access, clock, logger }, { host: '127.0.0.1', port: 0, heartbeatMs: 30 }); // prettier-ignore
  client = await SocketClient.open(door.port);
});

afterEach(async () => {
  client.end();
  await door.close(0);
});

const withoutSeqnum = (told: Told): Record<string, unknown> =>
  Object.fromEntries(Object.entries(told).filter(([name]) => name !== 'seqnum'));

describe('public channels', () => {
  test('l2: acknowledgement, snapshot, then every change with its new total; both sides are always there', async () => {
    venue.level(100, 3n);
    expect(withoutSeqnum(await client.subscribe({ channel: 'l2', symbol: 'BTC-USD' }))).toEqual({ event: 'subscribed', channel: 'l2', symbol: 'BTC-USD' }); // prettier-ignore
    expect(await client.next()).toEqual({ seqnum: 1, event: 'snapshot', channel: 'l2', symbol: 'BTC-USD', bids: [{ num: 1, px: 10, qty: 0.0003 }], asks: [], timestamp: '2026-01-01T12:00:30.000000Z' }); // prettier-ignore
    venue.level(100, 0n);
    expect(await client.next()).toMatchObject({ seqnum: 2, event: 'updated', bids: [{ num: 0, px: 10, qty: 0 }], asks: [] }); // prettier-ignore
    venue.level(205, 12n, 'sell');
    expect(await client.next()).toMatchObject({ bids: [], asks: [{ num: 1, px: 20.5, qty: 0.0012 }] });
  });

  test('l2 says nothing of another instrument, and nothing after the subscription has ended', async () => {
    await client.subscribe({ channel: 'l2', symbol: 'BTC-USD' });
    await client.next({ event: 'snapshot' });
    venue.level(1, 1n, 'buy', 2);
    client.say({ action: 'unsubscribe', channel: 'l2', symbol: 'BTC-USD' });
    expect(withoutSeqnum(await client.next())).toEqual({ event: 'unsubscribed', channel: 'l2', symbol: 'BTC-USD' });
    venue.level(2, 1n);
    await client.subscribe({ channel: 'heartbeat' });
    expect(client.told.filter(({ channel, event }) => channel === 'l2' && event === 'updated')).toEqual([]);
  });

  test('l3: an order with its number beside its id; one that is gone has its price and no quantity', async () => {
    const order = { instrument: 1, side: 'sell', orderId: 13_621_919_103n, price: 88_680, quantity: 28n } as const;
    venue.tell({ bookOrders: [order] });
    await client.subscribe({ channel: 'l3', symbol: 'BTC-USD' });
    const row = { id: '13621919103', num: 13_621_919_103, px: 8868, qty: 0.0028 };
    expect(await client.next()).toMatchObject({ event: 'snapshot', bids: [], asks: [row] });
    venue.tell({ bookOrders: [{ ...order, quantity: 0n }] });
    expect(await client.next()).toMatchObject({ event: 'updated', bids: [], asks: [{ ...row, qty: 0 }] });
  });

  test('trades: no snapshot; the taker’s side and the trade’s id as text', async () => {
    await client.subscribe({ channel: 'trades', symbol: 'BTC-USD' });
    const { tradeId } = venue.trade(239_407, 8_350n, 1_659_979_428_163_096n);
    expect(withoutSeqnum(await client.next())).toEqual({ event: 'updated', channel: 'trades', symbol: 'BTC-USD', timestamp: '2022-08-08T17:23:48.163096Z', side: 'buy', qty: 0.835, price: 23940.7, trade_id: String(tradeId) }); // prettier-ignore
  });

  test('ticker: the mark price is always there, and is the last trade’s where the venue has none', async () => {
    await client.subscribe({ channel: 'ticker', symbol: 'BTC-USD' });
    expect(await client.next()).toMatchObject({ event: 'snapshot', price_24h: 0, volume_24h: 0, last_trade_price: 0, mark_price: 0 }); // prettier-ignore
    venue.trade(500, 10n, micros(START));
    venue.trade(510, 10n, micros(START));
    expect(await client.next()).toMatchObject({ event: 'updated', last_trade_price: 51, mark_price: 51, volume_24h: 0.002 }); // prettier-ignore
    venue.tickerNow = { ...venue.tickerNow, markPrice: 520 };
    venue.tell({ instruments: [{ ...BTC_USD, markPrice: 520 }] });
    expect(await client.next()).toMatchObject({ event: 'updated', last_trade_price: 51, mark_price: 52 });
  });

  test('a candle costs the minutes it has, however many there are; rows of balances are encoded when they change', () => {
    let looked = 0;
    function* minutes(): Generator<MinuteBar> {
      for (let minute = 2_879; minute >= 0; minute -= 1) {
        looked += 1;
        yield { instrument: 1, minute, open: 1, high: minute, low: 1, close: 1, volume: 1n };
      }
    }
    expect(candleAt(minutes(), 2_875 * 60_000, 300, 0)).toMatchObject({ high: 2_879, volume: 5n });
    expect(looked).toBe(6);
    const rows = new BalanceRows();
    const row = (total: bigint) => rows.row(venue, BTC_USD.base, { total, held: 0n });
    const first = row(5n);
    expect(row(5n)).toBe(first);
    expect(row(6n).json).toContain('"balance":0.00000006');
    venue.tickerNow = { ...venue.tickerNow, lastPrice: 300_000 };
    expect(row(6n)).toMatchObject({ json: expect.stringContaining('"rate":30000') });
  });

  test('prices: the running candle at once, each trade in it, and flat ones where nothing trades', async () => {
    const candles = async (count: number): Promise<unknown[]> => {
      const prices = [];
      while (prices.length < count) prices.push((await client.next({ channel: 'prices' })).price);
      return prices;
    };
    venue.trade(100, 5n, micros(START) - 120_000_000n);
    client.say({ action: 'subscribe', channel: 'prices', symbol: 'BTC-USD', granularity: 60 });
    expect(await client.next()).toMatchObject({ event: 'subscribed', symbol: 'BTC-USD', granularity: 60 });
    const minute = Date.parse('2026-01-01T12:00:00Z');
    expect(await candles(1)).toEqual([[minute, 10, 10, 10, 10, 0]]);
    venue.trade(130, 2n, micros(START));
    venue.trade(90, 1n, micros(START));
    expect(await candles(1)).toEqual([[minute, 13, 13, 9, 9, 0.0003]]);
    clock.advance(180_000);
    expect(await candles(3)).toEqual([1, 2, 3].map((k) => [minute + k * 60_000, 9, 9, 9, 9, 0]));
    // Late for its minute: the minute, and the flat ones that follow from it, are told of again.
    venue.trade(95, 1n, micros(new Date(minute + 170_000)));
    expect(await candles(2)).toEqual([[minute + 120_000, 9.5, 9.5, 9.5, 9.5, 0.0001], [minute + 180_000, 9.5, 9.5, 9.5, 9.5, 0]]); // prettier-ignore
  });

  test('prices: a granularity that is none is refused, and so is a second one for the same symbol', async () => {
    expect(await client.subscribe({ channel: 'prices', symbol: 'BTC-USD', granularity: 61 })).toMatchObject({ event: 'rejected' }); // prettier-ignore
    expect(await client.subscribe({ channel: 'prices', symbol: 'BTC-USD', granularity: 60 })).toMatchObject({ event: 'subscribed' }); // prettier-ignore
    expect(await client.subscribe({ channel: 'prices', symbol: 'BTC-USD', granularity: 300 })).toMatchObject({ event: 'rejected', text: 'Already subscribed' }); // prettier-ignore
  });

  test('symbols: all of them, then each that changes in what it says', async () => {
    await client.subscribe({ channel: 'symbols' });
    const { symbols } = await client.next({ event: 'snapshot' });
    expect(symbols).toMatchObject({
      'BTC-USD': { base_currency: 'BTC', base_currency_scale: 8, counter_currency: 'USD', counter_currency_scale: 2, min_price_increment: 1, min_price_increment_scale: 1, min_order_size: 1, min_order_size_scale: 4, lot_size: 1, lot_size_scale: 4, status: 'open', id: 1 }, // prettier-ignore
      'ETH-USD': { id: 2 },
    });
    venue.tell({ instruments: [{ ...BTC_USD, state: 'halted', auctionPrice: 70, auctionTime: 1_000_000n }] });
    venue.tell({ instruments: [{ ...BTC_USD, state: 'halted', auctionPrice: 70, auctionTime: 1_000_000n, markPrice: 9 }] }); // prettier-ignore
    venue.tell({ instruments: [BTC_USD] });
    expect(await client.next()).toMatchObject({ symbol: 'BTC-USD', status: 'halt', 'auction-price': 7, auction_price: 7, 'auction-time': '1970-01-01T00:00:01.000000Z' }); // prettier-ignore
    expect(await client.next()).toMatchObject({ symbol: 'BTC-USD', status: 'open' });
  });

  test('heartbeat beats, and only for who asked', async () => {
    const other = await SocketClient.open(door.port);
    await client.subscribe({ channel: 'heartbeat' });
    expect(withoutSeqnum(await client.next())).toEqual({ event: 'updated', channel: 'heartbeat', timestamp: '2026-01-01T12:00:30.000000Z', venue: 'connected' }); // prettier-ignore
    await client.next();
    expect(other.told).toEqual([]);
    other.end();
  });

  test('heartbeat: whether the venue is there is told with the subscription, and when it has gone or come back, between two beats', async () => {
    const rare = await openSocketDoor({ desk: venue, feed: venue, access, clock, logger }, { host: '127.0.0.1', port: 0, heartbeatMs: 3_600_000 }); // prettier-ignore
    const listener = await SocketClient.open(rare.port);
    listener.say({ action: 'subscribe', channel: 'heartbeat' });
    await listener.next({ event: 'subscribed' });
    expect(await listener.next()).toMatchObject({ event: 'updated', channel: 'heartbeat', venue: 'connected' });
    for (const [isConnected, told] of [
      [false, 'away'],
      [true, 'connected'],
    ] as const) {
      venue.isConnected = isConnected;
      expect(await listener.next()).toMatchObject({ event: 'updated', channel: 'heartbeat', venue: told });
    }
    listener.end();
    await rare.close(0);
  });

  test('a view that was built anew is told as snapshots', async () => {
    await client.subscribe({ channel: 'l2', symbol: 'BTC-USD' });
    await client.next({ event: 'snapshot' });
    venue.book.set('x', { instrument: 1, side: 'buy', price: 7, quantity: 7n, count: 2 });
    venue.position = { sequence: 100n, index: 0 };
    venue.rebuild();
    expect(await client.next()).toMatchObject({ event: 'snapshot', bids: [{ num: 2, px: 0.7, qty: 0.0007 }] });
  });

  test.each([
    ['an unknown symbol', { channel: 'l2', symbol: 'DOGE-USD' }, 'Invalid symbol'],
    ['no symbol', { channel: 'trades' }, 'Invalid symbol'],
    ['an unknown channel', { channel: 'l9' }, 'Unknown channel'],
    ['a private channel without authentication', { channel: 'balances' }, 'Not authenticated'],
  ])('%s is rejected', async (_, request, text) => {
    expect(await client.subscribe(request)).toMatchObject({ event: 'rejected', channel: request.channel, text });
  });

  test('what cannot be read is rejected and the connection goes on', async () => {
    for (const frame of ['', '{', '[]', 'null', '{"action":1}', '{"action":"subscribe","channel":{"a":1}}', '"'.repeat(50)]) client.say(frame); // prettier-ignore
    for (let k = 0; k < 7; k += 1) expect(await client.next()).toMatchObject({ event: 'rejected', text: 'Malformed message' }); // prettier-ignore
    expect(await client.subscribe({ channel: 'trades', symbol: 'BTC-USD' })).toMatchObject({ event: 'subscribed' });
  });
});

describe('resuming', () => {
  const reconnect = async (): Promise<SocketClient> => {
    client.end();
    client = await SocketClient.open(door.port);
    return client;
  };

  test('l2 goes on after the sequence that the client saw last, without a snapshot, a gap or a repetition', async () => {
    await client.subscribe({ channel: 'l2', symbol: 'BTC-USD', venueSequence: true });
    expect(await client.next({ event: 'snapshot' })).toMatchObject({ venueSequence: 0 });
    const seen = venue.level(1, 1n);
    expect(await client.next()).toMatchObject({ venueSequence: Number(seen) });
    await reconnect();
    const missed = [venue.level(2, 1n), venue.level(3, 1n)];
    expect(withoutSeqnum(await client.subscribe({ channel: 'l2', symbol: 'BTC-USD', from: Number(seen) }))).toEqual({ event: 'subscribed', channel: 'l2', symbol: 'BTC-USD', from: Number(seen), resumed: true }); // prettier-ignore
    missed.push(venue.level(4, 1n));
    for (const sequence of missed) expect(await client.next()).toMatchObject({ event: 'updated', venueSequence: Number(sequence) }); // prettier-ignore
  });

  test('trades go on after a trade’s id', async () => {
    const trades = [1, 2, 3].map((price) => venue.trade(price, 1n, micros(START)));
    await client.subscribe({ channel: 'trades', symbol: 'BTC-USD', from: String(trades[0]?.tradeId) });
    expect(await client.next()).toMatchObject({ trade_id: String(trades[1]?.tradeId) });
    expect(await client.next()).toMatchObject({ trade_id: String(trades[2]?.tradeId) });
  });

  test('what lies too far back begins with a snapshot, and says so', async () => {
    venue.position = { sequence: 1_000n, index: 0 };
    venue.rebuild();
    expect(await client.subscribe({ channel: 'l2', symbol: 'BTC-USD', from: 998 })).toMatchObject({ resumed: false });
    expect(await client.next()).toMatchObject({ event: 'snapshot', venueSequence: 1_000 });
    expect(await client.subscribe({ channel: 'l3', symbol: 'BTC-USD', from: 'x' })).toMatchObject({ event: 'rejected', text: 'Invalid from' }); // prettier-ignore
  });

  test('a client that has seen more than this gateway has is not told it again', async () => {
    expect(await client.subscribe({ channel: 'l2', symbol: 'BTC-USD', from: 2 })).toMatchObject({ resumed: true });
    for (const price of [1, 2, 3]) venue.level(price, 1n);
    expect(await client.next()).toMatchObject({ event: 'updated', venueSequence: 3 });
  });
});
