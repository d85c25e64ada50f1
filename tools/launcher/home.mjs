/** The one folder that holds all state of a local run: data, secrets, logs, keys. */
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT } from './root.mjs';

const MARKER = 'strongroom-home.json';

// sun_path is 104 bytes on macOS, 108 on Linux, with its closing zero.
const LONGEST_SOCKET_PATH = 100;

/**
 * @typedef {object} Home
 * @property {string} folder
 * @property {(...names: string[]) => string} path a path below the folder
 * @property {string} socketFolder a folder whose paths are short enough for Unix sockets
 */

/** @returns {string} the folder in use: STRONGROOM_HOME, or `.strongroom` in the checkout */
export const homeFolder = () => resolve(process.env.STRONGROOM_HOME || join(ROOT, '.strongroom'));

/**
 * Opens the folder, creating it on first use. Refuses one that holds anything else: `npm run reset` deletes it whole.
 * @param {string} folder
 * @returns {Home}
 */
export function openHome(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  if (!isHome(folder)) {
    if (readdirSync(folder).length > 0)
      throw new Error(`${folder} holds other files: set STRONGROOM_HOME to an empty or new folder`);
    writeFileSync(join(folder, MARKER), `${JSON.stringify({ version: 1 })}\n`);
  }
  const path = (...names) => join(folder, ...names);
  mkdirSync(path('logs'), { recursive: true, mode: 0o700 });
  return { folder, path, socketFolder: makeSocketFolder(folder) };
}

/**
 * @param {string} folder
 * @returns {boolean} whether a launcher made it
 */
export const isHome = (folder) => existsSync(join(folder, MARKER));

function makeSocketFolder(folder) {
  const inside = join(folder, 'run');
  const roomForName = 'signer.sock'.length + 1;
  const short = join(
    tmpdir(),
    `strongroom-${process.getuid?.() ?? 0}-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
  );
  const chosen = inside.length + roomForName <= LONGEST_SOCKET_PATH ? inside : short;
  mkdirSync(chosen, { recursive: true, mode: 0o700 });
  return chosen;
}

/**
 * Takes the home for this process; a second launcher in it is refused. A lock whose holder is dead is taken over.
 * @param {string} folder
 * @returns {{ release: () => void, tookOver: boolean }}
 */
export function lockHome(folder) {
  const lock = join(folder, 'launcher.pid');
  for (let tookOver = false; ; tookOver = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return { tookOver, release: () => rmSync(lock, { force: true }) };
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readLock(lock);
    if (holder !== undefined && isLauncher(holder)) {
      throw new Error(
        `already running in ${folder} (process ${holder}): stop it there with Ctrl-C, or set another STRONGROOM_HOME`,
      );
    }
    setAside(lock, holder);
  }
}

/** @returns {number | undefined} */
function readLock(lock) {
  try {
    return Number(readFileSync(lock, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

/** Renames before deleting: should another starter have renewed the lock since we looked, it gets it back. */
function setAside(lock, deadHolder) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (readLock(aside) !== deadHolder) linkSync(aside, lock);
    unlinkSync(aside);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

/** A dead launcher's process id may have gone to another program. */
function isLauncher(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  return commandOf(pid).includes('start.mjs');
}

function commandOf(pid) {
  const proc = `/proc/${pid}/cmdline`;
  if (existsSync(proc)) return readFileSync(proc, 'utf8');
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
}
