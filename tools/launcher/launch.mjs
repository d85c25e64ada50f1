/** The run itself, once everything is installed and compiled: start, watch, stop. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPortFree } from '../services/ports.mjs';
import { ENVIRONMENT, resolveEnvironment } from './environment.mjs';
import { isThere, processTable } from './processes.mjs';
import { openSecrets } from './secrets.mjs';
import { lastLines } from './spawn-process.mjs';
import { Supervisor } from './supervisor.mjs';
import { welcome } from './welcome.mjs';

const PARENT_POLL_MS = 500;
const PREDECESSOR_GONE_WITHIN_MS = 12_000;

/**
 * Runs until SIGINT, SIGTERM or SIGHUP. Resolves with the exit code, with everything stopped.
 * @param {object} options
 * @param {import('./home.mjs').Home} options.home
 * @param {boolean} options.tookOver whether a killed launcher's processes may still be ending
 * @param {(line: string) => void} options.say
 * @returns {Promise<number>}
 */
export async function launch({ home, tookOver, say }) {
  const secret = openSecrets(home.path('secrets.json'));
  const values = resolveEnvironment({ given: process.env, home, secret });
  if (values.DATABASE_URL && !values.DATABASE_OWNER_URL) {
    throw new Error('DATABASE_URL is set: set DATABASE_OWNER_URL too, for the migrations');
  }
  provideKeys(values, secret);
  const table = presentRows(processTable({ home, values, given: process.env }), say);
  await refuseTakenPorts(table, values, tookOver ? PREDECESSOR_GONE_WITHIN_MS : 0);

  const supervisor = new Supervisor(table, watcher({ home, say }));
  const asked = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
    whenNpmIsGone(() => resolve('SIGTERM'));
  });
  // A stop that comes during the start must not wait for the start.
  const started = supervisor.up().then(async () => say(await welcome(values, home)));
  const failure = await Promise.race([asked, started.then(() => asked)]).then(
    () => undefined,
    (error) => error,
  );
  if (failure) say(explain(failure, home));
  else say('stopping');
  const startedAt = Date.now();
  await supervisor.down();
  await started.catch(() => {});
  rmSync(home.path('processes.json'), { force: true });
  say(`everything stopped in ${seconds(Date.now() - startedAt)}; the data is kept in ${home.folder}`);
  return failure ? 1 : 0;
}

/** npm passes a SIGTERM on to the shell between us, which dies of it and tells nobody. */
function whenNpmIsGone(stop) {
  if (!process.env.npm_lifecycle_event) return;
  const shell = process.ppid;
  setInterval(() => process.ppid !== shell && stop(), PARENT_POLL_MS).unref();
}

function presentRows(table, say) {
  const missing = table.filter(({ name }) => !isThere(name)).map(({ name }) => name);
  if (missing.length > 0) say(`not in this checkout: ${missing.join(', ')}`);
  return table
    .filter(({ name }) => !missing.includes(name))
    .map((row) => ({ ...row, after: row.after.filter((name) => !missing.includes(name)) }));
}

async function refuseTakenPorts(table, values, patienceMs) {
  const names = table.map(({ name }) => name);
  const ours = ENVIRONMENT.filter(({ port, readers }) => port && readers.some((reader) => names.includes(reader)));
  for (const deadline = Date.now() + patienceMs; ; await sleep(200)) {
    const taken = [];
    for (const { name } of ours) if (!(await isPortFree(Number(values[name])))) taken.push(`${values[name]} (${name})`);
    if (taken.length === 0) return;
    if (Date.now() < deadline) continue;
    const ports = taken.length === 1 ? 'port' : 'ports';
    throw new Error(
      `${ports} ${taken.join(', ')} already in use: stop what listens there, or set the variable to another port`,
    );
  }
}

/** What processes read from files rather than from their environment, which other programs of the user can see. */
function provideKeys(values, secret) {
  const { HOT_KEY_PASSPHRASE_FILE: passphrase = '', SIGNER_TICKET_KEY_FILE: ticketKey = '' } = values;
  const { SIGNER_TICKET_PUBLIC_KEY_FILE: ticketPublicKey = '' } = values;
  if (!existsSync(passphrase)) writeFileSync(passphrase, secret('HOT_KEY_PASSPHRASE'), { mode: 0o600 });
  if (!existsSync(ticketKey)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(ticketKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }
  if (existsSync(ticketPublicKey)) return;
  const publicKey = createPublicKey(readFileSync(ticketKey)).export({ type: 'spki', format: 'pem' });
  writeFileSync(ticketPublicKey, publicKey, { mode: 0o644 });
}

/** @returns {import('./supervisor.mjs').Watcher} */
function watcher({ home, say }) {
  return {
    ready: (name, tookMs) => say(`  ${name.padEnd(10)} ready in ${seconds(tookMs)}`),
    crashed: (name, how, pauseMs) =>
      say(`  ${name.padEnd(10)} ended (${how}); starting it again in ${seconds(pauseMs)}`),
    changed: (processes) => {
      const file = home.path('processes.json');
      writeFileSync(`${file}.new`, JSON.stringify({ launcher: process.pid, processes }, null, 2));
      renameSync(`${file}.new`, file);
    },
  };
}

function explain(error, home) {
  const name = error.message.split(' ')[0];
  const said = lastLines(home.path('logs', `${name}.log`), 15);
  return said ? `${error.message}\nlast words in ${home.path('logs', `${name}.log`)}:\n${said}` : error.message;
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
