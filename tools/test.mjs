/**
 * `npm test [-- jest arguments]`: on a clean clone it first installs and compiles. Every check that was left out because
 * the machine lacks something is named in a line of its own; under CI that is a failure. `SEED=n` gives every random history its choices.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './launcher/install.mjs';
import { ROOT } from './launcher/root.mjs';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  join(ROOT, 'node_modules/jest/bin/jest.js'),
];
/** More failures than these are no matter of a busy machine. */
const MAY_REPEAT = 3;
let isInterrupted = false;

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
  const seed = process.env.SEED ?? String(randomInt(1_000_000));
  let runs = 0;
  const run = async (given) => {
    runs += 1;
    const outcomeFile = join(scratch, `outcome-${runs}`);
    const reporters = ['--reporters=default', `--reporters=${join(ROOT, 'tools/test/outcome.js')}`];
    const env = { CHECKS_LEFT_OUT_FILE: leftOutFile, OUTCOME_FILE: outcomeFile, SEED: seed };
    const code = await jest([...reporters, ...given], env);
    return { code, outcome: existsSync(outcomeFile) ? JSON.parse(readFileSync(outcomeFile, 'utf8')) : undefined };
  };
  try {
    const hasWorkers = args.some((arg) => /^(-w|--maxWorkers|-i|--runInBand)/.test(arg));
    let { code, outcome } = await run([...(hasWorkers ? [] : [`--maxWorkers=${availableParallelism()}`]), ...args]);
    if (outcome && isWorthRepeating(args, outcome)) {
      const paths = outcome.failedSuites.map(({ path }) => path);
      console.log(`${paths.length} suites failed beside the others; each once more, alone, with the same seed`);
      const again = await run(['-w', '1', '--runTestsByPath', ...args, ...paths]);
      code = again.code;
      if (again.outcome) outcome = merged(outcome, again.outcome);
    }
    const leftOut = existsSync(leftOutFile)
      ? [...new Set(readFileSync(leftOutFile, 'utf8').split('\n').filter(Boolean))]
      : [];
    for (const name of outcome?.unsteady ?? []) console.log(`UNSTEADY (failed beside others, passed alone): ${name}`);
    for (const check of leftOut) console.log(check);
    if (code !== 0 || process.env.SEED === undefined) console.log(`SEED=${seed} repeats this run's random choices`);
    if (leftOut.length > 0 && process.env.CI === 'true') {
      console.error('under CI every check must run; the lines above name what this machine lacks');
      code ||= 1;
    }
    if (outcome) console.log(closingLine(outcome));
    return code;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * A whole run in which a handful of suites failed. Two workers share the machine with dozens of servers and nodes of other specs, and a fault that
 * needs a starved machine is told apart from one that is there: the suite runs again alone, on the same random choices. What then passes is named.
 */
function isWorthRepeating(args, { failedSuites }) {
  return (
    !isInterrupted &&
    args.every((arg) => arg.startsWith('-')) &&
    failedSuites.length > 0 &&
    failedSuites.length <= MAY_REPEAT
  );
}

function merged(first, again) {
  const stillFailing = new Set(again.failedSuites.flatMap(({ path, tests }) => tests.map((test) => `${path} ${test}`)));
  const unsteady = first.failedSuites.flatMap(({ path, tests }) =>
    tests.filter((test) => !stillFailing.has(`${path} ${test}`)).map((test) => `${relative(ROOT, path)}: ${test}`),
  );
  const before = (field) => first.failedSuites.reduce((sum, suite) => sum + suite[field], 0);
  return {
    passed: first.passed - before('passed') + again.passed,
    failed: first.failed - before('failed') + again.failed,
    skipped: first.skipped,
    failedSuites: again.failedSuites,
    unsteady,
  };
}

/** The one form that every CI can read. */
function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function jest(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...JEST, ...args], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    // A terminal's Ctrl-C reaches jest as well; it stops its server and then ends, and we after it.
    process.on('SIGINT', () => (isInterrupted = true));
    process.on('SIGTERM', () => {
      isInterrupted = true;
      child.kill('SIGTERM');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
