/**
 * `npm test [-- jest arguments]`: on a clean clone it first installs and compiles. Every check that was left out because
 * the machine lacks something is named in a line of its own; under CI that is a failure.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './launcher/install.mjs';
import { ROOT } from './launcher/root.mjs';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(ROOT, 'node_modules/jest/bin/jest.js'),
];

try {
  await ensureInstalled(console.log);
  await ensureBuilt(console.log);
  process.exitCode = await test(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

/** @param {string[]} args */
async function test(args) {
  const scratch = mkdtempSync(join(tmpdir(), 'strongroom-test-report-'));
  const leftOutFile = join(scratch, 'left-out');
  const closingLineFile = join(scratch, 'closing-line');
  try {
    const reporters = ['--reporters=default', `--reporters=${join(ROOT, 'tools/test/closing-line.js')}`];
    const workers = args.some((arg) => /^(-w|--maxWorkers|-i|--runInBand)/.test(arg))
      ? []
      : [`--maxWorkers=${availableParallelism()}`];
    const code = await jest([...reporters, ...workers, ...args], {
      CHECKS_LEFT_OUT_FILE: leftOutFile,
      CLOSING_LINE_FILE: closingLineFile,
    });
    const leftOut = existsSync(leftOutFile)
      ? [...new Set(readFileSync(leftOutFile, 'utf8').split('\n').filter(Boolean))]
      : [];
    if (existsSync(closingLineFile)) console.log(readFileSync(closingLineFile, 'utf8'));
    for (const check of leftOut) console.log(check);
    if (leftOut.length > 0 && process.env.CI === 'true') {
      console.error('under CI every check must run; the lines above name what this machine lacks');
      return code || 1;
    }
    return code;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function jest(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...JEST, ...args], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    // A terminal's Ctrl-C reaches jest as well; it stops its server and then ends, and we after it.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
