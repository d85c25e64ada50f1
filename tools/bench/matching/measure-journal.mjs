/**
 * Child process of `../matching.mjs`: the engine with its journal. In turn, the same batches through the engine alone, through journal and
 * engine until all is durable, and to the bare disk; then recovery from the files. Prints one line of JSON.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../launcher/root.mjs';
import { generate, readWorkload } from '../matching-workload.mjs';
import { median } from '../report.mjs';
import { library } from './libraries.mjs';
import { record, run } from './recorded-commands.mjs';
import { now } from './timing.mjs';

const BATCH_BYTES = 64 * 1024;
const GROUP_BYTES = 1024 * 1024;
const WARM_UPS = 1;
const WARM_UP_MS = 200;
const TIME_AT = 16;

const { name, options, runs } = JSON.parse(process.argv[2] ?? '{}');
const matching = await library('core/matching');
const contracts = await library('core/contracts');
const { Journal, RecordBatch } = await library('base/journal');
const workload = readWorkload(generate(options));
/** @type {any} */
const { opening, bytes, offsets, faults } = record(workload, matching, contracts);
const openings = cutIntoBatches(opening, startsOf(opening), 0);
const opened = openings.at(-1)?.last ?? 0;
const batches = cutIntoBatches(bytes, offsets, opened);
const batch = new RecordBatch(BATCH_BYTES);
const handlers = { say: ignore, onFatal: fail };

const rounds = [];
for (let round = 0; round < runs + WARM_UPS; round += 1) {
  const alone = live();
  const measured = await withJournal();
  if (round >= WARM_UPS) rounds.push({ alone, ...measured });
}
console.log(
  JSON.stringify({
    name,
    faults,
    alone: median(rounds.map(({ alone }) => alone)),
    durable: median(rounds.map(({ durable }) => durable)),
    disk: median(rounds.map(({ disk }) => disk)),
    replay: median(rounds.map(({ replay }) => replay)),
    endMs: median(rounds.map(({ endMs }) => endMs)),
    diskRatio: median(rounds.map(({ disk, durable }) => durable / disk)),
    durableRatio: median(rounds.map(({ alone, durable }) => durable / alone)),
    replayRatio: median(rounds.map(({ alone, replay }) => replay / alone)),
  }),
);

/** Where each of the commands starts, and where the last ends. */
function startsOf(of) {
  const starts = [0];
  for (let at = 0; at < of.length; starts.push(at)) at += of[at] | (of[at + 1] << 8);
  return starts;
}

/** Runs of commands of at most BATCH_BYTES: their bytes, dated together as the sequencer does, and the numbers of the first and the last. */
function cutIntoBatches(of, starts, before) {
  const cut = [];
  const count = starts.length - 1;
  for (let start = 0; start < count;) {
    let end = start;
    while (end < count && starts[end + 1] - starts[start] <= BATCH_BYTES) end += 1;
    const view = new DataView(of.buffer, of.byteOffset);
    for (let k = start; k < end; k += 1) view.setBigUint64(starts[k] + TIME_AT, BigInt(before + end), true);
    cut.push({ bytes: of.subarray(starts[start], starts[end]), first: before + start + 1, last: before + end });
    start = end;
  }
  return cut;
}

function prepare() {
  matching.reset();
  run(matching, opening);
}

function ignore() {
  return undefined;
}

function applyBatch({ bytes: commands }) {
  matching.commandBuffer.set(commands);
  matching.apply(0, commands.length, ignore);
}

function live() {
  prepare();
  const from = now();
  for (const each of batches) applyBatch(each);
  return (workload.count * 1000) / (now() - from);
}

async function withJournal() {
  const folder = mkdtempSync(join(ROOT, 'bench-results-journal-'));
  try {
    const durable = await writeJournal(folder);
    return { durable, disk: writeBare(join(folder, 'bare')), ...(await replayJournal(folder)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fail(fault) {
  throw fault;
}

async function writeJournal(folder) {
  let durableUpTo = 0;
  const journal = Journal.open({
    folder,
    mode: 'thread',
    onDurable: (sequence) => (durableUpTo = sequence),
    ...handlers,
  });
  journal.recover({ onSnapshot: () => false, onRecords: ignore });
  // Its thread compiles what it will be doing all day, as long as nothing is asked of it.
  await sleep(WARM_UP_MS);
  matching.reset();
  for (const each of openings) write(journal, each);
  journal.settle();
  const from = performance.now();
  for (const each of batches) write(journal, each);
  journal.settle();
  const rate = (workload.count * 1000) / (performance.now() - from);
  if (durableUpTo !== opened + workload.count) throw new Error(`durable up to ${durableUpTo} only`);
  await journal.close();
  return rate;
}

/** Into the journal, through the engine, while the journal's thread takes it to the disk. */
function write(journal, each) {
  batch.bytes.set(each.bytes);
  batch.length = each.bytes.length;
  batch.firstSequence = each.first;
  batch.lastSequence = each.last;
  batch.time = each.last;
  while (journal.append(batch) !== 'taken') journal.poll();
  journal.commit();
  applyBatch(each);
  journal.poll();
}

/** The same bytes to the same disk with nothing else to do: 1 MiB written, then synced, in space that is there already. */
function writeBare(path) {
  const file = openSync(path, 'w');
  try {
    for (let at = 0; at < bytes.length; at += GROUP_BYTES)
      writeSync(file, new Uint8Array(GROUP_BYTES), 0, GROUP_BYTES, at);
    fdatasyncSync(file);
    const from = performance.now();
    for (let at = 0; at < bytes.length; at += GROUP_BYTES) {
      writeSync(file, bytes, at, Math.min(GROUP_BYTES, bytes.length - at), at);
      fdatasyncSync(file);
    }
    return (workload.count * 1000) / (performance.now() - from);
  } finally {
    closeSync(file);
  }
}

/** Recovery as the venue does it: read, check, apply; the rate up to the last record, and how long what comes after that takes. */
async function replayJournal(folder) {
  const journal = Journal.open({ folder, onDurable: ignore, ...handlers });
  matching.reset();
  let applied = 0;
  let last = 0;
  const from = performance.now();
  journal.recover({
    onSnapshot: () => false,
    onRecords: (frame) => {
      const length = frame.end - frame.start;
      matching.commandBuffer.set(frame.bytes.subarray(frame.start, frame.end));
      matching.apply(0, length, ignore);
      applied += frame.lastSequence - frame.firstSequence + 1;
      last = performance.now();
    },
  });
  const endMs = performance.now() - last;
  const replay = (applied * 1000) / (last - from);
  if (applied !== opened + workload.count || matching.lastSequence() !== BigInt(applied)) throw new Error('the replay is not whole'); // prettier-ignore
  await journal.close();
  return { replay, endMs };
}
