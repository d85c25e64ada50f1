import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { account, credit, debit, FEED_START, type FeedCursor, LedgerAuditor, readFeed, type Transfer } from '@platform/ledger'; // prettier-ignore
import { type ChainFault, verifyChain, type VerifyOptions } from './chain.js';
import { createTestLedger, fund, type TestLedger } from './testing/index.js';

let t: TestLedger;
let auditor: LedgerAuditor;
const alice = account('customer_available', 'USD', uuidV7());
const bob = account('customer_available', 'USD', uuidV7());
const move = (): Transfer => ({
  id: uuidV7(),
  kind: 'test.move',
  legs: [debit(alice, 1n), credit(bob, 1n)],
  meta: { n: 1 },
});

beforeEach(async () => {
  t = await createTestLedger();
  auditor = new LedgerAuditor(t.database.app, systemClock);
  await fund(t.ledger, alice, 100n);
});
afterEach(() => t.close());

/** Other databases of the cluster hold the horizon back for a moment; the seal is asked until everything is in it. */
async function sealAll(): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    await auditor.seal();
    const { waiting } = await t.database.app.one<{ waiting: bigint }>(
      `SELECT count(*) AS waiting FROM ledger.transfers WHERE xid >= coalesce((SELECT max(to_xid::text::numeric) FROM ledger.blocks)::text::xid8, '0')`,
    );
    if (waiting === 0n) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error('some transaction of the cluster has been open for ten seconds');
}

/** What the verifier says after a change behind the guards, as a superuser could make it; the change is undone. */
async function verifyTampered(sql: string, options: VerifyOptions = {}): Promise<ChainFault[]> {
  let faults: readonly ChainFault[] = [];
  const undone = new Error('undone');
  const work = t.database.owner.transaction(async (tx) => {
    for (const table of ['transfers', 'entries', 'blocks', 'accounts']) {
      await tx.query(`ALTER TABLE ledger.${table} DISABLE TRIGGER USER`);
    }
    await tx.query(sql);
    faults = (await verifyChain(tx, options)).faults;
    throw undone;
  });
  await expect(work).rejects.toBe(undone);
  return [...faults];
}

describe('the hash chain', () => {
  test('covers every transfer once and verifies, in full and from where it was left', async () => {
    for (let n = 0; n < 5; n += 1) {
      await t.ledger.submit(move());
      await sealAll();
    }
    const seen: bigint[] = [];
    const full = await auditor.verify({ onBlock: (seq) => seen.push(seq) });
    expect(full).toMatchObject({ transfers: 6, entries: 12, faults: [] });
    expect(full.head).toEqual(await auditor.head());
    const middle = seen[2] ?? 0n;
    expect(await auditor.verify({ after: middle })).toMatchObject({
      blocks: full.blocks - 3,
      faults: [],
      head: full.head,
    });
    expect(await auditor.seal()).toBeNull();
  });

  const tamperings: [string, string][] = [
    [
      'an amount',
      `UPDATE ledger.entries SET amount = amount * 2, balance_after = balance_after + amount WHERE account_version = 1`,
    ],
    ['a kind', `UPDATE ledger.transfers SET kind = 'test.other' WHERE kind = 'test.move'`],
    ['what people read', `UPDATE ledger.transfers SET meta = '{"n": 2}' WHERE meta IS NOT NULL`],
    [
      'a time',
      `UPDATE ledger.transfers SET effective_at = effective_at - interval '1 microsecond' WHERE kind = 'test.move'`,
    ],
    ['an owner', `UPDATE ledger.accounts SET path = 'customer_available:USD:${uuidV7()}' WHERE path = '${bob.path}'`],
    ['a transfer that is gone', `DELETE FROM ledger.entries WHERE transfer_id IN (SELECT id FROM ledger.transfers WHERE kind = 'test.move'); DELETE FROM ledger.transfers WHERE kind = 'test.move'`], // prettier-ignore
    ['a leg that is gone', `DELETE FROM ledger.entries WHERE leg = 2`],
    ['a transfer that was slipped in', `INSERT INTO ledger.transfers SELECT gen_random_uuid(), kind, n_legs, request_hash, group_id, reverses, effective_at, posted_at, xid, meta FROM ledger.transfers LIMIT 1`], // prettier-ignore
    ['a block that is gone', `DELETE FROM ledger.blocks WHERE seq = 2`],
    ['a hash', `UPDATE ledger.blocks SET hash = sha256(hash) WHERE seq = 2`],
  ];
  test('shows what was tampered with', async () => {
    for (let n = 0; n < 3; n += 1) {
      await t.ledger.submit(move());
      await sealAll();
    }
    const anchors = [await auditor.head()].filter((head) => head !== null);
    expect(await verifyTampered('SELECT 1', { anchors })).toEqual([]);
    for (const [what, sql] of tamperings) {
      expect({ what, isFound: (await verifyTampered(sql)).length > 0 }).toEqual({ what, isFound: true });
    }
    const cutTail = `DELETE FROM ledger.blocks WHERE seq = (SELECT max(seq) FROM ledger.blocks)`;
    expect(await verifyTampered(cutTail)).toEqual([]);
    expect(await verifyTampered(cutTail, { anchors })).toMatchObject([{ what: 'an anchored block is gone' }]);
  });
});

test('the feed skips nothing, though transactions commit in another order than they began', async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let posted = (): void => undefined;
  const hasPosted = new Promise<void>((resolve) => (posted = resolve));
  const slow = move();
  const slowTransaction = t.database.app.transaction(async (tx: Tx) => {
    const [bank, carol] = [account('bank_nostro', 'BTC'), account('customer_available', 'BTC', uuidV7())];
    await t.ledger.post(tx, { ...slow, legs: [debit(bank, 1n), credit(carol, 1n)] });
    posted();
    await held;
  });
  await hasPosted;
  const quick = move();
  await t.ledger.submit(quick);

  const read: string[] = [];
  let cursor: FeedCursor = FEED_START;
  const drain = async (): Promise<void> => {
    for (const item of await readFeed(t.database.app, cursor)) {
      read.push(item.id);
      cursor = item;
    }
  };
  await drain();
  expect(read).not.toContain(quick.id);
  release();
  await slowTransaction;
  for (let tries = 0; tries < 200 && read.length < 3; tries += 1) {
    await drain();
    await new Promise((wake) => setTimeout(wake, 50));
  }
  expect(read).toEqual(expect.arrayContaining([slow.id, quick.id]));
  expect(new Set(read).size).toBe(read.length);
});
