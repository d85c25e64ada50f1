/**
 * The books, counted by somebody who does not trust the programs that keep them: plain SQL over the tables, written without
 * their libraries. Each check gives the rows that break it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const CHECKS = {
  'every asset sums to zero over all entries': `
    SELECT s.code AS asset, sum(e.amount) AS sum FROM ledger.entries e JOIN ledger.assets s ON s.id = e.asset_id
     GROUP BY s.code HAVING sum(e.amount) <> 0`,
  'every transfer has all its legs and sums to zero per asset': `
    SELECT t.id, t.kind FROM ledger.transfers t LEFT JOIN ledger.entries e ON e.transfer_id = t.id
     GROUP BY t.id HAVING count(e.leg) <> t.n_legs
    UNION ALL
    SELECT e.transfer_id, 'unbalanced' FROM ledger.entries e GROUP BY e.transfer_id, e.asset_id HAVING sum(e.amount) <> 0`,
  'no entry belongs to no transfer': `
    SELECT e.transfer_id FROM ledger.entries e WHERE NOT EXISTS (SELECT FROM ledger.transfers t WHERE t.id = e.transfer_id)`,
  'every balance is what its entries add up to': `
    SELECT b.account_id, b.balance FROM ledger.balances b
      LEFT JOIN (SELECT account_id, count(*) AS entries, max(account_version) AS version, sum(amount) AS sum
                   FROM ledger.entries GROUP BY account_id) e USING (account_id)
     WHERE b.balance * b.normal_sign <> coalesce(e.sum, 0) OR b.version <> coalesce(e.version, 0) OR b.version <> coalesce(e.entries, 0)`,
  'no account is below its floor': `
    SELECT account_id, balance, floor FROM ledger.balances WHERE balance < floor`,
  'no work was given up': `
    SELECT id, kind, last_error FROM base.outbox WHERE dead_at IS NOT NULL`,
  'no event was set aside': `
    SELECT consumer, event_seq, error FROM base.event_parked`,
  'no hold holds other than its account says': `
    SELECT b.account_id, b.balance FROM ledger.balances b
     WHERE b.is_hold AND b.balance <> (SELECT coalesce(sum(h.remaining), 0) FROM ledger.holds h WHERE h.account_id = b.account_id)`,
};

/**
 * @param {string} ownerUrl
 * @returns {Promise<string[]>} what is wrong, one sentence each; empty when the books are sound
 */
export async function faultsInBooks(ownerUrl) {
  return withClient(ownerUrl, async (client) => {
    const faults = [];
    for (const [claim, sql] of Object.entries(CHECKS)) {
      const { rows } = await client.query(`SELECT * FROM (${sql}) AS broken LIMIT 5`);
      if (rows.length > 0) faults.push(`not so: ${claim}: ${JSON.stringify(rows)}`);
    }
    return faults;
  });
}

/**
 * Waits until nothing that is due is left to do, by the database's own account.
 * @param {string} ownerUrl
 * @param {number} withinMs
 * @returns {Promise<string[]>} what was still waiting when the time was over
 */
export async function waitForQuiet(ownerUrl, withinMs) {
  return withClient(ownerUrl, async (client) => {
    for (const deadline = Date.now() + withinMs; ; await sleep(500)) {
      const { rows } = await client.query(
        `SELECT kind, count(*)::int AS count, max(last_error) AS error FROM base.outbox
          WHERE done_at IS NULL AND dead_at IS NULL AND run_at < clock_timestamp() GROUP BY kind`,
      );
      if (rows.length === 0) return [];
      if (Date.now() > deadline)
        return rows.map(({ kind, count, error }) => `still to do: ${count} of ${kind} (${error ?? 'no error'})`);
    }
  });
}

/**
 * @param {string} ownerUrl
 * @returns {Promise<{ transfers: number, byKind: Record<string, number> }>} how much was booked, so that a campaign can show it did something
 */
export async function countTransfers(ownerUrl) {
  return withClient(ownerUrl, async (client) => {
    const { rows } = await client.query(
      'SELECT kind, count(*)::int AS count FROM ledger.transfers GROUP BY kind ORDER BY kind',
    );
    return {
      transfers: rows.reduce((sum, { count }) => sum + count, 0),
      byKind: Object.fromEntries(rows.map(({ kind, count }) => [kind, count])),
    };
  });
}

/**
 * @template T
 * @param {string} connectionString
 * @param {(client: pg.Client) => Promise<T>} work
 */
export async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  // The server may be stopped under us; the query then says so.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
