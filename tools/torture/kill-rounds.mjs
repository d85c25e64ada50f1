/**
 * `npm run torture:kill [-- --rounds 50 --seed 1 --tour tools/demo.mjs]`: a customer's tour runs again and again against a whole stack of its
 * own while api, worker and signer are killed with SIGKILL at random moments. Afterwards nothing may be lost, nothing booked twice,
 * the books must balance and custody must equal the chain.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ROOT } from '../launcher/root.mjs';
import { countTransfers, faultsInBooks, waitForQuiet } from './books.mjs';
import { faultsInCustody } from './custody.mjs';
import { seededRandom } from './seeded-random.mjs';
import { makeStack } from './stack.mjs';

const VICTIMS = ['api', 'worker', 'signer'];
const LONGEST_WAIT_MS = 4_000;
const BACK_WITHIN_MS = 60_000;
const QUIET_WITHIN_MS = 120_000;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    tour: { type: 'string', default: 'tools/demo.mjs' },
  },
});
const say = (line) => console.log(line);

process.exitCode = await campaign().catch((error) => {
  console.error(error.message);
  return 1;
});

/** @returns {Promise<number>} exit code */
async function campaign() {
  const tour = join(ROOT, options.tour);
  if (!existsSync(tour)) throw new Error(`there is no ${options.tour}`);
  const random = seededRandom(Number(options.seed));
  say(`seed ${options.seed}`);
  // Short blocks: a tour waits for confirmations.
  const stack = await makeStack({
    BITCOIN_BLOCK_INTERVAL_MS: '2000',
    ETHEREUM_BLOCK_INTERVAL_S: '1',
    LOG_LEVEL: 'warn',
  });
  let faults = ['the campaign did not come to its end'];
  try {
    await stack.start();
    const tours = touring(stack, tour);
    await killRounds(stack, random, tours);
    const { finished, failures } = await tours.end();
    say(`${finished} tours went through`);
    faults = [...failures, ...(await audit(stack))];
  } finally {
    await stack.stop();
    if (faults.length === 0) stack.forget();
    else say(`the stack's folder is kept: ${stack.home}`);
  }
  for (const fault of faults) say(`FAULT ${fault}`);
  say(
    faults.length === 0
      ? 'nothing lost, nothing twice, the books balance, custody equals the chain'
      : `${faults.length} faults`,
  );
  return faults.length === 0 ? 0 : 1;
}

/** One kill per round, each when the victim before is back, at a moment that only the seed knows. */
async function killRounds(stack, random, tours) {
  const rounds = Number(options.rounds);
  for (let round = 1; round <= rounds && tours.failures.length === 0; round += 1) {
    await sleep(Math.floor(random() * LONGEST_WAIT_MS));
    const victim = VICTIMS[Math.floor(random() * VICTIMS.length)] ?? 'api';
    const { pid, restarts } = stack.processes()[victim] ?? {};
    if (!pid) throw new Error(`round ${round}: ${victim} is not running`);
    process.kill(pid, 'SIGKILL');
    const killedAt = Date.now();
    while (!isBack(stack, victim, restarts)) {
      if (Date.now() - killedAt > BACK_WITHIN_MS)
        throw new Error(`round ${round}: ${victim} did not come back\n${stack.output()}`);
      await sleep(50);
    }
    say(`round ${round}: ${victim} killed, back after ${((Date.now() - killedAt) / 1000).toFixed(1)} s`);
  }
}

function isBack(stack, victim, restarts) {
  const now = stack.processes()[victim];
  return now?.ready === true && now.restarts > restarts;
}

/** Tours one after another until told to end; the last one is let through. */
function touring(stack, tour) {
  const failures = [];
  let finished = 0;
  let ending = false;
  const running = (async () => {
    while (!ending && failures.length === 0) {
      const { code, output } = await runTour(stack, tour);
      if (code === 0) finished += 1;
      else
        failures.push(
          `tour ${finished + 1} ended with exit code ${code}:\n${output.split('\n').slice(-25).join('\n')}`,
        );
    }
  })();
  return {
    failures,
    end: async () => {
      ending = true;
      await running;
      return { finished, failures };
    },
  };
}

function runTour(stack, tour) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [tour], {
      env: { ...process.env, ...stack.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** @returns {Promise<string[]>} everything that is not as it must be */
async function audit(stack) {
  const unfinished = await waitForQuiet(stack.databaseUrl(), QUIET_WITHIN_MS);
  const faults = [...unfinished, ...(await faultsInBooks(stack.databaseUrl())), ...(await faultsInCustody(stack))];
  const { transfers, byKind } = await countTransfers(stack.databaseUrl());
  say(`${transfers} transfers were booked: ${JSON.stringify(byKind)}`);
  return faults;
}
