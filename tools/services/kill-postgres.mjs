import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Ends every process of the server over `folder` at once by SIGKILL, as when the machine loses its power: for specs and campaigns.
 * @param {string} folder
 */
export function killPostgres(folder) {
  const postmaster = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0] ?? '';
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', postmaster], { encoding: 'utf8' }).split('\n');
  for (const pid of [postmaster, ...children].map(Number).filter((pid) => pid > 0)) kill(pid);
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // A backend may end by itself in between.
    if (error.code !== 'ESRCH') throw error;
  }
}
