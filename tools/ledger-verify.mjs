/**
 * `npm run ledger:verify [-- --resume=FILE] [--anchor=SEQ:HASH]...`: recomputes the ledger's hash chain from the rows it covers, holds it against
 * published heads, and audits the invariants. DATABASE_URL says where; a role that may read is enough. With --resume it goes on after the
 * last block that an earlier run found sound. Exits 1 when anything is wrong.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';
import { ROOT } from './launcher/root.mjs';

const SAVE_EVERY_BLOCKS = 50;

const { values: options } = parseArgs({
  options: { resume: { type: 'string' }, anchor: { type: 'string', multiple: true, default: [] } },
});
const url = process.env.DATABASE_URL;
if (!url) {
  console.error('DATABASE_URL is not set: it says which ledger to verify');
  process.exit(2);
}

await ensureBuilt(console.log);
const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);
const { Database } = await built('libs/base/database/index.js');
const { Secret } = await built('libs/base/config/index.js');
const { systemClock } = await built('libs/base/clock/index.js');
const { LedgerAuditor } = await built('libs/platform/ledger/index.js');

const database = new Database({
  url: new Secret(url),
  applicationName: 'ledger-verify',
  max: 2,
  statementTimeoutMs: 0,
});
try {
  process.exitCode = (await verify(new LedgerAuditor(database, systemClock))) ? 0 : 1;
} finally {
  await database.close();
}

async function verify(auditor) {
  const anchors = options.anchor.map(parseAnchor);
  const after = lastSound();
  if (after > 0n) console.log(`going on after block ${after}`);
  let blocks = 0;
  const report = await auditor.verify({
    after,
    anchors,
    onBlock: (seq) => {
      blocks += 1;
      if (blocks % SAVE_EVERY_BLOCKS === 0) console.log(`block ${seq}`);
    },
  });
  console.log(`chain: ${report.blocks} blocks, ${report.transfers} transfers, ${report.entries} entries`);
  for (const { seq, what } of report.faults) console.log(`BROKEN block ${seq}: ${what}`);
  if (report.faults.length === 0 && report.head) remember(report.head.seq);

  const violations = await auditor.invariants();
  for (const { invariant, what } of violations) console.log(`BROKEN ${invariant}: ${what}`);
  const isSound = report.faults.length === 0 && violations.length === 0;
  const head = report.head ? `head ${report.head.seq}:${report.head.hash}` : 'nothing sealed yet';
  console.log(`${isSound ? 'sound' : 'NOT SOUND'}, ${head}`);
  return isSound;
}

function parseAnchor(text) {
  if (!/^\d+:[0-9a-f]{64}$/.test(text)) throw new Error(`an anchor is SEQ:HASH, not ${text}`);
  const [seq, hash] = text.split(':');
  return { seq: BigInt(seq), hash };
}

function lastSound() {
  if (!options.resume || !existsSync(options.resume)) return 0n;
  return BigInt(JSON.parse(readFileSync(options.resume, 'utf8')).after);
}

function remember(seq) {
  if (!options.resume) return;
  writeFileSync(`${options.resume}.new`, JSON.stringify({ after: seq.toString() }));
  renameSync(`${options.resume}.new`, options.resume);
}
