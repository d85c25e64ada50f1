/**
 * The baseline of database benchmarks: the TPC-B-like script of pgbench, 8 clients. The real pgbench when it is on PATH, else the same statements
 * through `pg`, which is a slower client and so an easier baseline; the report says which.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);
const CLIENTS = 8;
const SCALE = 10;

/**
 * @param {string} url of an empty database, as its owner
 * @returns {Promise<{ name: string, measure: (seconds: number) => Promise<number> }>} `measure` gives transactions per second
 */
export async function prepareTpcb(url) {
  const hasPgbench = await run('pgbench', ['--version']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (!hasPgbench) {
    await createTables(url);
    return { name: 'TPC-B through pg', measure: (seconds) => measureThroughPg(url, seconds) };
  }
  await run('pgbench', ['-i', '-q', '-s', String(SCALE), url]);
  return {
    name: hasPgbench,
    measure: async (seconds) => {
      const { stdout } = await run('pgbench', ['-n', '-c', String(CLIENTS), '-j', '2', '-T', String(seconds), url]);
      return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    },
  };
}

async function createTables(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE TABLE pgbench_branches (bid int NOT NULL, bbalance int, filler char(88)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_tellers (tid int NOT NULL, bid int, tbalance int, filler char(84)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
    CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
    INSERT INTO pgbench_branches SELECT n, 0, '' FROM generate_series(1, ${SCALE}) n;
    INSERT INTO pgbench_tellers SELECT n, (n - 1) / 10 + 1, 0, '' FROM generate_series(1, ${SCALE * 10}) n;
    INSERT INTO pgbench_accounts SELECT n, (n - 1) / 100000 + 1, 0, '' FROM generate_series(1, ${SCALE * 100_000}) n;
    ALTER TABLE pgbench_branches ADD PRIMARY KEY (bid);
    ALTER TABLE pgbench_tellers ADD PRIMARY KEY (tid);
    ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);`);
  await client.query('VACUUM ANALYZE');
  await client.end();
}

async function measureThroughPg(url, seconds) {
  const end = performance.now() + seconds * 1000;
  const started = performance.now();
  let done = 0;
  const one = async () => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const upTo = (n) => 1 + Math.floor(Math.random() * n);
    while (performance.now() < end) {
      const [aid, bid, tid] = [upTo(SCALE * 100_000), upTo(SCALE), upTo(SCALE * 10)];
      const delta = upTo(10_001) - 5_001;
      for (const sql of [
        'BEGIN',
        `UPDATE pgbench_accounts SET abalance = abalance + ${delta} WHERE aid = ${aid}`,
        `SELECT abalance FROM pgbench_accounts WHERE aid = ${aid}`,
        `UPDATE pgbench_tellers SET tbalance = tbalance + ${delta} WHERE tid = ${tid}`,
        `UPDATE pgbench_branches SET bbalance = bbalance + ${delta} WHERE bid = ${bid}`,
        `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (${tid}, ${bid}, ${aid}, ${delta}, CURRENT_TIMESTAMP)`,
        'END',
      ]) {
        await client.query(sql);
      }
      done += 1;
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: CLIENTS }, one));
  return (done * 1000) / (performance.now() - started);
}
