import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

/** Says in one visible line that a check was left out and why; CI fails on it. */
export function leaveOut(check: string, reason: string): void {
  const file = process.env['CHECKS_LEFT_OUT_FILE'];
  const line = `SKIPPED: ${check}: ${reason}`;
  if (file) appendFileSync(file, `${line}\n`);
  else process.stderr.write(`${line}\n`);
}

/** Whether a program is on the PATH. */
export const onPath = (program: string): boolean => spawnSync('which', [program], { stdio: 'ignore' }).status === 0;
