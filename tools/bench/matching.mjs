/**
 * `npm run bench:matching [-- --runs=5 --commands=1000000 --only=move,classic]`: the exchange's engine, risk and every feature compiled in, on the
 * nine standard workloads, as ratios to the generator's own reference engine and to the order books of npm; with its journal; on growing books.
 * Each figure comes from a process of its own, and none is printed when the engine did not make the workload's very trades.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { ensureBuilt } from '../build.mjs';
import { ROOT } from '../launcher/root.mjs';
import { STANDARD } from './matching-workload.mjs';
import { report } from './report.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    commands: { type: 'string', default: '1000000' },
    only: { type: 'string', default: '' },
  },
});
const runs = Number(values.runs);
const n = Number(values.commands);
const only = values.only.split(',').filter(Boolean);

await ensureBuilt(console.log);
const { COMPILER_FLAGS } = await import(pathToFileURL(join(ROOT, 'dist/libs/core/matching/compiler-flags.js')).href);
const rows = [];
const notes = [];

for (const [name, options] of Object.entries(STANDARD))
  await unlessLeftOut(name, () => throughput(name, { ...options, n }));
for (const name of ['move', 'classic']) {
  await unlessLeftOut(`${name}-client-ids`, () => throughput(`${name}-client-ids`, { ...STANDARD[name], n }, true));
}
for (const name of ['move', 'classic']) await unlessLeftOut(`peers-${name}`, () => peers(name));
await unlessLeftOut('journal', () => journal('move'));
await unlessLeftOut('snapshot', snapshot);
for (const resting of [1_000, 100_000, 1_000_000]) await unlessLeftOut('growth', () => growth(resting));
report(
  'matching',
  rows,
  `Matching engine with risk against the reference engine: medians of ${runs} runs of ${n} commands`,
);
for (const note of notes) console.log(note);

async function unlessLeftOut(name, measure) {
  if (only.length > 0 && !only.includes(name)) return;
  console.log(`measuring ${name}`);
  await measure();
}

async function child(script, parameters) {
  const file = join(import.meta.dirname, 'matching', script);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...COMPILER_FLAGS, file, JSON.stringify(parameters)],
    {
      maxBuffer: 1 << 24,
    },
  );
  const result = JSON.parse(stdout);
  if (result.faults.length > 0) throw new Error(`${script}: ${result.faults.join('; ')}`);
  return result;
}

/** Rate over the reference engine's; latencies are of single commands with the timer's own cost. */
async function throughput(name, options, withClientIds = false) {
  const measures = ['throughput', 'latency', 'allocation'];
  const result = await child('measure-engine.mjs', { name, options, runs, measures, withClientIds });
  const { latency, allocation } = result;
  rows.push({
    ...{ name, value: result.rate, unit: 'commands/s', baseline: result.reference, ratio: result.ratio },
    ...{ p50: latency.p50 / 1e6, p99: latency.p99 / 1e6, p999: latency.p999 / 1e6 },
  });
  notes.push(
    `${name}: ${latency.p50.toFixed(0)} / ${latency.p99.toFixed(0)} / ${latency.p999.toFixed(0)} ns per command (p50, p99, p99.9), ` +
      `${allocation.collections.toFixed(1)} collections and ${Math.round(allocation.bytes / 1024)} KiB per million commands`,
  );
}

/** Their first 200,000 commands; the ratio is the engine's rate over theirs. */
async function peers(name) {
  const options = STANDARD[name];
  const commands = Math.min(n, 200_000);
  const engine = await child('measure-engine.mjs', {
    name,
    options: { ...options, n: commands },
    runs,
    measures: ['throughput'],
  });
  for (const peer of ['nodejs-order-book', 'hft-limit-order-book']) {
    const { rate } = await child('measure-peer.mjs', { name, peer, options, runs: 3, commands });
    rows.push({ name: `${name} over ${peer}`, value: engine.rate, unit: 'commands/s', baseline: rate, ratio: engine.rate / rate, p50: null, p99: null }); // prettier-ignore
  }
}

async function journal(name) {
  const result = await child('measure-journal.mjs', { name, options: { ...STANDARD[name], n }, runs });
  const row = (what, value, ratio) => ({ name: what, value, unit: 'commands/s', baseline: result.alone, ratio, p50: null, p99: null }); // prettier-ignore
  rows.push(row('durable', result.durable, result.durableRatio), row('replay', result.replay, result.replayRatio));
  rows.push({ name: 'durable over the bare disk', value: result.durable, unit: 'commands/s', baseline: result.disk, ratio: result.diskRatio, p50: null, p99: null }); // prettier-ignore
  rows.push({ name: 'recovery, after the last record', value: result.endMs, unit: 'ms', baseline: null, ratio: null, p50: null, p99: null }); // prettier-ignore
}

/** Of a venue with ten thousand orders and accounts and a hundred instruments: how long one step of it holds trading up, beginning and writing included. */
async function snapshot() {
  const options = { mix: 'classic', n, seed: 1, symbols: 100, depth: 10_000, accounts: 10_000 };
  const { stall, begin, worst, steps, tookMs, slowed } = await child('measure-snapshot.mjs', { options, runs });
  const row = (name, value) => ({ name, value, unit: 'ms', baseline: null, ratio: null, p50: null, p99: null });
  rows.push(row('snapshot stall', stall), row('snapshot, begin', begin));
  notes.push(
    `snapshot: ${steps} steps between batches, durable after ${tookMs.toFixed(0)} ms, longest step of all runs ${worst.toFixed(2)} ms; ` +
      `the engine's rate meanwhile ${slowed.toFixed(2)} of what it was`,
  );
}

async function growth(resting) {
  const { rate } = await child('measure-growth.mjs', { resting });
  const first = rows.find((row) => row.name.startsWith('resting-'));
  const baseline = first === undefined ? rate : first.value;
  rows.push({ name: `resting-${resting}`, value: rate, unit: 'commands/s', baseline, ratio: rate / baseline, p50: null, p99: null }); // prettier-ignore
}
