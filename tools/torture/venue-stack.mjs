/**
 * What a campaign against the exchange runs on: a whole stack, and beside it what the launcher has only one of or none: a second gateway, Redis, Kafka.
 * All of it can be killed and comes back.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { environmentOf, resolveEnvironment } from '../launcher/environment.mjs';
import { openHome } from '../launcher/home.mjs';
import { accepts, httpOk } from '../launcher/readiness.mjs';
import { openSecrets } from '../launcher/secrets.mjs';
import { startForeign, startNode } from '../launcher/spawn-process.mjs';
import { Supervisor } from '../launcher/supervisor.mjs';
import { killPostgres } from '../services/kill-postgres.mjs';
import { freePort } from '../services/ports.mjs';
import { EventArchive } from './event-archive.mjs';
import { makeStack } from './stack.mjs';

const OF_LAUNCHER = ['gateway', 'worker', 'exchange', 'postgres'];

/**
 * @typedef {object} VenueStack
 * @property {import('./stack.mjs').Stack} stack
 * @property {Record<string, string>} values the environment of the run
 * @property {EventArchive | undefined} archive what Kafka was given
 * @property {readonly string[]} victims
 * @property {string} outfit what it consists of besides the stack, in words
 * @property {{ rest: string[], socket: string[], fix: number[] }} doors of both gateways
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} stop
 * @property {(victim: string) => Promise<() => boolean>} kill gives how to see that it is back
 */

/** @returns {Promise<VenueStack>} not started yet */
export async function makeVenueStack() {
  const archive = hasProgram('kcat') ? await EventArchive.open() : undefined;
  const redisPort = hasProgram('redis-server') ? await freePort() : undefined;
  const stack = await makeStack({
    LOG_LEVEL: 'warn',
    ...(redisPort !== undefined && { REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
    ...(archive !== undefined && { KAFKA_BROKERS: archive.brokers.join(',') }),
  });
  const home = openHome(stack.home);
  const given = { ...process.env, ...stack.environment };
  const values = resolveEnvironment({ given, home, secret: openSecrets(home.path('secrets.json')) });
  const second = { ...values };
  for (const door of ['REST', 'WS', 'FIX', 'METRICS']) second[`GATEWAY_${door}_PORT`] = String(await freePort());

  /** @type {Map<string, import('../launcher/supervisor.mjs').Running>} */
  const running = new Map();
  const log = (name) => home.path('logs', `${name}.log`);
  const service = (name, start, ready) => ({ name, after: [], ready, start: () => track(running, name, start()) });
  const redis = redisPort === undefined ? [] : [service('redis', () => startForeign({ program: 'redis-server', args: redisArguments(redisPort), env: { PATH: process.env.PATH ?? '' }, log: log('redis') }), accepts({ host: '127.0.0.1', port: redisPort }))]; // prettier-ignore
  const gateway = service(
    'gateway-b',
    () => startNode({ script: 'dist/apps/gateway/main.js', env: environmentOf('gateway', { ...second, DATABASE_URL: stack.databaseUrl('app') }), log: log('gateway-b') }), // prettier-ignore
    httpOk(`http://127.0.0.1:${second.GATEWAY_METRICS_PORT}/health/ready`),
  );
  const watcher = { ready: () => {}, crashed: () => {}, changed: () => {} };
  // Redis is there before the stack, and the second gateway goes first.
  const supervisors = [new Supervisor(redis, watcher), new Supervisor([gateway], watcher)];
  const ours = () => ({ ...supervisors[0]?.processes(), ...supervisors[1]?.processes() });
  const processes = () => ({ ...stack.processes(), ...ours() });

  async function kill(/** @type {string} */ victim) {
    if (victim === 'kafka' && archive !== undefined) return archive.kill();
    const before = processes()[victim];
    if (before?.ready !== true) throw new Error(`${victim} is not running`);
    if (victim === 'postgres') killPostgres(join(stack.home, 'postgres'));
    else if (OF_LAUNCHER.includes(victim)) process.kill(before.pid ?? 0, 'SIGKILL');
    else running.get(victim)?.kill();
    return () => {
      const now = processes()[victim];
      return now?.ready === true && now.restarts > before.restarts;
    };
  }

  return {
    stack,
    values,
    archive,
    kill,
    victims: [
      ...OF_LAUNCHER,
      'gateway-b',
      ...redis.map(({ name }) => name),
      ...(archive === undefined ? [] : ['kafka']),
    ],
    outfit: `two gateways, ${redisPort === undefined ? 'no Redis (redis-server is not installed)' : 'redis-server'}, ${archive === undefined ? 'no Kafka (kcat is not installed)' : 'librdkafka’s mock cluster'}`, // prettier-ignore
    doors: {
      rest: [values, second].map((of) => `http://127.0.0.1:${of.GATEWAY_REST_PORT}${of.GATEWAY_REST_BASE ?? '/v3/exchange'}`), // prettier-ignore
      socket: [values, second].map((of) => `ws://127.0.0.1:${of.GATEWAY_WS_PORT}/mercury-gateway/v1/ws`),
      fix: [values, second].map((of) => Number(of.GATEWAY_FIX_PORT)),
    },
    start: async () => {
      await archive?.start();
      await supervisors[0]?.up();
      await stack.start();
      await supervisors[1]?.up();
    },
    stop: async () => {
      await supervisors[1]?.down();
      await stack.stop();
      await supervisors[0]?.down();
      await archive?.close();
    },
  };
}

function track(running, name, started) {
  running.set(name, started);
  return started;
}

const hasProgram = (name) => spawnSync('which', [name], { stdio: 'ignore' }).status === 0;

/** A cache: what is killed comes back empty. */
const redisArguments = (port) => ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--loglevel', 'warning']; // prettier-ignore
