/** What a local run consists of, as a table: the outside world in miniature, the database, and our processes on top. */
import { copyFileSync, createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startPostgres } from '../services/postgres.mjs';
import { migrate } from '../services/migrate.mjs';
import { environmentOf } from './environment.mjs';
import { accepts, httpOk, jsonRpc } from './readiness.mjs';
import { ROOT } from './root.mjs';
import { startForeign, startNode } from './spawn-process.mjs';

const DATABASE = 'strongroom';
const TASK_WITHIN_MS = 120_000;

/**
 * @typedef {object} Setting
 * @property {import('./home.mjs').Home} home
 * @property {Record<string, string>} values the environment; the database's addresses are added when it runs
 * @property {NodeJS.ProcessEnv} given what the user has set: an address of something means that it is not ours to start
 */

/**
 * @param {Setting} setting
 * @returns {(import('./supervisor.mjs').Service | import('./supervisor.mjs').Task)[]} in the order of their dependencies
 */
export function processTable({ home, values, given }) {
  const log = (name) => home.path('logs', `${name}.log`);
  const env = (name) => environmentOf(name, values);
  const node = (name, script, ready, after = []) => ({
    name,
    after,
    ready,
    start: () => startNode({ script: `dist/apps/${script}.js`, env: env(name), log: log(name) }),
  });
  const local = (port, path) => httpOk(`http://127.0.0.1:${values[port]}${path}`);

  const outside = [
    { unless: 'DATABASE_URL', ...postgres({ home, values, log: log('postgres') }) },
    {
      unless: 'BITCOIN_RPC_URL',
      ...node('bitcoin', 'sandbox/bitcoin/main', jsonRpc(values.BITCOIN_RPC_URL ?? '', 'getblockchaininfo')),
    },
    { unless: 'ETHEREUM_RPC_URL', ...anvil({ home, values, env: env('ethereum'), log: log('ethereum') }) },
    { unless: 'BANK_URL', ...node('bank', 'sandbox/bank/main', local('BANK_PORT', '/health')) },
    { unless: 'CARD_URL', ...node('card', 'sandbox/card/main', local('CARD_PORT', '/health')) },
    { unless: 'PRICE_URLS', ...node('prices', 'sandbox/prices/main', local('PRICES_PORT', '/health')) },
  ].filter(({ unless }) => !given[unless]);

  const outsideNames = outside.map(({ name }) => name);
  const prepared = [...outsideNames, 'migrate', ...(values.SANDBOX === '1' ? ['seed'] : [])];
  return [
    ...outside,
    {
      name: 'migrate',
      after: outsideNames.filter((name) => name === 'postgres'),
      run: () => migrate(values.DATABASE_OWNER_URL ?? ''),
    },
    // Its passwords are published, so it runs in a sandbox only.
    ...(values.SANDBOX === '1'
      ? [{ name: 'seed', after: ['migrate'], run: () => seed({ env: () => env('seed'), log: log('seed') }) }]
      : []),
    { name: 'hot-seed', after: [], run: () => makeHotSeed({ values, env: env('signer'), log: log('signer') }) },
    node('signer', 'signer/main', accepts(values.SIGNER_SOCKET ?? ''), ['hot-seed']),
    // A snapshot is taken before it ends, so that the next start is quick.
    { ...node('exchange', 'exchange/main', local('EXCHANGE_METRICS_PORT', '/health/ready')), graceMs: 10_000 },
    // Elsewhere it is operators who list what is traded.
    ...(values.SANDBOX === '1'
      ? [
          {
            name: 'open-venue',
            after: ['exchange', 'seed'],
            run: () => openVenue({ env: () => env('open-venue'), log: log('open-venue') }),
          },
        ]
      : []),
    node('gateway', 'gateway/main', local('GATEWAY_METRICS_PORT', '/health/ready'), [...prepared, 'exchange']),
    // An ordinary client of the exchange, with the key of a customer of the sandbox.
    ...(values.SANDBOX === '1'
      ? [
          node('market-maker', 'sandbox/market-maker/main', local('MARKET_MAKER_PORT', '/health'), [
            'gateway',
            'open-venue',
          ]),
        ]
      : []),
    node('api', 'api/main', local('API_PORT', '/health/ready'), prepared),
    node('admin', 'admin/main', local('ADMIN_PORT', '/health/ready'), prepared),
    node('worker', 'worker/main', local('WORKER_METRICS_PORT', '/health/ready'), [...prepared, 'signer']),
  ];
}

function postgres({ home, values, log }) {
  const output = createWriteStream(log, { flags: 'a', mode: 0o600 });
  return {
    name: 'postgres',
    after: [],
    graceMs: 10_000,
    ready: () => Promise.resolve(true),
    start: async () => {
      const server = await startPostgres({
        folder: home.path('postgres'),
        port: Number(values.POSTGRES_PORT),
        log: (line) => output.write(`${line}\n`),
      });
      values.DATABASE_URL = server.url('app', DATABASE);
      values.DATABASE_OWNER_URL = server.url('owner', DATABASE);
      await createDatabase(server.url('owner', 'postgres'));
      const exited = server.exited.then(() => 'the server ended');
      return { exited, askToStop: () => void server.stop(), kill: () => void server.stop() };
    },
  };
}

async function createDatabase(ownerUrl) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function anvil({ home, values, env, log }) {
  const state = home.path('ethereum', 'state.json');
  const flags = {
    host: '127.0.0.1',
    port: values.ETHEREUM_RPC_PORT,
    'chain-id': values.ETHEREUM_CHAIN_ID,
    'block-time': values.ETHEREUM_BLOCK_INTERVAL_S,
    state,
    // It also writes the state when it stops; this is for when the machine does.
    'state-interval': '15',
  };
  // A transaction is mined at once, and empty blocks follow so that confirmations come.
  const args = [
    '--quiet',
    '--mixed-mining',
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value ?? '']),
  ];
  return {
    name: 'ethereum',
    after: [],
    ready: jsonRpc(`http://127.0.0.1:${values.ETHEREUM_RPC_PORT}`, 'eth_blockNumber'),
    start: () => {
      keepReadable(state);
      return startForeign({ program: anvilProgram(), args, env, log });
    },
  };
}

function anvilProgram() {
  const cpu = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/anvil-${process.platform}-${cpu}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'anvil');
  } catch {
    throw new Error(`${name} is not installed: run \`npm ci\`, or set ETHEREUM_RPC_URL to use a node of your own`);
  }
}

/** anvil does not replace its state file atomically; when a power cut left half of one, the one before takes its place. */
function keepReadable(state) {
  mkdirSync(dirname(state), { recursive: true });
  const previous = `${state}.previous`;
  if (existsSync(state)) {
    try {
      JSON.parse(readFileSync(state, 'utf8'));
      copyFileSync(state, previous);
    } catch {
      if (existsSync(previous)) copyFileSync(previous, state);
    }
  }
}

/** The demo user and the operator; a second run finds them there. */
const seed = ({ env, log }) => runToEnd('seed', startNode({ script: 'dist/apps/worker/seed.js', env: env(), log }));

/** What is planned to be traded is listed and open; what is listed stays as operators made it. */
const openVenue = ({ env, log }) =>
  runToEnd('open-venue', startNode({ script: 'dist/apps/worker/open-venue.js', env: env(), log }));

/** Once per home: the signer never overwrites a seed. */
async function makeHotSeed({ values, env, log }) {
  if (existsSync(join(values.HOT_KEY_FOLDER ?? '', 'hot-seed.json'))) return;
  await runToEnd('hot-seed', startNode({ script: 'dist/apps/signer/main.js', args: ['init'], env, log }));
}

/** @param {import('./supervisor.mjs').Running} running */
async function runToEnd(name, running) {
  const late = setTimeout(() => running.kill(), TASK_WITHIN_MS);
  const how = await running.exited;
  clearTimeout(late);
  if (how !== 'exit code 0') throw new Error(`${name} failed: ${how}`);
}

/**
 * @param {string} name of a row of the table
 * @returns {boolean} whether this checkout has its program
 */
export function isThere(name) {
  const scripts = {
    seed: 'worker/seed',
    'open-venue': 'worker/open-venue',
    'market-maker': 'sandbox/market-maker/main',
    'hot-seed': 'signer/main',
    bitcoin: 'sandbox/bitcoin/main',
    bank: 'sandbox/bank/main',
    card: 'sandbox/card/main',
    prices: 'sandbox/prices/main',
  };
  if (['postgres', 'ethereum', 'migrate'].includes(name)) return true;
  return existsSync(join(ROOT, 'dist/apps', `${scripts[name] ?? `${name}/main`}.js`));
}
