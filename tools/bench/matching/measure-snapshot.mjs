/**
 * Child process of `../matching.mjs`: how long trading waits while the exchange takes a snapshot. The exchange's own keeper copies and writes
 * between batches of a workload, in slices; what counts is the longest time that one step took. Prints one line of JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../launcher/root.mjs';
import { generate, readWorkload } from '../matching-workload.mjs';
import { median } from '../report.mjs';
import { library } from './libraries.mjs';
import { record, run } from './recorded-commands.mjs';

/** Commands between two steps, as a busy turn of the event loop brings them. */
const BATCH = 256;
const WARM_UPS = 2;
/** The exchange's default. */
const PAUSE_MS = 1;

const { options, runs } = JSON.parse(process.argv[2] ?? '{}');
const matching = await library('core/matching');
const contracts = await library('core/contracts');
const { Journal } = await library('base/journal');
const { SnapshotKeeper } = await import(pathToFileURL(join(ROOT, 'dist/apps/exchange/snapshot-keeper.js')).href);
const workload = readWorkload(generate(options));
/** @type {any} */
const { opening, bytes, offsets, faults } = record(workload, matching, contracts);

const rounds = [];
for (let round = 0; round < runs + WARM_UPS; round += 1) {
  const taken = await takeOne();
  if (round >= WARM_UPS) rounds.push(taken);
}
console.log(
  JSON.stringify({
    faults,
    stall: median(rounds.map(({ stall }) => stall)),
    begin: median(rounds.map(({ begin }) => begin)),
    worst: Math.max(...rounds.map(({ stall }) => stall)),
    steps: median(rounds.map(({ steps }) => steps)),
    tookMs: median(rounds.map(({ tookMs }) => tookMs)),
    slowed: median(rounds.map(({ slowed }) => slowed)),
  }),
);

/** Half of the workload, and then a snapshot under the rest of it. */
async function takeOne() {
  const folder = mkdtempSync(join(ROOT, 'bench-results-snapshot-'));
  const journal = Journal.open({ folder, mode: 'thread', onDurable: ignore, say: ignore, onFatal: fail });
  try {
    journal.recover({ onSnapshot: () => false, onRecords: ignore });
    await sleep(100);
    matching.reset();
    run(matching, opening);
    const half = workload.count >> 1;
    const before = rate(0, half);
    let end;
    const done = new Promise((resolve, reject) => {
      end = (_sequence, error, tookMs) => (error ? reject(error) : resolve(tookMs));
    });
    const source = { journal, sequence: () => Number(matching.lastSequence()), time: () => 0, sessionsUsed: () => 0, mayBegin: () => true }; // prettier-ignore
    const keeper = new SnapshotKeeper({ everyCommands: BATCH, everyMs: 1e9, pauseMs: PAUSE_MS }, source, end);
    const course = under(keeper, half);
    const tookMs = await done;
    return { ...course, tookMs, slowed: course.rate / before };
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true });
  }
}

/** Batches with a step after each, until the snapshot is written; then what is left of it is the disk's. */
function under(keeper, from) {
  let [stall, begin, steps, stepping] = [0, 0, 0, 0];
  let at = from;
  const startedAt = performance.now();
  for (let isMore = true; isMore; steps += 1) {
    if (at + BATCH > workload.count) throw new Error('the workload ended before the snapshot');
    apply(at, at + BATCH);
    at += BATCH;
    const before = performance.now();
    isMore = keeper.step() || steps === 0;
    const took = performance.now() - before;
    if (steps === 0) begin = took;
    stall = Math.max(stall, took);
    stepping += took;
  }
  return { stall, begin, steps, rate: ((at - from) * 1000) / (performance.now() - startedAt - stepping) };
}

function rate(from, to) {
  const startedAt = performance.now();
  for (let at = from; at < to; at += BATCH) apply(at, Math.min(to, at + BATCH));
  return ((to - from) * 1000) / (performance.now() - startedAt);
}

function apply(from, to) {
  matching.commandBuffer.set(bytes.subarray(offsets[from], offsets[to]));
  matching.apply(0, offsets[to] - offsets[from], ignore);
}

function ignore() {
  return undefined;
}

function fail(fault) {
  throw fault;
}
