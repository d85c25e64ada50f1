import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@base/clock';
import { type Database, sqlState, uuidV7 } from '@base/database';
import { account, type Account, credit, debit, holdLegs, LedgerAuditor, type Transfer } from '@platform/ledger';
import { createTestLedger, type TestLedger } from './testing/index.js';

/** B14: the table of balances is a projection. It is lost and falsified here, and comes back from the entries. */

const SIZE = process.env['TORTURE'] ? { accounts: 100_000, transfers: 500_000 } : { accounts: 400, transfers: 2_500 };
const FLOCK = 1_000;
const DRILL_MS = 1_200_000;
const why = { reason: 'a drill', by: 'spec' };

let t: TestLedger;
const customers = Array.from({ length: SIZE.accounts }, () => account('customer_available', 'USD', uuidV7()));
const bank = account('bank_nostro', 'USD');
const at = (index: number): Account => customers[index % customers.length] ?? bank;

beforeAll(async () => {
  t = await createTestLedger();
  await submitAll(
    customers.map((to) => ({ id: uuidV7(), kind: 'test.fund', legs: [debit(bank, 10_000n), credit(to, 10_000n)] })),
  );
  await submitAll(Array.from({ length: SIZE.transfers - SIZE.accounts }, (_, index) => pay(index)));
  const [held, frozen, bounded] = [at(1), at(2), at(3)];
  await t.ledger.submit({ id: uuidV7(), kind: 'ledger.hold', legs: holdLegs({ hold: uuidV7(), from: held, amount: 7n }) }); // prettier-ignore
  await t.database.app.transaction(async (tx) => {
    const unused = account('customer_available', 'EUR', uuidV7());
    await t.ledger.openAccounts(tx, [account('customer_available', 'BTC', uuidV7()), unused]);
    await t.ledger.freezeAccount(tx, frozen, why);
    await t.ledger.setFloor(tx, bounded, 5n, why);
    await t.ledger.closeAccount(tx, unused, why);
  });
}, DRILL_MS);
afterAll(() => t.close());

function pay(index: number): Transfer {
  const [from, to] = [at(index * 7), at(index * 13 + 1)];
  const amount = BigInt(1 + (index % 5));
  return { id: uuidV7(), kind: 'test.move', legs: from.path === to.path ? [debit(from, amount), credit(bank, amount)] : [debit(from, amount), credit(to, amount)] }; // prettier-ignore
}

async function submitAll(transfers: readonly Transfer[]): Promise<void> {
  for (let start = 0; start < transfers.length; start += FLOCK) {
    await Promise.all(transfers.slice(start, start + FLOCK).map((transfer) => t.ledger.submit(transfer)));
  }
}

interface Rebuilt {
  readonly accounts: bigint;
  readonly lost: bigint;
  readonly wrong: bigint;
}
const rebuild = (on: Database = t.database.owner): Promise<Rebuilt> =>
  on.transaction((tx) => tx.one<Rebuilt>('SELECT * FROM ledger.rebuild_balances()'));

/** Every row, but for what it was before its newest posting, which only that posting asks. */
const rows = (): Promise<object[]> =>
  t.database.owner.query(
    `SELECT account_id, asset_id, type_code, normal_sign, is_hold, may_pay, may_receive, balance, floor, version, updated_at
       FROM ledger.balances ORDER BY account_id`,
  );

/** Columns, constraints, guards, grants and storage, as PostgreSQL describes them. */
const structure = (): Promise<object[]> =>
  t.database.owner.query(
    `SELECT 'column' AS what, attname::text AS name,
            concat(format_type(atttypid, atttypmod), ' ', attnotnull, ' ', pg_get_expr(d.adbin, d.adrelid)) AS text
       FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE attrelid = 'ledger.balances'::regclass AND attnum > 0
     UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'ledger.balances'::regclass
     UNION ALL SELECT 'trigger', tgname, concat(pg_get_triggerdef(oid), ' ', tgenabled) FROM pg_trigger WHERE tgrelid = 'ledger.balances'::regclass
     UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'ledger' AND tablename = 'balances'
     UNION ALL SELECT 'table', relname, concat(reloptions::text, ' ', relacl::text, ' ', relowner::regrole, ' ', obj_description(oid))
       FROM pg_class WHERE oid = 'ledger.balances'::regclass
      ORDER BY 1, 2`,
  );

const violations = (): Promise<unknown[]> => new LedgerAuditor(t.database.app, systemClock).invariants();

/** Behind the guards, as a fault of the disk or of a superuser would. */
const plant = (...statements: string[]): Promise<void> =>
  t.database.owner.transaction(async (tx) => {
    for (const table of ['balances', 'entries']) await tx.query(`ALTER TABLE ledger.${table} DISABLE TRIGGER USER`);
    for (const sql of statements) await tx.query(sql);
    for (const table of ['balances', 'entries']) await tx.query(`ALTER TABLE ledger.${table} ENABLE TRIGGER USER`);
  });

const idOf = async (of: Account): Promise<bigint> =>
  (await t.database.owner.one<{ id: bigint }>('SELECT id FROM ledger.accounts WHERE path = $1', [of.path])).id;

describe('B14: the balances', () => {
  it(
    'B14: are dropped, and rebuilt from the entries: the same rows, the same guards, and the books go on',
    async () => {
      const [rowsBefore, structureBefore] = [await rows(), await structure()];
      expect(rowsBefore.length).toBeGreaterThan(SIZE.accounts);
      await t.database.owner.query('DROP TABLE ledger.balances');
      await expect(t.ledger.balance(at(4))).rejects.toThrow('does not exist');

      const count = BigInt(rowsBefore.length);
      const start = performance.now();
      expect(await rebuild()).toEqual({ accounts: count, lost: count, wrong: 0n });
      if (process.env['TORTURE'])
        console.log(`rebuilt ${count} balances in ${Math.round(performance.now() - start)} ms`);

      expect(await rows()).toEqual(rowsBefore);
      expect(await structure()).toEqual(structureBefore);
      expect(await violations()).toEqual([]);
      expect(await t.ledger.submit(pay(4))).toBe('posted');
      await expect(t.ledger.submit({ ...pay(0), legs: [debit(at(2), 1n), credit(bank, 1n)] })).rejects.toMatchObject({ code: 'account_frozen' }); // prettier-ignore
    },
    DRILL_MS,
  );

  it(
    'B14: that are wrong or missing are found, counted and repaired; sound ones stay as they are',
    async () => {
      const before = await rows();
      await plant(
        `UPDATE ledger.balances SET balance = balance + 1 WHERE account_id = ${await idOf(at(5))}`,
        `UPDATE ledger.balances SET version = version - 1 WHERE account_id = ${await idOf(at(6))}`,
        `UPDATE ledger.balances SET may_pay = true WHERE account_id = ${await idOf(at(2))}`,
        `UPDATE ledger.balances SET floor = NULL WHERE account_id = ${await idOf(at(3))}`,
        `DELETE FROM ledger.balances WHERE account_id = ${await idOf(at(7))}`,
        `INSERT INTO ledger.balances (account_id, asset_id, type_code, normal_sign, is_hold, balance, updated_at)
         SELECT account_id + 10000000, asset_id, type_code, normal_sign, is_hold, 5, updated_at FROM ledger.balances LIMIT 1`,
      );
      expect(await violations()).not.toEqual([]);
      expect(await rebuild()).toEqual({ accounts: BigInt(before.length), lost: 1n, wrong: 5n });
      expect(await rows()).toEqual(before);
      expect(await violations()).toEqual([]);
      expect(await rebuild()).toEqual({ accounts: BigInt(before.length), lost: 0n, wrong: 0n });
    },
    DRILL_MS,
  );

  it(
    'B14: are rebuilt under trade: who posts or opens accounts meanwhile waits, and is served',
    async () => {
      let going = true;
      let posted = 0;
      const traders = Array.from({ length: 8 }, async (_, trader) => {
        for (let index = 0; going; index += 1) {
          const opened = account('customer_available', 'USD', uuidV7());
          const legs = [debit(at(trader * 31 + index * 11 + 8), 1n), credit(opened, 1n)];
          const transfer = { id: uuidV7(), kind: 'test.move', legs };
          const through = index % 2 === 0 ? t.ledger.submit(transfer) : t.database.app.transaction((tx) => t.ledger.post(tx, transfer)); // prettier-ignore
          expect(await through).toBe('posted');
          posted += 1;
        }
      });
      const drill = (async () => {
        for (let round = 0; round < 5; round += 1) {
          const before = posted;
          expect(await rebuild()).toMatchObject({ lost: 0n, wrong: 0n });
          while (posted < before + 8) await new Promise((resume) => setTimeout(resume, 5));
        }
      })().finally(() => (going = false));
      await Promise.all([drill, ...traders]);
      expect(await violations()).toEqual([]);
    },
    DRILL_MS,
  );

  it('B14: are not rebuilt from a history that contradicts itself, nor from an old snapshot; and nothing changes', async () => {
    const before = await rows();
    const id = await idOf(at(9));
    await plant(`UPDATE ledger.entries SET amount = amount - 1 WHERE account_id = ${id} AND account_version = 1`);
    await expect(rebuild()).rejects.toMatchObject({ code: 'LG004' });
    await plant(`UPDATE ledger.entries SET amount = amount + 1 WHERE account_id = ${id} AND account_version = 1`);
    const stale = t.database.owner.transaction(async (tx) => {
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      await tx.query('SELECT ledger.rebuild_balances()');
    });
    await expect(stale).rejects.toMatchObject({ code: '25001' });
    expect(await rows()).toEqual(before);
  });

  it('B14: are the owner’s to rebuild: the application can neither call it nor lose them', async () => {
    const attempts = [
      'SELECT ledger.rebuild_balances()',
      'SELECT ledger.create_balances()',
      'SELECT * FROM ledger.derive_balances()',
      'DROP TABLE ledger.balances',
      'TRUNCATE ledger.balances',
      'ALTER TABLE ledger.balances DISABLE TRIGGER USER',
    ];
    for (const sql of attempts) {
      const refused = await t.database.app.query(sql).then(() => 'it went through', sqlState);
      expect([sql, refused]).toEqual([sql, '42501']);
    }
  });
});
