/**
 * `npm run bench:venue [-- --seconds N]`: order → acknowledgement through the WebSocket, REST and FIX doors at 1, 100 and 1,000 connections, and market data to as many
 * subscribers; as ratios to bare servers in the same rounds (`venue-baselines.mjs`). Server, exchange and client are processes of their own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../build.mjs';
import { ROOT } from '../launcher/root.mjs';
import { lightFix } from './light-fix.mjs';
import { lightSocket } from './light-socket.mjs';
import { median, percentile, report } from './report.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '3' } } }); // prettier-ignore
const MS = Number(values.seconds) * 1000;
const ROUNDS = Number(values.rounds);
const CONNECTIONS = [1, 100, 1_000];
const WINDOW = 64;
const LOGONS_AT_ONCE = 20;
const PATH = '/mercury-gateway/v1/ws';

await ensureBuilt(console.log);
const folder = mkdtempSync(join(tmpdir(), 'bench-venue-'));
const children = [];

/** @returns {Promise<any>} what it printed first */
function start(script, args) {
  const child = spawn(process.execPath, [join(ROOT, 'tools/bench', script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (text) => resolve(JSON.parse(String(text))));
    child.once('exit', () => reject(new Error(`${script} ended before it was ready`)));
  });
}

/** Each contender in turn, so that what the machine does besides is shared. */
async function rounds(contenders, measure) {
  const results = { own: [], base: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, open] of Object.entries(contenders)) {
      const clients = await open();
      results[name].push(await measure(clients));
      for (const client of clients.all) client.end();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return results;
}

let orders = 0;
const newOrder = (quantity, price) =>
  `{"action":"NewOrderSingle","channel":"trading","clOrdID":"b${(orders += 1)}","symbol":"BTC-USD","ordType":"limit","timeInForce":"IOC","side":"buy","orderQty":${quantity},"price":${price}}`; // prettier-ignore

/** Signed in, each as somebody else, and seeing their reports. */
async function tradingSocket(port, account) {
  let frames = 0;
  let ready = () => {};
  const isReady = new Promise((resolve) => (ready = () => resolve(undefined)));
  const client = await lightSocket(port, PATH, (count) => (frames += count) >= 3 && ready());
  client.send(`{"action":"subscribe","channel":"auth","token":"t${account}"}`);
  client.send('{"action":"subscribe","channel":"trading"}');
  await isReady;
  return client;
}

/** Orders that rest for no time: accepted and cancelled, so two reports. */
async function socketClients(count, { socket, first }) {
  const all = await Promise.all(Array.from({ length: count }, (_, k) => tradingSocket(socket, first + k)));
  return { all, answers: 2, ask: (client) => client.send(newOrder(1, 1)) };
}

async function echoClients(count, port) {
  const all = await Promise.all(Array.from({ length: count }, () => lightSocket(port, '/', () => {})));
  return { all, answers: 1, ask: (client) => client.send(newOrder(1, 1)) };
}

async function httpClients(count, port, path, first) {
  const open = (k) =>
    new Promise((resolve) => {
      /** @type {(frames: number) => void} */
      let handler = () => {};
      const socket = connect(port, '127.0.0.1', () => resolve(client));
      socket.setNoDelay(true);
      // One request is under way: what comes with a body's end is its answer.
      socket.on('data', (data) => data.includes('}') && handler(1));
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nX-API-Token: t${first + k}\r\nContent-Type: application/json\r\n`;
      const client = {
        ask: (body) => socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`),
        onFrames: (next) => (handler = next),
        end: () => socket.destroy(),
      };
    });
  const all = await Promise.all(Array.from({ length: count }, (_, k) => open(k)));
  const body = () => `{"clOrdId":"b${(orders += 1)}","symbol":"BTC-USD","ordType":"LIMIT","timeInForce":"IOC","side":"BUY","orderQty":1,"price":1}`; // prettier-ignore
  return { all, answers: 1, ask: (client) => client.ask(body()) };
}

/** Numbers begin at 1 with each logon, and what a report says first is in the database: two reports, as on the WebSocket. */
async function fixClients(count, { fix, first }) {
  const all = [];
  // Each logon is some questions to the database: a crowd of them would be told to wait.
  for (let k = 0; k < count; k += LOGONS_AT_ONCE) {
    const some = Array.from({ length: Math.min(LOGONS_AT_ONCE, count - k) }, (_, n) => first + k + n);
    all.push(...(await Promise.all(some.map((account) => lightFix(fix, `BENCH${account}`, { id: `t${account}`, secret: 'of the bench' }))))); // prettier-ignore
  }
  return { all, answers: 2, ask: (client) => client.order(`b${(orders += 1)}`) };
}

/** Every connection has one request under way. */
function closedLoop({ all, answers, ask }) {
  return new Promise((resolve) => {
    const times = [];
    const startedAt = performance.now();
    let busy = all.length;
    for (const client of all) {
      let sentAt = performance.now();
      let missing = answers;
      client.onFrames((frames) => {
        missing -= frames;
        if (missing > 0) return;
        const now = performance.now();
        times.push(now - sentAt);
        if (now - startedAt < MS) {
          missing = answers;
          sentAt = now;
          ask(client);
        } else if ((busy -= 1) === 0) resolve({ times, rate: (times.length / (now - startedAt)) * 1000 });
      });
      ask(client);
    }
  });
}

async function subscribers(count, { socket, first }) {
  const listeners = await Promise.all(
    Array.from({ length: count }, async () => {
      let frames = 0;
      let ready = () => {};
      const isReady = new Promise((resolve) => (ready = () => resolve(undefined)));
      const client = await lightSocket(socket, PATH, (many) => (frames += many) >= 2 && ready());
      client.send('{"action":"subscribe","channel":"l2","symbol":"BTC-USD"}');
      await isReady;
      return client;
    }),
  );
  const publisher = await tradingSocket(socket, first);
  // Accepted and filled: one lot off the wall, one changed level.
  return { all: [...listeners, publisher], listeners, publisher, answers: 2, say: () => publisher.send(newOrder(1, 100)) }; // prettier-ignore
}

async function broadcastListeners(count, port) {
  const listeners = await Promise.all(Array.from({ length: count }, () => lightSocket(port, '/', () => {})));
  const publisher = await lightSocket(port, '/', () => {});
  const level = '{"channel":"l2","symbol":"BTC-USD","bids":[],"asks":[{"num":40,"px":100,"qty":39999999}],"timestamp":"2026-01-01T00:00:00.000000Z"}'; // prettier-ignore
  return { all: [...listeners, publisher], listeners, publisher, answers: 1, say: () => publisher.send(level) };
}

/** A window of messages under way; all that are said must come to all. */
function publish({ listeners, publisher, answers, say }) {
  return new Promise((resolve) => {
    const saidAt = [];
    const lags = [];
    const startedAt = performance.now();
    let delivered = 0;
    let isOver = false;
    const next = () => {
      saidAt.push(performance.now());
      say();
    };
    const endIfAll = (now) => {
      if (isOver && delivered === saidAt.length * listeners.length) resolve({ times: lags, rate: (delivered / (now - startedAt)) * 1000 }); // prettier-ignore
    };
    for (const listener of listeners) {
      let heard = 0;
      listener.onFrames((frames) => {
        const now = performance.now();
        // Of what came together the first waited longest.
        lags.push(now - saidAt[heard]);
        heard += frames;
        delivered += frames;
        endIfAll(now);
      });
    }
    let parts = 0;
    publisher.onFrames((frames) => {
      parts += frames;
      for (; parts >= answers; parts -= answers) {
        if (performance.now() - startedAt < MS) next();
        else isOver = true;
      }
      endIfAll(performance.now());
    });
    for (let k = 0; k < WINDOW; k += 1) next();
  });
}

const of = (results, figure) => median(results.map(figure));
const ratio = ({ own, base }, figure) => median(own.map((round, at) => figure(round) / figure(base[at])));
const p50 = ({ times }) => percentile(times, 0.5);
const p99 = ({ times }) => percentile(times, 0.99);
const rate = (round) => round.rate;

function compareAcks(name, baseline, results) {
  const { own, base } = results;
  const latency = { name: `${name}: ack p50 / ${baseline}`, value: of(own, p50) * 1000, unit: 'µs', baseline: of(base, p50) * 1000, ratio: ratio(results, p50), p50: of(own, p50), p99: of(own, p99) }; // prettier-ignore
  const throughput = { name: `${name}: throughput / ${baseline}`, value: of(own, rate), unit: 'orders/s', baseline: of(base, rate), ratio: ratio(results, rate), p50: null, p99: null }; // prettier-ignore
  return [latency, throughput];
}

function compareFanOut(count, results) {
  const { own, base } = results;
  return [
    { name: `market data to ${count} / ws broadcast`, value: of(own, rate), unit: 'messages/s', baseline: of(base, rate), ratio: ratio(results, rate), p50: of(own, p50), p99: of(own, p99) }, // prettier-ignore
  ];
}

try {
  const bare = await start('venue-baselines.mjs', [join(folder, 'echo.journal')]);
  const room = await start('venue-room.mjs', [folder, String(Math.max(...CONNECTIONS))]);
  const rows = [];
  for (const count of CONNECTIONS) {
    const socket = { own: () => socketClients(count, room), base: () => echoClients(count, bare.echo) };
    const rest = { own: () => httpClients(count, room.rest, '/v3/exchange/orders', room.first), base: () => httpClients(count, bare.http, '/', room.first) }; // prettier-ignore
    rows.push(...compareAcks(`WebSocket, ${count}`, 'ws echo + fdatasync', await rounds(socket, closedLoop)));
    rows.push(...compareAcks(`REST, ${count}`, 'http echo + fdatasync', await rounds(rest, closedLoop)));
    const fix = { own: () => fixClients(count, room), base: socket.base };
    rows.push(...compareAcks(`FIX, ${count}`, 'ws echo + fdatasync', await rounds(fix, closedLoop)));
  }
  for (const count of CONNECTIONS) {
    const fanOut = { own: () => subscribers(count, room), base: () => broadcastListeners(count, bare.broadcast) };
    rows.push(...compareFanOut(count, await rounds(fanOut, publish)));
  }
  report('venue', rows, `Orders through the venue's doors, one under way on each connection; ${ROUNDS} interleaved rounds of ${MS} ms`); // prettier-ignore
} finally {
  for (const child of children) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
