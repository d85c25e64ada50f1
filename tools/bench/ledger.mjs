/**
 * `npm run bench:ledger [-- --rounds=5 --seconds=3 --only=uniform-64,hot-64]`: transfers per second through `ledger.submit`, every guard on and
 * default durability, as ratios to TPC-B of the same round on the same server. After each round the books are checked.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ensureBuilt } from '../build.mjs';
import { ROOT } from '../launcher/root.mjs';
import { migrate } from '../services/migrate.mjs';
import { forgetPostgres, startPostgres } from '../services/postgres.mjs';
import { median, percentile, report } from './report.mjs';
import { prepareTpcb } from './tpcb.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    customers: { type: 'string', default: '10000' },
    only: { type: 'string', default: '' },
  },
});
const ROUNDS = Number(options.rounds);
const SECONDS = Number(options.seconds);
const CUSTOMERS = Number(options.customers);
const WARM_UP_SECONDS = 1;

await ensureBuilt(console.log);
const built = (path) => import(pathToFileURL(join(ROOT, 'dist', path)).href);
const { Database, uuidV7 } = await built('libs/base/database/index.js');
const { Secret } = await built('libs/base/config/index.js');
const { systemClock } = await built('libs/base/clock/index.js');
const { account, credit, debit, Ledger } = await built('libs/platform/ledger/index.js');

const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'));
const server = await startPostgres({ folder });
try {
  await bench();
} finally {
  await server.stop();
  forgetPostgres(folder);
}

async function bench() {
  const owner = server.url('owner', 'postgres');
  for (const database of ['ledger', 'tpcb']) await sql(owner, `CREATE DATABASE ${database}`);
  const tpcb = await prepareTpcb(server.url('owner', 'tpcb'));
  await migrate(server.url('owner', 'ledger'));
  await sql(
    server.url('owner', 'ledger'),
    `SELECT ledger.define_kind('bench.fund', 'For the benchmark', '{{bank_nostro,customer_available},{equity,house_inventory}}');
     SELECT ledger.define_kind('bench.pay', 'For the benchmark', '{{customer_available,customer_available},{customer_available,fee_revenue}}');
     SELECT ledger.define_kind('bench.trade', 'For the benchmark',
       '{{customer_available,house_inventory},{house_inventory,customer_available},{customer_available,fee_revenue}}')`,
  );
  const database = new Database({ url: new Secret(server.url('app', 'ledger')), applicationName: 'bench', max: 8 });
  const ledger = new Ledger(database, systemClock);
  try {
    const world = await populate(ledger);
    const workloads = describeWorkloads(ledger, world);
    const results = await measureAll(tpcb, workloads, ledger);
    report(
      'ledger',
      rowsOf(results),
      `Ledger against ${tpcb.name}, 8 clients: medians of ${ROUNDS} rounds of ${SECONDS} s`,
    );
  } finally {
    await ledger.close();
    await database.close();
  }
}

async function sql(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** Customers, and a desk, with more money than a run can spend. */
async function populate(ledger) {
  const owners = Array.from({ length: CUSTOMERS }, () => uuidV7());
  const usd = owners.map((owner) => account('customer_available', 'USD', owner));
  const btc = owners.map((owner) => account('customer_available', 'BTC', owner));
  const bank = (asset) => account('bank_nostro', asset);
  const PLENTY = 1_000_000_000_000n;
  await inSlices([...usd, ...btc], (to) =>
    ledger.submit({ id: uuidV7(), kind: 'bench.fund', legs: [debit(bank(to.asset), PLENTY), credit(to, PLENTY)] }),
  );
  const houseBtc = account('house_inventory', 'BTC');
  await ledger.submit({
    id: uuidV7(),
    kind: 'bench.fund',
    legs: [debit(account('equity', 'BTC'), PLENTY), credit(houseBtc, PLENTY)],
  });
  return { usd, btc };
}

async function inSlices(items, work) {
  for (let start = 0; start < items.length; start += 1000) {
    await Promise.all(items.slice(start, start + 1000).map(work));
  }
}

function describeWorkloads(ledger, { usd, btc }) {
  const fees = account('fee_revenue', 'USD');
  const [houseUsd, houseBtc] = [account('house_inventory', 'USD'), account('house_inventory', 'BTC')];
  const any = () => Math.floor(Math.random() * CUSTOMERS);
  const pay = (from, to) => ledger.submit({ id: uuidV7(), kind: 'bench.pay', legs: [debit(from, 7n), credit(to, 7n)] });
  const uniform = () => {
    const from = any();
    return pay(usd[from], usd[(from + 1 + Math.floor(Math.random() * (CUSTOMERS - 1))) % CUSTOMERS]);
  };
  const hot = () => pay(usd[any()], fees);
  const trade = () => {
    const who = any();
    const base = [debit(houseBtc, 20n), credit(btc[who], 20n)];
    const quote = [debit(usd[who], 1_000n), credit(houseUsd, 990n), credit(fees, 10n)];
    return ledger.submit({ id: uuidV7(), kind: 'bench.trade', legs: [...quote, ...base] });
  };
  const workloads = [
    { name: 'uniform-1', callers: 1, work: uniform },
    { name: 'uniform-8', callers: 8, work: uniform },
    { name: 'uniform-64', callers: 64, work: uniform },
    { name: 'hot-64', callers: 64, work: hot },
    { name: 'trade-64', callers: 64, work: trade },
    { name: 'uniform-512', callers: 512, work: uniform },
    { name: 'balance-read', callers: 16, work: () => ledger.balance(usd[any()]), unit: 'reads/s' },
  ];
  const wanted = options.only.split(',').filter(Boolean);
  return workloads.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
}

async function measureAll(tpcb, workloads, ledger) {
  const results = workloads.map((workload) => ({ ...workload, rounds: [] }));
  await tpcb.measure(WARM_UP_SECONDS);
  for (const { callers, work } of results) await closedLoop(callers, work, WARM_UP_SECONDS);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const baseline = await tpcb.measure(SECONDS);
    const said = [`TPC-B ${baseline.toFixed(0)}`];
    for (const result of results) {
      await sleep(100);
      const sample = await closedLoop(result.callers, result.work, SECONDS);
      result.rounds.push({ ...sample, baseline });
      said.push(`${result.name} ${sample.rate.toFixed(0)}`);
    }
    const { isBalanced } = await ledger.trialBalance();
    if (!isBalanced) throw new Error('the books do not balance after the round');
    console.log(`round ${round}: ${said.join('  ')}`);
  }
  return results;
}

/** Callers who each wait for their answer before they ask again. */
async function closedLoop(callers, work, seconds) {
  const latencies = [];
  const started = performance.now();
  const end = started + seconds * 1000;
  const caller = async () => {
    for (let asked = performance.now(); asked < end;) {
      await work();
      const now = performance.now();
      latencies.push(now - asked);
      asked = now;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return {
    rate: (latencies.length * 1000) / (performance.now() - started),
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

function rowsOf(results) {
  const rows = results.map(({ name, unit = 'transfers/s', rounds }) => ({
    name,
    value: median(rounds.map((round) => round.rate)),
    unit,
    baseline: median(rounds.map((round) => round.baseline)),
    ratio: median(rounds.map((round) => round.rate / round.baseline)),
    p50: median(rounds.map((round) => round.p50)),
    p99: median(rounds.map((round) => round.p99)),
  }));
  const [hot, uniform] = ['hot-64', 'uniform-64'].map((wanted) => results.find(({ name }) => name === wanted));
  if (hot && uniform) {
    const ratios = hot.rounds.map((round, index) => round.rate / uniform.rounds[index].rate);
    const baseline = median(uniform.rounds.map((round) => round.rate));
    const ratio = median(ratios);
    rows.push({ name: 'hot-64-vs-uniform-64', value: ratio, unit: 'ratio', baseline, ratio, p50: null, p99: null });
  }
  return rows;
}
