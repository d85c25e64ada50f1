/**
 * Child process of `../matching.mjs`: one workload through one engine. Prints one line of JSON. A process of its own because the engine
 * is one per isolate and because its memory should be fresh.
 */
import { performance, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, readWorkload, referenceRun } from '../matching-workload.mjs';
import { median } from '../report.mjs';
import { library } from './libraries.mjs';
import { record, run } from './recorded-commands.mjs';
import { rateOf } from './timing.mjs';

const BATCH = 1024;
const WARM_UPS = 2;

const { name, options, runs, measures, withClientIds } = JSON.parse(process.argv[2] ?? '{}');
const matching = await library('core/matching');
const contracts = await library('core/contracts');
const workload = readWorkload(generate(options));
/** @type {any} */
const { opening, bytes, offsets, faults } = record(workload, matching, contracts, { withClientIds });
const measured = workload.count - workload.prefill;
const result = { name, faults, commands: workload.count };
if (measures.includes('throughput')) Object.assign(result, throughput());
if (measures.includes('latency')) Object.assign(result, { latency: latency() });
if (measures.includes('allocation')) Object.assign(result, { allocation: await allocation() });
console.log(JSON.stringify(result));

/** An engine that has taken the opening and the prefill. */
function prepare() {
  matching.reset();
  run(matching, opening);
  apply(0, workload.prefill);
}

function ignore() {
  return undefined;
}

function apply(from, to) {
  for (let start = from; start < to; start += BATCH) {
    const end = Math.min(to, start + BATCH);
    matching.commandBuffer.set(bytes.subarray(offsets[start], offsets[end]));
    matching.apply(0, offsets[end] - offsets[start], ignore);
  }
}

/** Commands per second after the prefill, engine and the generator's reference engine in turn. */
function throughput() {
  const rates = [];
  const references = [];
  for (let round = 0; round < runs + WARM_UPS; round += 1) {
    const reference = rateOf(() => referenceRun(workload), workload.count);
    prepare();
    const rate = rateOf(() => apply(workload.prefill, workload.count), measured);
    if (round < WARM_UPS) continue;
    rates.push(rate);
    references.push(reference);
  }
  const ratio = median(rates.map((rate, k) => rate / references[k]));
  return { rate: median(rates), best: Math.max(...rates), reference: median(references), ratio };
}

/** Nanoseconds per command one by one, the timer's own cost included. */
function latency() {
  prepare();
  const nanoseconds = new Float64Array(measured);
  for (let k = workload.prefill; k < workload.count; k += 1) {
    matching.commandBuffer.set(bytes.subarray(offsets[k], offsets[k + 1]));
    const from = performance.now();
    matching.apply(0, offsets[k + 1] - offsets[k], ignore);
    nanoseconds[k - workload.prefill] = (performance.now() - from) * 1e6;
  }
  nanoseconds.sort();
  const at = (share) => nanoseconds[Math.floor((measured - 1) * share)];
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

/** Collections of garbage, and bytes by which the heap has grown, per million commands in steady state. */
async function allocation() {
  let collections = 0;
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
  prepare();
  await sleep(20);
  observer.observe({ entryTypes: ['gc'] });
  const before = process.memoryUsage().heapUsed;
  apply(workload.prefill, workload.count);
  const grown = process.memoryUsage().heapUsed - before;
  await sleep(20);
  observer.disconnect();
  return { collections: (collections * 1e6) / measured, bytes: (grown * 1e6) / measured };
}
