/**
 * The venue that `npm run bench:venue` measures: the exchange as a process of its own, and this one as its gateway, with money for many accounts and an
 * access that knows the secret `t<account>` of each. `venue-room.mjs FOLDER ACCOUNTS` prints its ports.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../launcher/root.mjs';
import { migrate } from '../services/migrate.mjs';
import { forgetPostgres, startPostgres } from '../services/postgres.mjs';

const [, , folder = '', count = '1'] = process.argv;
const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);
const { ExchangeLink } = await built('libs/platform/venue-link/index.js');
const { Secret } = await built('libs/base/config/index.js');
const { createLogger } = await built('libs/base/observability/index.js');
const { systemClock } = await built('libs/base/clock/index.js');
const { LiveVenue } = await built('apps/gateway/desk/live-venue.js');
const { openSocketDoor } = await built('apps/gateway/socket/socket-door.js');
const { openFixDoor } = await built('apps/gateway/fix/fix-door.js');
const { Database } = await built('libs/base/database/index.js');
const { openRestDoor } = await built('apps/gateway/rest/rest-door.js');
const { custodySettings } = await built('libs/platform/custody/index.js');
const { listing, order } = await built('apps/exchange/testing/opening.js');

const FIRST = 16;
const MAKER = FIRST + Number(count);
const keys = Object.fromEntries(['GATEWAY', 'SETTLEMENT', 'OPERATOR', 'OBSERVER', 'STANDBY'].map((role) => [`EXCHANGE_${role}_KEY`, randomBytes(24).toString('hex')])); // prettier-ignore
const path = join(folder, 'exchange.sock');
const env = { ...keys, PATH: process.env.PATH, EXCHANGE_DATA_DIR: join(folder, 'journal'), EXCHANGE_SOCKET: path, EXCHANGE_METRICS_PORT: '0' }; // prettier-ignore
const child = spawn(process.execPath, [join(ROOT, 'dist/apps/exchange/main.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] }); // prettier-ignore
process.once('exit', () => child.kill('SIGKILL'));
const cluster = mkdtempSync(join(tmpdir(), 'bench-venue-postgres-'));
/** @type {import('../services/postgres.mjs').Postgres | undefined} */
let postgres;
// From the first moment: the exchange goes with this process only when it ends by itself.
process.once('SIGTERM', async () => {
  await postgres?.stop();
  forgetPostgres(cluster);
  process.exit(0);
});
await new Promise((resolve) => child.stdout.on('data', (text) => String(text).includes('exchange ready') && resolve(undefined))); // prettier-ignore

/** Sends on a link of its own and waits until all is durable. */
async function send(role, commands) {
  let left = commands.length;
  let done = () => {};
  const all = new Promise((resolve) => (done = () => resolve(undefined)));
  const options = { address: { path }, keyName: role, key: new Secret(keys[`EXCHANGE_${role.toUpperCase()}_KEY`]) };
  const link = await ExchangeLink.connect({ ...options, onSequenced: (_command, _first, many) => (left -= many) === 0 && done() }); // prettier-ignore
  for (const command of commands) link.send(command);
  await all;
  link.close();
}

const accounts = Array.from({ length: Number(count) + 1 }, (_, k) => FIRST + k);
const credit = (account, asset) => ({ kind: 'credit', account, asset, amount: 1_000_000_000_000n, transferHigh: BigInt(account), transferLow: BigInt(asset + 1) }); // prettier-ignore
await send('operator', listing);
await send(
  'settlement',
  accounts.flatMap((account) => [credit(account, 0), credit(account, 1)]),
);
// A wall that takers take from, lot by lot: each order of theirs is a trade and one changed level.
const wall = Array.from({ length: 40 }, (_, k) => order({ clientOrderId: BigInt(k + 1), account: MAKER, side: 'sell', quantity: 1_000_000n, price: 100 })); // prettier-ignore
await send('gateway', wall);

const logger = createLogger('bench', 'error');
const assets = [{ number: 0, code: 'USD', scale: 0 }, { number: 1, code: 'BTC', scale: 0 }]; // prettier-ignore
const nothing = {
  instruments: [],
  fees: [],
  accounts: [],
  balances: [],
  orders: [],
  lastTrades: [],
  bars: [],
  clientNames: [],
  arriving: null,
};
const readSnapshot = () => Promise.resolve({ position: { sequence: 0n, index: 0 }, assets, ...nothing, isKillSwitchEngaged: false }); // prettier-ignore
const key = new Secret(keys.EXCHANGE_GATEWAY_KEY);
const venue = await LiveVenue.connect({ addresses: [{ path }], key, readSnapshot, logger });
const customerOf = (account) => `00000000-0000-4000-8000-${String(account).padStart(12, '0')}`;
const traderOf = (account) => ({ customerId: customerOf(account), account, keyId: `k${account}`, scopes: ['view', 'trade'], isFrozen: false }); // prettier-ignore
const byToken = (token) => Promise.resolve(token.startsWith('t') ? traderOf(Number(token.slice(1))) : undefined);
const access = { byToken, byKey: byToken, onChanged: () => () => {} };
const parts = { desk: venue.desk, feed: venue.feed, access, clock: systemClock, logger };
const unlimited = { host: '127.0.0.1', port: 0, mostConnections: 5_000, mostConnectionsOfAddress: 5_000 };
const socket = await openSocketDoor(parts, { ...unlimited, messagesPerMinute: 1e9 });
const rate = { perSecond: 1e6, burst: 1e6 };
const custody = custodySettings({ network: 'regtest', ethereumChainId: 31_337n, sandbox: true });
// What REST is measured with asks no database; FIX keeps its sessions there.
const rest = await openRestDoor({ ...parts, database: undefined }, { ...unlimited, custody, perKey: rate, perAddress: rate }); // prettier-ignore
postgres = await startPostgres({ folder: cluster, durableSetup: false });
await migrate(postgres.url('owner', 'postgres'));
const database = new Database({ url: new Secret(postgres.url('app', 'postgres')), applicationName: 'bench', max: 20 });
// Nothing settles here, and nobody who logs on again wants what he was told before.
const none = () => Promise.resolve(undefined);
const history = {
  order: none,
  orderByClientText: none,
  fills: () => Promise.resolve([]),
  read: () => Promise.resolve({ reports: [], through: venue.feed.position, time: BigInt(Date.now()) * 1_000n }),
};
const fix = await openFixDoor({ ...parts, database, history }, { host: '127.0.0.1', port: 0, connectionsMax: 5_000, connectionsPerAddressMax: 5_000 }); // prettier-ignore
console.log(JSON.stringify({ socket: socket.port, rest: rest.port, fix: fix.port, first: FIRST }));
