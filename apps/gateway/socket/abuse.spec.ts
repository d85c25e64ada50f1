/** Rows F3 to F8 and F11 of the reliability catalogue: clients that do not read, flood, break frames or come from elsewhere. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { type Logger } from '@base/observability';
import { endings } from './metrics.js';
import { openSocketDoor, type SocketDoor, type SocketDoorSettings } from './socket-door.js';
import { FakeAccess, FakeVenue } from './testing/fake-venue.js';
import { rawHandshake, SocketClient } from './testing/socket-client.js';

/** The row says a thousand: `npm run torture` has them. */
const STORM = process.env['TORTURE'] ? 1_000 : 250;
const MIB = 1024 * 1024;

let venue: FakeVenue;
let access: FakeAccess;
let door: SocketDoor;
let logged: string[];
const sockets: Socket[] = [];
const clients: SocketClient[] = [];

async function openDoor(settings: Partial<SocketDoorSettings> = {}): Promise<void> {
  const log = (...said: unknown[]): void => void logged.push(JSON.stringify(said));
  const logger = { warn: log, info: log, debug: log, error: log } as Partial<Logger> as Logger;
  door = await openSocketDoor({ desk: venue, feed: venue, access, clock: systemClock, logger }, { host: '127.0.0.1', port: 0, ...settings }); // prettier-ignore
}

beforeEach(() => {
  logged = [];
  venue = new FakeVenue();
  access = new FakeAccess();
  access.add('secret-17', 17);
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  for (const socket of sockets.splice(0)) socket.destroy();
  await door.close(0);
});

async function connect(): Promise<SocketClient> {
  const client = await SocketClient.open(door.port);
  clients.push(client);
  return client;
}

/** A masked frame, as clients must send it. */
function frame(payload: string | Buffer, first = 0x81): Buffer {
  const bytes = Buffer.from(payload);
  const head = bytes.length < 126 ? [first, 0x80 | bytes.length] : [first, 0xfe, bytes.length >> 8, bytes.length & 0xff]; // prettier-ignore
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes]);
}

/** Upgraded, and from then on as silent as it is told to be. */
async function rawSocket(...requests: object[]): Promise<Socket> {
  const { socket } = await rawHandshake(door.port);
  sockets.push(socket);
  for (const request of requests) socket.write(frame(JSON.stringify(request)));
  return socket;
}

async function endingsOf(reason: string): Promise<number> {
  const { values } = await endings.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

const eventually = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  let is = await isTrue();
  for (let k = 0; k < 1_000 && !is; k += 1) {
    await wait(10);
    is = await isTrue();
  }
  // Asked once more, a handshake would take another place.
  expect(is).toBe(true);
};

const subscribe = (channel: string): object => ({ action: 'subscribe', channel, symbol: 'BTC-USD' });

describe('those who do not read', () => {
  test('F3: 20 mute readers are dropped as slow consumers, in bounded memory, and a reader beside them misses nothing', async () => {
    await openDoor();
    const before = await endingsOf('slow consumer');
    const reader = await connect();
    await reader.subscribe({ channel: 'l3', symbol: 'BTC-USD' });
    for (let k = 0; k < 20; k += 1) (await rawSocket(subscribe('l3'))).pause();
    await eventually(() => door.connectionCount === 21);
    await reader.next({ event: 'snapshot' });
    const { rss } = process.memoryUsage();
    let peak = rss;
    // Orders are not conflated: each of these is owed to each of them.
    const bookOrders = Array.from({ length: 1_000 }, (_, k) => ({ instrument: 1, side: 'buy', orderId: BigInt(k), price: 1, quantity: 1n }) as const); // prettier-ignore
    for (let told = 0; told < 2_000 && door.connectionCount > 1; told += 10) {
      reader.forget();
      for (let k = 0; k < 10; k += 1) venue.tell({ bookOrders });
      await turn();
      for (let k = 0; k < 10; k += 1) await reader.next({ event: 'updated' });
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(door.connectionCount).toBe(1);
    expect((await endingsOf('slow consumer')) - before).toBe(20);
    expect(logged.filter((line) => line.includes('slow consumer'))).toHaveLength(20);
    expect(peak - rss).toBeLessThan(96 * MIB);
  });

  test('F3: one that takes nothing at all is hopeless even when all it is owed is conflated', async () => {
    await openDoor({ congestedBytes: 1_024, stalledMs: 1 });
    (await rawSocket(subscribe('l2'))).pause();
    await eventually(() => door.connectionCount === 1);
    const levels = Array.from({ length: 5_000 }, (_, k) => ({ instrument: 1, side: 'buy', price: k + 1, quantity: 1n, count: 1 }) as const); // prettier-ignore
    await eventually(() => {
      if (door.connectionCount === 1) venue.tell({ levels });
      return door.connectionCount === 0;
    });
  });
});

describe('floods', () => {
  test('F5: a storm of connections comes and goes; somebody beside them is served, and no descriptor is left', async () => {
    await openDoor({ mostConnectionsOfAddress: 2_000 });
    const bystander = await connect();
    await bystander.subscribe({ channel: 'trades', symbol: 'BTC-USD' });
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const storm = await Promise.all(Array.from({ length: STORM }, () => rawSocket(subscribe('l2'))));
    await eventually(() => door.connectionCount === STORM + 1);
    venue.trade(100, 1n, 1_000_000n);
    expect(await bystander.next({ event: 'updated' })).toMatchObject({ channel: 'trades' });
    for (const socket of storm) socket.resetAndDestroy();
    await eventually(() => door.connectionCount === 1 && descriptors() <= before);
  });

  test('F5: more than an address may have are refused; others are not', async () => {
    await openDoor({ mostConnectionsOfAddress: 2, mostConnections: 3, trustedProxies: 1 }); // prettier-ignore
    const from = async (via: string): Promise<string> => {
      const { answer, socket } = await rawHandshake(door.port, { headers: { 'x-forwarded-for': via } });
      sockets.push(socket);
      return answer.slice(9, 12);
    };
    expect([await from('10.0.0.1'), await from('10.0.0.1'), await from('10.0.0.1'), await from('10.0.1.2'), await from('10.0.2.3')]).toEqual(['101', '101', '429', '101', '503']); // prettier-ignore
  });

  test('F5: the addresses of one network count together, open connections and handshakes alike', async () => {
    await openDoor({ mostConnectionsOfAddress: 1, perAddress: { perSecond: 0.001, burst: 3 }, trustedProxies: 1 });
    const from = async (via: string, path?: string): Promise<string> => {
      const { answer, socket } = await rawHandshake(door.port, { headers: { 'x-forwarded-for': via }, ...(path !== undefined && { path }) }); // prettier-ignore
      sockets.push(socket);
      return answer.slice(9, 12);
    };
    expect([await from('2001:db8:7::1'), await from('2001:db8:7:1::2')]).toEqual(['101', '429']);
    expect([await from('2001:db8:7::3', '/elsewhere'), await from('2001:db8:7::4', '/elsewhere')]).toEqual(['404', '429']); // prettier-ignore
    expect(await from('2001:db8:8::1')).toBe('101');
  });

  test('F5: handshakes whose secrets are still looked at have their places, and give them back', async () => {
    await openDoor({ mostConnectionsOfAddress: 2 });
    let look: (() => void)[] = [];
    access.byToken = () => new Promise((resolve) => look.push(() => resolve(undefined)));
    const headers = { cookie: 'auth_token=secret-17' };
    const waiting = [rawHandshake(door.port, { headers }), rawHandshake(door.port, { headers })];
    await eventually(() => look.length === 2);
    expect((await rawHandshake(door.port)).answer.slice(9, 12)).toBe('429');
    for (const done of look) done();
    look = [];
    for (const { answer } of await Promise.all(waiting)) expect(answer.slice(9, 12)).toBe('401');
    await eventually(async () => {
      const { answer, socket } = await rawHandshake(door.port);
      sockets.push(socket);
      return answer.slice(9, 12) === '101';
    });
  });

  test('a secret that cannot be looked at is not called a wrong one', async () => {
    await openDoor();
    access.byToken = () => Promise.reject(new Error('no database'));
    expect((await rawHandshake(door.port, { headers: { cookie: 'auth_token=secret-17' } })).answer.slice(9, 12)).toBe('503'); // prettier-ignore
    const client = await connect();
    expect(await client.subscribe({ channel: 'auth', token: 'secret-17' })).toMatchObject({ event: 'rejected', text: expect.stringMatching(/^We are busy/) }); // prettier-ignore
    expect(await client.closed()).toEqual({ code: 1013, reason: 'unavailable' });
  });

  test('F6: 10,000 messages at once are ignored beyond the limit, then the socket is gone; a bystander is served', async () => {
    await openDoor();
    const bystander = await connect();
    const flooder = await rawSocket();
    const told: Buffer[] = [];
    flooder.on('data', (chunk) => told.push(chunk));
    flooder.on('error', () => undefined);
    flooder.write(Buffer.concat(Array.from({ length: 10_000 }, () => frame('{"action":"subscribe","channel":"x"}'))));
    expect(await bystander.subscribe({ channel: 'trades', symbol: 'BTC-USD' })).toMatchObject({ event: 'subscribed' });
    await once(flooder, 'close');
    await eventually(async () => (await endingsOf('flood')) > 0);
    const answers = Buffer.concat(told).toString('latin1');
    expect(answers.match(/Unknown channel/g)?.length ?? 0).toBeLessThanOrEqual(1_200);
    expect(door.connectionCount).toBe(1);
  });

  test('F6: who is over the limit is told so once, and is ignored', async () => {
    await openDoor({ messagesPerMinute: 3 });
    const client = await connect();
    for (let k = 0; k < 20; k += 1) client.say({ action: 'subscribe', channel: 'trades', symbol: 'BTC-USD' });
    for (const event of ['subscribed', 'rejected', 'rejected']) expect(await client.next()).toMatchObject({ event });
    expect(await client.next()).toEqual({ seqnum: 3, event: 'rejected', text: 'Connection throttling enabled, your messages will be ignored.' }); // prettier-ignore
    venue.trade(100, 1n, 1_000_000n);
    expect(await client.next()).toMatchObject({ event: 'updated', seqnum: 4 });
  });

  test('F6: pings count as messages', async () => {
    await openDoor({ messagesPerMinute: 10, ignoredPerSecond: 5 });
    const socket = await rawSocket();
    socket.resume();
    socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame('', 0x89))));
    await once(socket, 'close');
  });
});

describe('F7: malformed frames', () => {
  const masked = [0, 0, 0, 0];
  test.each([
    ['unmasked', 1002, [0x81, 2, 0x7b, 0x7d]],
    ['a reserved bit', 1002, [0xc1, 0x80, ...masked]],
    ['a reserved opcode', 1002, [0x83, 0x80, ...masked]],
    ['a fragmented ping', 1002, [0x09, 0x80, ...masked]],
    ['a continuation of nothing', 1002, [0x80, 0x80, ...masked]],
    ['bad UTF-8', 1007, [0x81, 0x82, ...masked, 0xc3, 0x28]],
    ['a length of 2^62', 1009, [0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, ...masked]],
    ['a length over the limit', 1009, [0x81, 0xfe, 0x10, 0x01, ...masked]],
    ['a binary message', 1003, [0x82, 0x81, ...masked, 1]],
  ])('%s: closed with %s', async (_, code, bytes) => {
    await openDoor();
    const socket = await rawSocket();
    const closed = once(socket, 'data') as Promise<[Buffer]>;
    socket.write(Buffer.from(bytes));
    const [answer] = await closed;
    expect([answer[0], answer.readUInt16BE(2)]).toEqual([0x88, code]);
    await eventually(() => door.connectionCount === 0);
  });

  test.each([
    ['of one byte', 1],
    ['of a kilobyte', 1_000],
  ])('endless fragments %s end the connection', async (_, length) => {
    // prettier-ignore
    await openDoor();
    const socket = await rawSocket();
    const closed = once(socket, 'data') as Promise<[Buffer]>;
    socket.write(frame('x', 0x01));
    for (let k = 0; k < 20; k += 1) socket.write(frame('x'.repeat(length), 0x00));
    const [answer] = await closed;
    expect([1008, 1009]).toContain(answer.readUInt16BE(2));
    await eventually(() => door.connectionCount === 0);
  });
});

describe('F8: pages from elsewhere', () => {
  test.each([
    ['an evil origin', '403', { origin: 'https://evil.example', cookie: 'auth_token=secret-17' }],
    ['a null origin', '403', { origin: 'null', cookie: 'auth_token=secret-17' }],
    ['an origin that only begins like ours', '403', { origin: 'https://exchange.blockchain.com.evil.example' }],
    ['our origin', '101', { origin: 'https://exchange.blockchain.com', cookie: 'auth_token=secret-17' }],
    ['our origin and a cookie that is none', '401', { origin: 'https://exchange.blockchain.com', cookie: 'auth_token=x' }], // prettier-ignore
    ['no origin', '101', {}],
  ])('%s is answered %s before anything else is said', async (_, status, headers) => {
    await openDoor();
    const { socket, answer } = await rawHandshake(door.port, { headers });
    sockets.push(socket);
    expect(answer.slice(9, 12)).toBe(status);
    if (status !== '101') expect(answer.endsWith('\r\n\r\n')).toBe(true);
  });
});

describe('F11: a secret in the address', () => {
  test.each(['?token=secret-17', '?auth_token=secret-17', '?x'])('%s is not accepted and not logged', async (query) => {
    await openDoor();
    const { socket, answer } = await rawHandshake(door.port, { path: `/mercury-gateway/v1/ws${query}` });
    sockets.push(socket);
    expect(answer.slice(9, 12)).toBe('400');
    expect(logged.join()).not.toContain('secret-17');
  });

  test('another path is not found', async () => {
    await openDoor();
    const { socket, answer } = await rawHandshake(door.port, { path: '/elsewhere' });
    sockets.push(socket);
    expect(answer.slice(9, 12)).toBe('404');
  });
});
