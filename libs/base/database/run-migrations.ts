import { createHash } from 'node:crypto';
import { type DataSource, type MigrationInterface } from 'typeorm';
import { pollForLock } from './poll-for-lock.js';

export type MigrationClass = new () => MigrationInterface;

const LOCK = 7_305_884_221;

/**
 * Brings the database at `ownerUrl` to the newest migration, each in its own transaction, and returns the names of those it ran. Two starters
 * do not race: TypeORM takes no lock, so an advisory one is polled for (blocking in it would deadlock with CREATE INDEX CONCURRENTLY).
 * A landed migration whose text has changed since it ran is refused: history is never edited.
 */
export async function runMigrations(ownerUrl: string, migrations: readonly MigrationClass[]): Promise<string[]> {
  // Loaded here alone: every process of the platform imports this library, and one of them migrates.
  const { DataSource: Source } = await import('typeorm');
  const source = new Source({
    type: 'postgres',
    url: ownerUrl,
    migrations: [...migrations],
    migrationsTransactionMode: 'each',
    migrationsTableName: 'schema_migrations',
    extra: { max: 2, options: '-c lock_timeout=5000' },
  });
  await source.initialize();
  const lockHolder = source.createQueryRunner();
  try {
    await pollForLock(async () => {
      const rows = (await lockHolder.query('SELECT pg_try_advisory_lock($1) AS held', [LOCK])) as { held: boolean }[];
      return rows[0]?.held === true;
    });
    await refuseEditedHistory(source, migrations);
    const ran = await source.runMigrations({ transaction: 'each' });
    await rememberChecksums(source, migrations);
    return ran.map((migration) => migration.name);
  } finally {
    await lockHolder.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => undefined);
    await lockHolder.release();
    await source.destroy();
  }
}

/** Of the SQL that it runs, so that neither a compiler nor a formatter changes it. */
async function checksum(migration: MigrationClass): Promise<string> {
  const hash = createHash('sha256');
  const recorder = { query: (sql: string) => Promise.resolve(hash.update(sql)) };
  await new migration().up(recorder as never);
  return hash.digest('hex');
}

const nameOf = (migration: MigrationClass): string => new migration().name ?? migration.name;

async function refuseEditedHistory(source: DataSource, migrations: readonly MigrationClass[]): Promise<void> {
  await source.query('CREATE TABLE IF NOT EXISTS schema_checksums (name text PRIMARY KEY, sha256 text NOT NULL)');
  const rows = await source.query<{ name: string; sha256: string }[]>('SELECT name, sha256 FROM schema_checksums');
  const known = new Map(rows.map((row) => [row.name, row.sha256]));
  for (const migration of migrations) {
    const ran = known.get(nameOf(migration));
    if (ran !== undefined && ran !== (await checksum(migration))) {
      throw new Error(`the migration ${nameOf(migration)} has landed and must not be edited: write a new one`);
    }
  }
}

async function rememberChecksums(source: DataSource, migrations: readonly MigrationClass[]): Promise<void> {
  await source.query(
    'INSERT INTO schema_checksums (name, sha256) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING',
    [migrations.map(nameOf), await Promise.all(migrations.map(checksum))],
  );
}
