/**
 * `npm run bench:exchange`: order → acknowledgement over the exchange's own socket, its process against two of nothing in the same rounds: a bare
 * socket echo of the same bytes, and the same echo with one fdatasync for all that a turn of its event loop brought. Each server is a process of
 * its own on a Unix socket; the client is this one, the same code for all three.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from '../build.mjs';
import { ROOT } from '../launcher/root.mjs';
import { median, percentile, report } from './report.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SINGLE_MS = 450;
const PIPELINED_MS = 700;
const WARM_MS = 300;
const WINDOW = 512;
const MESSAGE_BYTES = 64;

await ensureBuilt(console.log);
const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);
const { ExchangeLink } = await built('libs/platform/venue-link/index.js');
const { Secret } = await built('libs/base/config/index.js');
const folder = mkdtempSync(join(tmpdir(), 'bench-exchange-'));
const MEMORY = '/dev/shm';
const memory = existsSync(MEMORY) && mkdtempSync(join(MEMORY, 'bench-exchange-'));
const children = [];

try {
  const contenders = {
    echo: await bareEcho('echo'),
    'echo + fdatasync': await bareEcho('echo-sync'),
    exchange: await exchange('exchange', folder),
    // The same process with its journal where a sync costs nothing: what is left is its own time.
    ...(memory && { 'exchange in memory': await exchange('memory', memory) }),
  };
  for (const contender of Object.values(contenders)) {
    await contender.single(WARM_MS);
    await contender.pipelined(WARM_MS);
  }
  /** @type {Record<string, { times: number[], rate: number }[]>} */
  const results = {};
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      const round = { times: await contender.single(SINGLE_MS), rate: await contender.pipelined(PIPELINED_MS) };
      results[name] = [...(results[name] ?? []), round];
    }
  }
  report('exchange', rows(results), `One order at a time and ${WINDOW} under way, ${ROUNDS} interleaved rounds; an acknowledgement is a durable one`); // prettier-ignore
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  if (memory) rmSync(memory, { recursive: true, force: true });
}

function rows(results) {
  /** @type {any[]} */
  const compared = [
    ['exchange', 'echo + fdatasync'],
    ['exchange', 'echo'],
    ['exchange in memory', 'echo'],
  ];
  return compared.filter(([name]) => results[name]).flatMap(([name, baseline]) => compare(results, name, baseline));
}

function compare(results, name, baseline) {
  const [own, base] = [results[name], results[baseline]];
  const ratio = (figure) => median(own.map((round, at) => figure(round) / figure(base[at])));
  const p50 = ({ times }) => percentile(times, 0.5);
  const p99 = ({ times }) => percentile(times, 0.99);
  const rate = (round) => round.rate;
  const of = (rounds, figure) => median(rounds.map(figure));
  const both = { p50: of(own, p50), p99: of(own, p99) };
  const latency = (label, figure) => ({
    name: `${name}: ack ${label} / ${baseline}`,
    value: of(own, figure) * 1000,
    unit: 'µs',
    baseline: of(base, figure) * 1000,
    ratio: ratio(figure),
    ...both,
  });
  const throughput = { name: `${name}: throughput / ${baseline}`, value: of(own, rate), unit: 'orders/s', baseline: of(base, rate), ratio: ratio(rate), p50: null, p99: null }; // prettier-ignore
  return [latency('p50', p50), latency('p99', p99), throughput];
}

/** Drives something that takes `send(count)` and calls `onAnswers(count)`. */
function driver(send, setOnAnswers) {
  return {
    /** One message at a time; the round trips in milliseconds. */
    single: (ms) =>
      new Promise((resolve) => {
        const times = [];
        const end = performance.now() + ms;
        let sentAt = 0;
        const next = () => {
          sentAt = performance.now();
          send(1);
        };
        setOnAnswers(() => {
          const now = performance.now();
          times.push(now - sentAt);
          if (now < end) next();
          else resolve(times);
        });
        next();
      }),
    /** As many as are answered, a window of them under way; messages per second. */
    pipelined: (ms) =>
      new Promise((resolve) => {
        const startedAt = performance.now();
        let answered = 0;
        let underWay = WINDOW;
        setOnAnswers((count) => {
          answered += count;
          underWay -= count;
          const elapsed = performance.now() - startedAt;
          if (elapsed < ms) {
            underWay += count;
            send(count);
          } else if (underWay === 0) resolve((answered / elapsed) * 1000);
        });
        send(WINDOW);
      }),
  };
}

async function bareEcho(name) {
  const path = join(folder, `${name}.sock`);
  const script = join(ROOT, 'tools/bench/exchange-echo.mjs');
  await start(script, [path, name === 'echo-sync' ? join(folder, 'echo.journal') : ''], {}, 'listening');
  const message = Buffer.alloc(MESSAGE_BYTES, 1);
  const window = Buffer.alloc(MESSAGE_BYTES * WINDOW, 1);
  /** @type {(count: number) => void} */
  let onAnswers = () => {};
  let odd = 0;
  const buffer = Buffer.alloc(64 * 1024);
  const callback = (length) => {
    const bytes = odd + length;
    odd = bytes % MESSAGE_BYTES;
    if (bytes >= MESSAGE_BYTES) onAnswers((bytes - odd) / MESSAGE_BYTES);
    return true;
  };
  const socket = await new Promise((resolve) => {
    const dialled = connect({ path, onread: { buffer, callback } }, () => resolve(dialled));
  });
  const send = (count) => socket.write(count === 1 ? message : window.subarray(0, count * MESSAGE_BYTES));
  return driver(send, (handler) => (onAnswers = handler));
}

async function exchange(name, home) {
  const path = join(folder, `${name}.sock`);
  const keys = Object.fromEntries(['GATEWAY', 'SETTLEMENT', 'OPERATOR', 'OBSERVER', 'STANDBY'].map((role) => [`EXCHANGE_${role}_KEY`, randomBytes(24).toString('hex')])); // prettier-ignore
  const env = {
    ...keys,
    EXCHANGE_DATA_DIR: join(home, 'journal'),
    EXCHANGE_SOCKET: path,
    EXCHANGE_METRICS_PORT: '0',
  };
  await start(join(ROOT, 'dist/apps/exchange/main.js'), [], env, 'exchange ready');
  const link = (role, options = {}) => ExchangeLink.connect({ address: { path }, keyName: role, key: new Secret(keys[`EXCHANGE_${role.toUpperCase()}_KEY`]), ...options }); // prettier-ignore
  const { funding, listing, order } = await built('apps/exchange/testing/opening.js');
  const [operator, settlement] = [await link('operator'), await link('settlement')];
  for (const command of listing) operator.send(command);
  for (const command of funding) settlement.send(command);
  /** @type {(count: number) => void} */
  let onAnswers = () => {};
  const gateway = await link('gateway', { onSequenced: (_command, _first, count) => onAnswers(count) });
  // Orders that rest for no time: accepted and cancelled, so that the book stays as it is and each is the same work.
  const { engineCommands } = await built('libs/core/contracts/index.js');
  const command = engineCommands.toBytes(order({ clientOrderId: 0n, timeInForce: 'ioc' }));
  const send = (count) => {
    for (let k = 0; k < count; k += 1) gateway.sendEncoded(command);
  };
  return driver(send, (handler) => (onAnswers = handler));
}

function start(script, args, env, isReady) {
  const child = spawn(process.execPath, [script, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => String(text).includes(isReady) && resolve(child));
    child.once('exit', () => reject(new Error(`${script} ended before it was ready`)));
  });
}
