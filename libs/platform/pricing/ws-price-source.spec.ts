import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { createLogger } from '@base/observability';
import { formatRate } from '@core/money';
import { WebSocketServer, type WebSocket } from 'ws';
import { WsPriceSource } from './ws-price-source.js';

let server: WebSocketServer;
let source: WsPriceSource;
let ticks: string[];
let refused: string[];

const open = async (port: number): Promise<WebSocketServer> => {
  const made = new WebSocketServer({ host: '127.0.0.1', port });
  await once(made, 'listening');
  return made;
};

beforeEach(async () => {
  server = await open(0);
  [ticks, refused] = [[], []];
  const { port } = server.address() as AddressInfo;
  source = new WsPriceSource({ name: 'spec', url: `ws://127.0.0.1:${port}`, logger: createLogger('spec', 'silent') });
});
afterEach(async () => {
  await source.stop();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

const connected = async (): Promise<WebSocket> => {
  const [client] = (await once(server, 'connection')) as [WebSocket];
  return client;
};
const start = (): Promise<WebSocket> => {
  const client = connected();
  source.start({
    tick: ({ pair, price }) => ticks.push(`${pair} ${formatRate(price, 2, 'half-even')}`),
    refused: (reason) => refused.push(reason),
    withdrawn: () => undefined,
  });
  return client;
};
const message = (sequence: number, prices: Record<string, unknown>, more: object = {}): string =>
  JSON.stringify({ type: 'prices', venue: 'spec', sequence, time: new Date().toISOString(), prices, ...more });
const until = async (condition: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + 5_000; !condition();) {
    if (Date.now() > deadline) throw new Error(`not in time: ${ticks.join()} ${refused.join()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('a price source over WebSocket', () => {
  it('reports prices as exact rates', async () => {
    (await start()).send(message(1, { 'BTC-USD': '60000.01', 'ETH-BTC': '0.05' }));
    await until(() => ticks.length === 2);
    expect(ticks).toEqual(['BTC-USD 60000.01', 'ETH-BTC 0.05']);
  });

  it('D4: throws away what is not a message of ours, and goes on', async () => {
    const client = await start();
    for (const garbage of ['', '<html>429</html>', 'null', '[]', '{"type":"prices"}', message(1, { 'BTC-USD': 60000 }), message(1, {}, { extra: 1 })]) client.send(garbage); // prettier-ignore
    client.send(Buffer.from(message(1, { 'BTC-USD': '1' })), { binary: true });
    client.send(message(2, { 'BTC-USD': '60000' }));
    await until(() => ticks.length === 1);
    expect(refused).toEqual(Array(8).fill('malformed'));
  });

  it.each([
    ['0', 'not_positive'],
    ['0.00', 'not_positive'],
    ['-1', 'malformed'],
    ['NaN', 'malformed'],
    ['1e309', 'malformed'],
    [' 1', 'malformed'],
  ])('D16: refuses the price %j', async (price, reason) => {
    (await start()).send(message(1, { 'BTC-USD': price, 'ETH-USD': '3000' }));
    await until(() => ticks.length === 1);
    expect([ticks, refused]).toEqual([['ETH-USD 3000.00'], [reason]]);
  });

  it('refuses what runs backwards, what was held up on the way, and pairs it does not know', async () => {
    const client = await start();
    client.send(message(5, { 'BTC-USD': '60000' }));
    client.send(message(5, { 'BTC-USD': '1' }));
    client.send(message(4, { 'BTC-USD': '1' }));
    client.send(message(6, { 'BTC-USD': '1' }, { time: new Date(Date.now() - 6_000).toISOString() }));
    client.send(message(7, { 'DOGE-USD': '1', 'BTC-BTC': '1' }));
    await until(() => refused.length === 5);
    expect([ticks, refused]).toEqual([
      ['BTC-USD 60000.00'],
      ['out_of_order', 'out_of_order', 'late', 'unknown_pair', 'unknown_pair'],
    ]);
  });

  it('D4: cuts a message of 1 MB and a flood, and connects again', async () => {
    const client = await start();
    let again = connected();
    client.send('x'.repeat(1 << 20));
    const second = await again;
    again = connected();
    for (let n = 1; n <= 200; n += 1) second.send(message(n, { 'BTC-USD': '60000' }));
    const third = await again;
    expect(ticks.length).toBeLessThanOrEqual(50);
    third.send(message(1, { 'BTC-USD': '59999' }));
    await until(() => ticks.at(-1) === 'BTC-USD 59999.00');
  });

  it('finds the source again after it was restarted, whose sequence begins anew', async () => {
    (await start()).send(message(900, { 'BTC-USD': '60000' }));
    await until(() => ticks.length === 1);
    const { port } = server.address() as AddressInfo;
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => server.close(resolve));
    await new Promise((resolve) => setTimeout(resolve, 400));
    server = await open(port);
    (await connected()).send(message(1, { 'BTC-USD': '60001' }));
    await until(() => ticks.length === 2);
  });
});
