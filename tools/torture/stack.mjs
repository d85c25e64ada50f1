/** A whole stack of its own for campaigns and specs: `npm start` in a temporary home, on free ports. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ENVIRONMENT } from '../launcher/environment.mjs';
import { ROOT } from '../launcher/root.mjs';
import { freePort } from '../services/ports.mjs';
import { forgetPostgres, serverUrlOf } from '../services/postgres.mjs';

/**
 * @typedef {object} Stack
 * @property {string} home
 * @property {Record<string, string>} environment the ports, by variable name
 * @property {string} api base URL
 * @property {string} admin base URL
 * @property {() => Promise<void>} start resolves when the stack says that it is ready
 * @property {(signal?: NodeJS.Signals) => Promise<number | null>} stop resolves with the launcher's exit code
 * @property {() => Record<string, { pid?: number, restarts: number, ready: boolean }>} processes
 * @property {(role?: 'owner' | 'app') => string} databaseUrl the owner's by default, while it runs
 * @property {() => string} output what the launcher has printed
 * @property {() => void} forget deletes the home; the stack must be stopped
 */

/**
 * @param {Record<string, string>} [overrides] variables of the environment table
 * @returns {Promise<Stack>} not started yet
 */
export async function makeStack(overrides = {}) {
  const home = mkdtempSync(join(tmpdir(), 'strongroom-stack-'));
  rmSync(home, { recursive: true });
  /** @type {Record<string, string>} */
  const environment = { STRONGROOM_HOME: home };
  for (const { name, port } of ENVIRONMENT) if (port) environment[name] = String(await freePort());
  Object.assign(environment, overrides);

  /** @type {import('node:child_process').ChildProcess | undefined} */
  let launcher;
  let printed = '';
  const output = () => printed;

  async function start() {
    printed = '';
    const child = spawn(process.execPath, [join(ROOT, 'tools/start.mjs')], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    launcher = child;
    const ready = new Promise((resolve) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          printed += chunk;
          if (printed.includes('Strongroom is ready')) resolve('ready');
        });
      }
    });
    const first = await Promise.race([ready, once(child, 'close')]);
    if (first !== 'ready') throw new Error(`the stack did not start:\n${printed}`);
  }

  async function stop(/** @type {NodeJS.Signals} */ signal = 'SIGINT') {
    if (!launcher || launcher.exitCode !== null || launcher.signalCode !== null) return launcher?.exitCode ?? null;
    const closed = once(launcher, 'exit');
    launcher.kill(signal);
    const [code] = await closed;
    return code;
  }

  return {
    home,
    environment,
    api: `http://127.0.0.1:${environment.API_PORT}`,
    admin: `http://127.0.0.1:${environment.ADMIN_PORT}`,
    start,
    stop,
    output,
    databaseUrl: (role) => serverUrlOf(join(home, 'postgres'), Number(environment.POSTGRES_PORT), 'strongroom', role),
    processes: () => {
      const file = join(home, 'processes.json');
      return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).processes : {};
    },
    forget: () => {
      forgetPostgres(join(home, 'postgres'));
      rmSync(home, { recursive: true, force: true });
    },
  };
}
