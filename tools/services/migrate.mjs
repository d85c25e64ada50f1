import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../launcher/root.mjs';

const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);

/**
 * Brings a database up to the newest migration, queue tables included.
 * @param {string} ownerUrl connection string of the database's owner
 */
export async function migrate(ownerUrl) {
  const { runMigrations } = await built('libs/base/database/index.js');
  const { migrations } = await built('prisma-free-migrations/index.js');
  const { installQueueSchema } = await built('libs/base/jobs/index.js');
  await runMigrations(ownerUrl, migrations);
  await installQueueSchema(ownerUrl);
}

// In a container it is a step of its own before the processes start.
if (process.argv[1] === import.meta.filename) {
  const { DATABASE_OWNER_URL } = process.env;
  if (!DATABASE_OWNER_URL) throw new Error('DATABASE_OWNER_URL is not set');
  await migrate(DATABASE_OWNER_URL);
}
