/**
 * A base backup of a running embedded server by PostgreSQL's low-level protocol (the npm package has no pg_basebackup): a consistent copy although
 * writers go on. Elsewhere use pg_basebackup or the provider's snapshots.
 */
import { chownSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { serverIdentity } from './postgres-binaries.mjs';

/** Contents that a restored server must not see, or makes anew. */
const EMPTIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const LEFT_OUT = /^(postmaster\.(pid|opts)|pgsql_tmp.*|pg_internal\.init.*)$/;

/**
 * Copies the cluster in `folder` (as `startPostgres` keeps it) into `target`, which `startPostgres` can then open.
 * @param {{ ownerUrl: string, folder: string, target: string }} options
 */
export async function takeBackup({ ownerUrl, folder, target }) {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    // A slot of this session keeps every log segment from here on until they are copied.
    await client.query("SELECT pg_create_physical_replication_slot('strongroom_backup', true, true)");
    const { rows: started } = await client.query(
      "SELECT pg_walfile_name(pg_backup_start('strongroom', true)) AS segment",
    );
    rmSync(target, { recursive: true, force: true });
    mkdirSync(join(target, 'data'), { recursive: true, mode: 0o700 });
    copyFolder(join(folder, 'data'), join(target, 'data'), '');
    const { rows: stopped } = await client.query(
      'SELECT pg_walfile_name(lsn) AS segment, labelfile FROM pg_backup_stop(false)',
    );
    writeFileSync(join(target, 'data', 'backup_label'), stopped[0].labelfile, { mode: 0o600 });
    await client.query('SELECT pg_switch_wal()');
    copyLog(join(folder, 'data/pg_wal'), join(target, 'data/pg_wal'), started[0].segment, stopped[0].segment);
    cpSync(join(folder, 'passwords.json'), join(target, 'passwords.json'));
    giveToServer(join(target, 'data'));
  } finally {
    await client.end();
  }
}

/** Files may vanish or change while they are copied; replaying the log over them makes them whole. */
function copyFolder(from, to, inside) {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (!entry.isDirectory()) copyIfThere(source, copy);
    else if (inside === '' && EMPTIED.has(entry.name)) mkdirSync(copy, { mode: 0o700 });
    else copyFolder(source, copy, entry.name);
  }
}

function copyIfThere(source, copy) {
  try {
    cpSync(source, copy, { preserveTimestamps: true });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function copyLog(from, to, first, last) {
  for (const name of readdirSync(from)) {
    if (/^[0-9A-F]{24}$/.test(name) && name >= first && name <= last) cpSync(join(from, name), join(to, name));
  }
  mkdirSync(join(to, 'archive_status'), { recursive: true, mode: 0o700 });
  mkdirSync(join(to, 'summaries'), { recursive: true, mode: 0o700 });
}

function giveToServer(folder) {
  const who = serverIdentity();
  if (!who) return;
  chownSync(folder, who.uid, who.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    chownSync(join(entry.parentPath ?? entry.path, entry.name), who.uid, who.gid);
  }
}
