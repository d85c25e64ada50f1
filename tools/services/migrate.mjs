import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../launcher/root.mjs';

const DATABASE = join(ROOT, 'dist/libs/base/database/index.js');
const MIGRATIONS = join(ROOT, 'dist/prisma-free-migrations/index.js');

/**
 * Brings a database up to the newest migration.
 * @param {string} ownerUrl connection string of the database's owner
 */
export async function migrate(ownerUrl) {
  if (existsSync(DATABASE)) {
    const { runMigrations } = await import(pathToFileURL(DATABASE).href);
    return runMigrations(ownerUrl);
  }
  if (existsSync(MIGRATIONS)) return runPlainly(ownerUrl);
}

/** Without the library: no lock and no checksums, so for one caller at a time. */
async function runPlainly(ownerUrl) {
  const { migrations } = await import(pathToFileURL(MIGRATIONS).href);
  const { DataSource } = await import('typeorm');
  const source = new DataSource({ type: 'postgres', url: ownerUrl, migrations });
  await source.initialize();
  try {
    await source.runMigrations({ transaction: 'each' });
  } finally {
    await source.destroy();
  }
}
