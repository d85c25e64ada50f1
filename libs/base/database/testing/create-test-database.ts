import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Secret } from '@base/config';
import { Database } from '@base/database';

export interface TestDatabase {
  readonly name: string;
  /** Connected as the application role, as every process is. */
  readonly app: Database;
  /** Connected as the owner, for planting what the application may not write. */
  readonly owner: Database;
  readonly appUrl: Secret;
  readonly ownerUrl: Secret;
  drop(): Promise<void>;
}

const required = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the specs through jest, whose set-up starts PostgreSQL`);
  return value;
};

const forDatabase = (url: string, name: string): string => Object.assign(new URL(url), { pathname: `/${name}` }).href;

/** Two hundred at once on ten connections take longer on a busy machine than a server may let its callers wait. */
const PATIENCE_MS = 60_000;

/** A database of one's own, cloned from the migrated template in about 0.1 s. */
export async function createTestDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const ownerUrl = required('TEST_POSTGRES_OWNER_URL');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await asOwner(ownerUrl, `CREATE DATABASE ${name} TEMPLATE template_strongroom`);
  const connect = (url: string, applicationName: string): Database =>
    new Database({ url: new Secret(url), applicationName, max: options.max ?? 10, acquireTimeoutMs: PATIENCE_MS });
  const urls = { app: forDatabase(required('TEST_POSTGRES_APP_URL'), name), owner: forDatabase(ownerUrl, name) };
  const app = connect(urls.app, 'spec');
  const owner = connect(urls.owner, 'spec-owner');
  return {
    name,
    app,
    owner,
    appUrl: new Secret(urls.app),
    ownerUrl: new Secret(urls.owner),
    drop: async () => {
      await Promise.all([app.close(), owner.close()]);
      await asOwner(ownerUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** Only one session may clone a template at a time: the server answers 55006 to the others, which try again. */
async function asOwner(ownerUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: forDatabase(ownerUrl, 'postgres') });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(815001)');
    await client.query(sql);
  } finally {
    await client.end();
  }
}
