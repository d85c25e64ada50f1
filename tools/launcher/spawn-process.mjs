/** Starts programs whose output goes to a log file of their own and whose life is tied to ours. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { spawnTied } from '../services/until-parent-dies.mjs';
import { ROOT } from './root.mjs';

const LIFELINE = pathToFileURL(join(import.meta.dirname, 'lifeline.mjs')).href;
const LARGEST_LOG_BYTES = 10_000_000;

/**
 * Output goes straight into the file, not through us: a process that outlives us by a moment can still log its stop.
 * @param {{ script: string, args?: readonly string[], env: Record<string, string>, log: string }} options `script` relative to the checkout
 * @returns {import('./supervisor.mjs').Running}
 */
export function startNode({ script, args = [], env, log }) {
  return withLog(log, (output) => {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', '--import', LIFELINE, resolve(ROOT, script), ...args],
      {
        cwd: ROOT,
        env: { ...env, LIFELINE_FD: '3' },
        // A session of its own: the terminal's Ctrl-C must reach the launcher alone, which stops things in order.
        detached: true,
        stdio: ['ignore', output, output, 'pipe'],
      },
    );
    child.stdio[3]?.on('error', () => {});
    return {
      pid: child.pid,
      exited: endOf(child),
      askToStop: () => child.kill('SIGTERM'),
      kill: () => child.kill('SIGKILL'),
    };
  });
}

/**
 * @param {{ program: string, args: readonly string[], env: Record<string, string>, log: string }} options
 * @returns {import('./supervisor.mjs').Running}
 */
export function startForeign({ program, args, env, log }) {
  return withLog(log, (output) => {
    const child = spawnTied(program, args, { cwd: ROOT, env, output });
    // Should the shell be killed and not the program, closing the pipe still ends the program before the next one starts.
    child.once('exit', () => child.stdin.end());
    return {
      pid: child.pid,
      exited: endOf(child),
      askToStop: () => child.stdin.end(),
      kill: () => killGroup(child.pid),
    };
  });
}

/** The shell leads a process group, which the program is in. */
function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** @param {string} log */
function withLog(log, start) {
  if (existsSync(log) && statSync(log).size > LARGEST_LOG_BYTES) renameSync(log, `${log}.1`);
  const output = openSync(log, 'a', 0o600);
  try {
    return start(output);
  } finally {
    closeSync(output);
  }
}

/** @returns {Promise<string>} */
function endOf(child) {
  return new Promise((settle) => {
    child.once('error', (error) => settle(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => settle(signal ?? `exit code ${code}`));
  });
}

/**
 * @param {string} log
 * @param {number} count
 * @returns {string} the log's last lines
 */
export function lastLines(log, count) {
  if (!existsSync(log)) return '';
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}
