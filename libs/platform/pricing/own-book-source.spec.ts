/** The own book's source against a gateway that says what a spec tells it to; a real one is in apps/gateway/test/own-book.spec.ts. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { createLogger } from '@base/observability';
import { formatRate } from '@core/money';
import { WebSocket, WebSocketServer } from 'ws';
import { OwnBookSource, type OwnBookSourceOptions } from './own-book-source.js';

const SYMBOLS =
  ',"event":"snapshot","channel":"symbols","symbols":{"BTC-USD":{"status":"open","id":0},"DOGE-USD":{"status":"open"}}';

let server: WebSocketServer;
let source: OwnBookSource;
let said: string[];
let refused: string[];
let wallMs: number;

/** One client's conversation with the gateway. */
class Gateway {
  #seqnum = 0;
  readonly asked: string[] = [];

  constructor(readonly ws: WebSocket) {
    ws.on('message', (data: Buffer) => this.asked.push(data.toString()));
  }

  say(body: string, seqnum = this.#seqnum): void {
    this.#seqnum = seqnum + 1;
    this.ws.send(`{"seqnum":${seqnum}${body}}`);
  }

  book(
    bids: string,
    asks: string,
    { event = 'snapshot', at = wallMs, seqnum = this.#seqnum, symbol = 'BTC-USD' } = {},
  ): void {
    const rows = (text: string): string =>
      text
        .split(' ')
        .filter(Boolean)
        .map((each) => each.split('x'))
        .map(([px, qty]) => `{"num":1,"px":${px},"qty":${qty}}`)
        .join(',');
    this.say(
      `,"event":"${event}","channel":"l2","symbol":"${symbol}","bids":[${rows(bids)}],"asks":[${rows(asks)}],"timestamp":"${new Date(at).toISOString()}"`,
      seqnum,
    );
  }

  beat(venue = 'connected'): void {
    this.say(`,"event":"updated","channel":"heartbeat","venue":"${venue}"`);
  }

  /** As far as a book with a price of 60,000. */
  priced(): void {
    this.beat();
    this.say(SYMBOLS);
    this.book('59990x1', '60010x1');
  }
}

const options = (): OwnBookSourceOptions => ({
  url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
  pairs: ['BTC-USD'],
  logger: createLogger('spec', 'silent'),
  wallClockMs: () => wallMs,
});
const connected = async (): Promise<Gateway> => {
  const [ws] = (await once(server, 'connection')) as [WebSocket];
  return new Gateway(ws);
};
const until = async (condition: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 10_000; !condition();) {
    if (Date.now() > deadline) throw new Error(`not in time: ${said.join()} ${refused.join()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
const says = (what: string): Promise<void> => until(() => said.at(-1) === what);

beforeEach(async () => {
  server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  said = [];
  refused = [];
  wallMs = 1_790_000_000_000;
  source = new OwnBookSource(options());
});
afterEach(async () => {
  await source.stop();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

const start = (): Promise<Gateway> => {
  const gateway = connected();
  source.start({
    tick: ({ price }) => said.push(formatRate(price, 2, 'half-even')),
    refused: (reason) => refused.push(reason),
    withdrawn: (_, why) => said.push(why),
  });
  return gateway;
};

describe('the own book’s source', () => {
  it('asks for the books of its pairs that are listed, and of no others', async () => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    expect(gateway.asked.map((text) => JSON.parse(text) as object)).toEqual([
      { action: 'subscribe', channel: 'heartbeat' },
      { action: 'subscribe', channel: 'symbols' },
      { action: 'subscribe', channel: 'l2', symbol: 'BTC-USD' },
    ]);
  });

  it('says again what has not changed, so that a quiet book stays a price while the connection lives', async () => {
    (await start()).priced();
    await until(() => said.filter((each) => each === '60000.00').length >= 2);
  });

  it('keeps digits that a double would lose', async () => {
    const gateway = await start();
    gateway.beat();
    gateway.say(SYMBOLS);
    gateway.book('59999.999999999999999998x1', '60000.000000000000000002x1');
    await says('60000.00');
    expect(refused).toEqual([]);
  });

  it('does not believe a book of which a message is missing: it connects again, and begins with the snapshot', async () => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    const again = connected();
    gateway.book('59990x0', '', { event: 'updated', seqnum: 7 });
    await says('disconnected');
    expect(refused).toEqual(['out_of_order']);
    const second = await again;
    second.beat();
    second.say(SYMBOLS);
    await says('no_snapshot');
    second.book('59980x1', '60000x1');
    await says('59990.00');
  });

  it.each([
    ['text that is no message', 'nonsense'],
    [
      'a price below zero',
      '{"seqnum":3,"event":"updated","channel":"l2","symbol":"BTC-USD","bids":[{"px":-1,"qty":1}],"asks":[],"timestamp":"2026-01-01T00:00:00Z"}',
    ],
    [
      'a price with an exponent',
      '{"seqnum":3,"event":"updated","channel":"l2","symbol":"BTC-USD","bids":[{"px":1e5,"qty":1}],"asks":[],"timestamp":"2026-01-01T00:00:00Z"}',
    ],
    [
      'a quantity finer than the asset',
      '{"seqnum":3,"event":"updated","channel":"l2","symbol":"BTC-USD","bids":[{"px":1,"qty":0.000000001}],"asks":[],"timestamp":"2026-01-01T00:00:00Z"}',
    ],
    [
      'a price of nothing',
      '{"seqnum":3,"event":"updated","channel":"l2","symbol":"BTC-USD","bids":[{"px":0,"qty":1}],"asks":[],"timestamp":"2026-01-01T00:00:00Z"}',
    ],
  ])('D4: gives a book up at %s', async (_, text) => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    gateway.ws.send(text);
    await says('disconnected');
    expect(refused).toEqual(['malformed']);
  });

  it('has no price while changes come late, and has one when they come in time again', async () => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    gateway.book('', '60030x1 60010x0', { event: 'updated', at: wallMs - 6_000 });
    await says('late');
    gateway.book('', '60020x1', { event: 'updated' });
    await says('60005.00');
  });

  it('takes the gateway’s word that it has lost the exchange', async () => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    gateway.beat('away');
    await says('venue_away');
    gateway.beat();
    await says('60000.00');
  });

  it('believes no book before the gateway has said whether it has the exchange', async () => {
    const gateway = await start();
    gateway.say(SYMBOLS);
    gateway.book('59990x1', '60010x1');
    await says('no_snapshot');
    gateway.beat('away');
    await says('venue_away');
    expect(said).toEqual(['disconnected', 'no_snapshot', 'venue_away']);
    gateway.beat();
    await says('60000.00');
  });

  it('has no price while nothing is heard, though the connection still seems to stand', async () => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    // Not even a ping is answered.
    gateway.ws.pause();
    await says('disconnected');
    expect([gateway.ws.readyState, server.clients.size]).toEqual([WebSocket.OPEN, 1]);
    gateway.ws.resume();
    await says('60000.00');
    expect([gateway.ws.readyState, server.clients.size]).toEqual([WebSocket.OPEN, 1]);
  });

  it('says of no book of a gateway that is behind what it is worth, whichever it is told of in time', async () => {
    await source.stop();
    source = new OwnBookSource({ ...options(), pairs: ['BTC-USD', 'ETH-USD'] });
    const gateway = await start();
    gateway.beat();
    gateway.say(
      ',"event":"snapshot","channel":"symbols","symbols":{"BTC-USD":{"status":"open"},"ETH-USD":{"status":"open"}}',
    );
    gateway.book('59990x1', '60010x1');
    await says('60000.00');
    gateway.book('59990x2', '', { event: 'updated', at: wallMs - 6_000, symbol: 'ETH-USD' });
    await says('late');
    gateway.book('59991x1', '', { event: 'updated' });
    gateway.beat();
    gateway.beat('away');
    await says('venue_away');
    expect(said.slice(said.indexOf('late'))).not.toContain('60000.50');
    gateway.beat();
    gateway.book('59990x2', '60010x1', { symbol: 'ETH-USD' });
    await until(() => said.includes('60000.50'));
  });

  it('is not cut off by customers who make its exchange busy, and is as it is in the end', async () => {
    const gateway = await start();
    gateway.priced();
    await says('60000.00');
    for (let n = 1; n <= 12_000; n += 1) gateway.book('', `60010x${n % 2 === 0 ? 1 : 2}`, { event: 'updated' });
    gateway.book('', '60010x0 60020x1', { event: 'updated' });
    await says('60005.00');
    expect([gateway.ws.readyState, refused]).toEqual([WebSocket.OPEN, []]);
    expect(said).not.toContain('late');
  });

  it('follows an instrument that is halted, opened, or listed later', async () => {
    const gateway = await start();
    gateway.beat();
    gateway.say(',"event":"snapshot","channel":"symbols","symbols":{}');
    await says('not_listed');
    const status = (text: string): void =>
      gateway.say(`,"event":"updated","channel":"symbols","symbol":"BTC-USD","status":"${text}"`);
    status('suspend');
    await says('not_open');
    gateway.book('59990x1', '60010x1');
    status('open');
    await says('60000.00');
    status('halt');
    await says('not_open');
    status('open');
    await says('60000.00');
    gateway.say(',"event":"snapshot","channel":"symbols","symbols":{"DOGE-USD":{"status":"open"}}');
    await says('not_listed');
  });
});
