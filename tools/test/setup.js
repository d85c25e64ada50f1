/**
 * What every jest run stands on: one real PostgreSQL with a migrated template database, which specs clone
 * (`createTestDatabase()` of @base/database's testing/). A server of your own: TEST_POSTGRES_URL, with the rights to create
 * roles and databases.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ensureBuilt } from '../build.mjs';
import { migrate } from '../services/migrate.mjs';
import { APP, forgetPostgres, startPostgres } from '../services/postgres.mjs';

const TEMPLATE = 'template_strongroom';

// What goes is noise, checkpoints in the middle of a test, and durability through a power failure: no test here survives one, and those
// that are about the disk start servers of their own. What a killed process has committed stays.
const SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '1h',
  fsync: 'off',
  full_page_writes: 'off',
  // "log" is above "error": specs provoke errors by the thousand, and the server must not spend its time writing them down.
  log_min_messages: 'log',
  log_checkpoints: 'off',
};

export default async function setup() {
  try {
    await ensureBuilt(console.log);
    const external = process.env.TEST_POSTGRES_URL;
    const urls = external ? await adoptServer(external) : await startServer();
    await createTemplate(urls.owner('postgres'));
    await migrate(urls.owner(TEMPLATE));
    process.env.TEST_POSTGRES_OWNER_URL = urls.owner(TEMPLATE);
    process.env.TEST_POSTGRES_APP_URL = urls.app(TEMPLATE);
  } catch (error) {
    await globalThis.stopTestPostgres?.();
    // jest prints the stack; what the reader needs is the sentence.
    if (!(error instanceof pg.DatabaseError)) error.stack = error.message;
    throw error;
  }
}

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
  globalThis.stopTestPostgres = () => forgetPostgres(folder);
  const server = await startPostgres({ folder, settings: SETTINGS, durableSetup: false });
  globalThis.stopTestPostgres = async () => {
    await server.stop();
    forgetPostgres(folder);
  };
  return { owner: (database) => server.url('owner', database), app: (database) => server.url('app', database) };
}

async function adoptServer(given) {
  const password = randomBytes(24).toString('hex');
  await withClient(given, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [APP]);
    await client.query(`${rowCount ? 'alter' : 'create'} role ${APP} with login password '${password}'`);
  });
  const at = (database, change = {}) => Object.assign(new URL(given), { pathname: `/${database}`, ...change }).href;
  return { owner: (database) => at(database), app: (database) => at(database, { username: APP, password }) };
}

async function createTemplate(ownerUrl) {
  await withClient(ownerUrl, async (client) => {
    await client.query(`drop database if exists ${TEMPLATE} with (force)`);
    await client.query(`create database ${TEMPLATE}`);
  });
}

async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
