import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Secret } from '@base/config';
import { leaveOut } from '@base/config/testing';
import { Database, DatabaseUnavailable, runMigrations } from '@base/database';
import { migrations } from '@migrations';
import { type QueryRunner } from 'typeorm';
import { Base1790000000100 } from '../../prisma-free-migrations/0100-base.js';
import { ROOT } from '../launcher/root.mjs';
import { takeBackup } from './backup.mjs';
import { forgetPostgres, startPostgres, type Postgres } from './postgres.mjs';

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Between two kills of a migration run. */
const GROWTH = process.env['TORTURE'] ? 1.2 : 2.2;

const folderOf = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `strongroom-${name}-`));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

async function start(folder: string, settings: Record<string, string> = {}): Promise<Postgres> {
  const server = await startPostgres({ folder, settings, durableSetup: false });
  cleanups.push(async () => {
    await server.stop();
    forgetPostgres(folder);
  });
  return server;
}

function connect(server: Postgres): Database {
  const database = new Database({
    url: new Secret(server.url('owner', 'postgres')),
    applicationName: 'durability',
    acquireTimeoutMs: 2_000,
  });
  cleanups.push(() => database.close());
  return database;
}

describe('B10: migrations', () => {
  const migrateInChild = (url: string) =>
    spawn(process.execPath, ['-e', `import(${JSON.stringify(join(ROOT, 'tools/services/migrate.mjs'))}).then((m) => m.migrate(${JSON.stringify(url)}))`], { stdio: 'ignore' }); // prettier-ignore

  it('B10: killed at any point and run again, they end in the same schema; two starters do not race', async () => {
    const server = await start(folderOf('migrate'));
    const owner = connect(server);
    const columns = `SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns
                      WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2, 3`;
    const schemaOf = async (name: string): Promise<object[]> => {
      const database = new Database({ url: new Secret(server.url('owner', name)), applicationName: 'schema' });
      cleanups.push(() => database.close());
      return database.query(columns);
    };
    await owner.query('CREATE DATABASE killed');
    await owner.query('CREATE DATABASE raced');
    const finish = (name: string): Promise<number | null> =>
      new Promise((resolve) => migrateInChild(server.url('owner', name)).once('exit', resolve));
    for (let afterMs = 700; ; afterMs *= GROWTH) {
      const child = migrateInChild(server.url('owner', 'killed'));
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
      const code = await ended;
      clearTimeout(timer);
      if (code === 0) break;
    }
    expect(await Promise.all([finish('raced'), finish('raced')])).toEqual([0, 0]);
    const schema = await schemaOf('killed');
    expect(schema.length).toBeGreaterThan(20);
    expect(await schemaOf('raced')).toEqual(schema);
  });

  it('B10: a landed migration whose text has changed is refused', async () => {
    const server = await start(folderOf('edited'));
    const url = server.url('owner', 'postgres');
    await runMigrations(url, migrations);
    class Edited extends Base1790000000100 {
      override async up(runner: QueryRunner): Promise<void> {
        await runner.query('SELECT 1');
        await super.up(runner);
      }
    }
    const edited = migrations.map((Migration) => (Migration === Base1790000000100 ? Edited : Migration));
    await expect(runMigrations(url, edited)).rejects.toThrow('must not be edited');
  });
});

describe('B11: a backup', () => {
  it('B11: taken while writers go on, it restores to a consistent state with everything acknowledged before it ended', async () => {
    const folder = folderOf('backup');
    const server = await start(folder);
    const database = connect(server);
    await database.query(
      'CREATE TABLE pair (id int PRIMARY KEY, debit numeric(78,0) NOT NULL, credit numeric(78,0) NOT NULL)',
    );
    let acknowledged = 0;
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; writing; n += 1) {
        await database.transaction(async (tx) => {
          await tx.query('INSERT INTO pair VALUES ($1, $2, 0)', [writer * 1_000_000 + n, n]);
          await tx.query('UPDATE pair SET credit = debit WHERE id = $1', [writer * 1_000_000 + n]);
        });
        acknowledged += 1;
      }
    });
    await sleep(200);
    const before = acknowledged;
    const copy = folderOf('restored');
    await takeBackup({ ownerUrl: server.url('owner', 'postgres'), folder, target: copy });
    expect(acknowledged).toBeGreaterThan(before);
    writing = false;
    await Promise.all(writers);
    const restored = connect(await start(copy));
    const state = await restored.one<{ rows: bigint; torn: bigint }>(
      'SELECT count(*) AS rows, count(*) FILTER (WHERE debit <> credit) AS torn FROM pair',
    );
    expect(state.torn).toBe(0n);
    expect(Number(state.rows)).toBeGreaterThanOrEqual(before);
    await restored.query('INSERT INTO pair VALUES (-1, 0, 0)');
  });
});

const RECOVERY_MS = 60_000;

/** A server that stopped for want of space recovers by itself, and refuses connections until it has. */
async function onceBack<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + RECOVERY_MS; ; await sleep(100)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable) || Date.now() > deadline) throw error;
    }
  }
}

describe('B12: a full volume', () => {
  const mount = mkdtempSync(join(tmpdir(), 'strongroom-volume-'));
  const mounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m,mode=0755', 'tmpfs', mount], { stdio: 'ignore' }).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', ['-l', mount]);
    rmSync(mount, { recursive: true, force: true });
  });
  if (!mounted)
    leaveOut('full disk', 'a database on a full volume was not tried: this user may not mount a small file system');

  (mounted ? it : it.failing)(
    'B12: writes are refused as unavailable, nothing is corrupted, and it recovers when space returns',
    async () => {
      if (!mounted) throw new Error('left out, and said so');
      const small = { max_wal_size: '48MB', min_wal_size: '32MB', wal_recycle: 'off', autovacuum: 'off' };
      const server = await start(join(mount, 'pg'), small);
      const database = connect(server);
      await database.query('CREATE TABLE filler (n int, text text STORAGE PLAIN)');
      mkdirSync(join(mount, 'ballast'), { recursive: true });
      writeFileSync(join(mount, 'ballast', 'block'), Buffer.alloc(24 * 1024 * 1024));
      let acknowledged = 0;
      const refusals: unknown[] = [];
      while (refusals.length < 3) {
        try {
          await database.query("INSERT INTO filler SELECT $1, repeat('x', 4000) FROM generate_series(1, 100)", [
            acknowledged,
          ]);
          acknowledged += 1;
        } catch (error) {
          refusals.push(error);
        }
      }
      expect(refusals.every((error) => error instanceof DatabaseUnavailable)).toBe(true);
      rmSync(join(mount, 'ballast'), { recursive: true });
      let current = server;
      let again = database;
      const ended = new Set<Postgres>();
      const watch = (it: Postgres): unknown => it.exited.then(() => ended.add(it));
      void watch(server);
      // It may go on, recover by itself, or give up at any moment of that.
      const { batches } = await onceBack(async () => {
        if (ended.has(current)) {
          current = await start(join(mount, 'pg'), small);
          void watch(current);
          again = connect(current);
        }
        return again.one<{ batches: bigint }>('SELECT count(DISTINCT n) AS batches FROM filler');
      });
      expect(Number(batches)).toBeGreaterThanOrEqual(acknowledged);
      await again.query("INSERT INTO filler VALUES (-1, 'room again')");
    },
  );
});
