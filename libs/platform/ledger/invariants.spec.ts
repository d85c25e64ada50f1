import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Database, sqlState, uuidV7 } from '@base/database';
import { account, credit, debit, holdAccount, holdLegs, LedgerAuditor, type Violation } from '@platform/ledger';
import { systemClock } from '@base/clock';
import { createTestLedger, fund, type TestLedger } from './testing/index.js';

/** What the database itself refuses, with the service layer out of the way: raw SQL as the application and as the owner. */

let t: TestLedger;
let facts: { alice: bigint; bob: bigint; hold: string; transfer: string };
const alice = account('customer_available', 'USD', uuidV7());
const bob = account('customer_available', 'USD', uuidV7());

beforeAll(async () => {
  t = await createTestLedger();
  await fund(t.ledger, alice, 1_000n);
  await fund(t.ledger, bob, 1_000n);
  const transfer = uuidV7();
  const hold = uuidV7();
  await t.ledger.submit({ id: transfer, kind: 'test.move', legs: [debit(alice, 10n), credit(bob, 10n)] });
  await t.ledger.submit({ id: uuidV7(), kind: 'ledger.hold', legs: holdLegs({ hold, from: alice, amount: 50n }) });
  await new LedgerAuditor(t.database.app, systemClock).seal();
  const id = async (path: string): Promise<bigint> =>
    (await t.database.app.one<{ id: bigint }>('SELECT id FROM ledger.accounts WHERE path = $1', [path])).id;
  facts = { alice: await id(alice.path), bob: await id(bob.path), hold, transfer };
});
afterAll(() => t.close());

const PERMISSION_DENIED = '42501';

/** The SQLSTATE with which the statement was refused; a statement that goes through is undone. */
const refusalOf = (on: Database, sql: string): Promise<string> =>
  on
    .transaction(async (tx) => {
      await tx.query(sql);
      throw new Error('it went through');
    })
    .then(
      () => 'it went through',
      (error: unknown) => sqlState(error) ?? String(error),
    );

const HASH = `sha256('raw')`;
const at = `(SELECT max(updated_at) FROM ledger.balances)`;
const transferRow = (id: string, legs = 2): string =>
  `INSERT INTO ledger.transfers (id, kind, n_legs, request_hash, effective_at, posted_at, xid)
   VALUES ('${id}', 'test.move', ${legs}, ${HASH}, ${at}, ${at}, pg_current_xact_id())`;
/** Debit positive, as stored; both accounts are on the credit side. */
const entryRow = (id: string, on: bigint, leg: number, amount: string, after: string): string =>
  `INSERT INTO ledger.entries (account_id, account_version, transfer_id, posted_at, asset_id, leg, amount, balance_after)
   SELECT ${on}, version + 1, '${id}', ${at}, asset_id, ${leg}, ${amount}, ${after} FROM ledger.balances WHERE account_id = ${on}`;
const moved = (on: bigint, by: string): string =>
  `UPDATE ledger.balances SET balance = balance + ${by}, version = version + 1, prior_balance = balance, prior_version = version, updated_at = ${at}
    WHERE account_id = ${on}`;

/** A transfer written by hand, in one statement as `ledger.post()` does it. */
const byHand = (legs: { on: bigint; amount: string; after?: string; move?: string }[], nLegs = legs.length): string => {
  const id = uuidV7();
  const ctes = [`t AS (${transferRow(id, nLegs)})`];
  legs.forEach((leg, index) => {
    const after = leg.after ?? `balance - (${leg.amount})`;
    ctes.push(`e${index} AS (${entryRow(id, leg.on, index + 1, leg.amount, after)})`);
    ctes.push(`b${index} AS (${moved(leg.on, leg.move ?? `- (${leg.amount})`)})`);
  });
  return `WITH ${ctes.join(', ')} SELECT 1`;
};

test('a transfer written by hand that keeps every rule goes through, so the refusals below mean something', async () => {
  const sql = byHand([{ on: facts.alice, amount: '1' }, { on: facts.bob, amount: '-1' }]); // prettier-ignore
  expect(await refusalOf(t.database.owner, sql)).toBe('Error: it went through');
});

describe('the owner of the database is refused', () => {
  const cases: [string, () => string, string][] = [
    ['I1: a transfer that does not sum to zero', () => byHand([{ on: facts.alice, amount: '1' }, { on: facts.bob, amount: '-2' }]), 'LG001'], // prettier-ignore
    ['I2: a transfer with fewer legs than it says', () => byHand([{ on: facts.alice, amount: '1' }, { on: facts.bob, amount: '-1' }], 3), 'LG002'], // prettier-ignore
    ['I2: a transfer without legs', () => transferRow(uuidV7()), 'LG002'],
    ['I2: legs for a transfer that was posted before', () => `WITH e1 AS (${entryRow(facts.transfer, facts.alice, 3, '1', 'balance - 1')}), b1 AS (${moved(facts.alice, '- 1')}), e2 AS (${entryRow(facts.transfer, facts.bob, 4, '-1', 'balance + 1')}), b2 AS (${moved(facts.bob, '+ 1')}) SELECT 1`, 'LG002'], // prettier-ignore
    ['I2: legs of no transfer', () => `WITH e1 AS (${entryRow(uuidV7(), facts.alice, 1, '1', 'balance - 1')}), b1 AS (${moved(facts.alice, '- 1')}) SELECT 1`, 'LG001'], // prettier-ignore
    ['I3: a balance below its floor', () => byHand([{ on: facts.alice, amount: '5000' }, { on: facts.bob, amount: '-5000' }]), '23514'], // prettier-ignore
    ['I4: an entry that says another balance than there is', () => byHand([{ on: facts.alice, amount: '1', after: 'balance' }, { on: facts.bob, amount: '-1' }]), 'LG004'], // prettier-ignore
    ['I4: entries without their balances', () => { const id = uuidV7(); return `WITH t AS (${transferRow(id)}), a AS (${entryRow(id, facts.alice, 1, '1', 'balance - 1')}), b AS (${entryRow(id, facts.bob, 2, '-1', 'balance + 1')}) SELECT 1`; }, 'LG004'], // prettier-ignore
    ['I4: a balance that moves without an entry', () => moved(facts.alice, '- 1'), 'LG004'],
    ['I5: a balance that moves without its version', () => `UPDATE ledger.balances SET balance = balance - 1 WHERE account_id = ${facts.alice}`, 'LG005'], // prettier-ignore
    ['I5: a version that falls', () => `UPDATE ledger.balances SET version = version - 1 WHERE account_id = ${facts.alice}`, 'LG005'], // prettier-ignore
    ['I5: another asset for a balance', () => `UPDATE ledger.balances SET asset_id = 2 WHERE account_id = ${facts.alice}`, 'LG005'], // prettier-ignore
    ['I5: another side for a balance', () => `UPDATE ledger.balances SET normal_sign = -normal_sign WHERE account_id = ${facts.alice}`, 'LG005'], // prettier-ignore
    ['I5: another owner for an account', () => `UPDATE ledger.accounts SET owner_id = '${uuidV7()}' WHERE id = ${facts.alice}`, 'LG006'], // prettier-ignore
    ['I5: another scale for an asset', () => `UPDATE ledger.assets SET scale = 3 WHERE code = 'USD'`, 'LG006'],
    ['I5: another floor for an account type', () => `UPDATE ledger.account_types SET floor = NULL WHERE name = 'customer_available'`, 'LG006'], // prettier-ignore
    ['I5: a second balance that disagrees with the entries', () => `INSERT INTO ledger.balances (account_id, asset_id, type_code, normal_sign, is_hold, balance, updated_at) SELECT a.id + 1000000, 1, 2010, -1, false, 5, now() FROM ledger.accounts a LIMIT 1`, 'LG005'], // prettier-ignore
    ['I6: a change of an entry', () => `UPDATE ledger.entries SET amount = amount + 1 WHERE account_id = ${facts.alice}`, 'LG006'], // prettier-ignore
    ['I6: the deletion of an entry', () => `DELETE FROM ledger.entries WHERE account_id = ${facts.alice}`, 'LG006'],
    ['I6: the truncation of the entries', () => 'TRUNCATE ledger.entries', 'LG006'],
    ['I6: a change of a transfer', () => `UPDATE ledger.transfers SET kind = 'test.fund' WHERE id = '${facts.transfer}'`, 'LG006'], // prettier-ignore
    ['I6: the deletion of a transfer', () => `DELETE FROM ledger.transfers WHERE id = '${facts.transfer}'`, 'LG006'],
    ['I6: the truncation of the transfers', () => 'TRUNCATE ledger.transfers', 'LG006'],
    ['I6: a change of a sealed block', () => `UPDATE ledger.blocks SET hash = ${HASH}`, 'LG006'],
    ['I6: the deletion of a balance', () => `DELETE FROM ledger.balances WHERE account_id = ${facts.alice}`, 'LG006'],
    ['I7: a second transfer with the same id', () => transferRow(facts.transfer), '23505'],
    ['I9: more taken from a hold than is in it', () => `UPDATE ledger.holds SET remaining = remaining + amount WHERE id = '${facts.hold}'`, '23514'], // prettier-ignore
    ['I9: a hold that shrinks without an entry', () => `UPDATE ledger.holds SET remaining = remaining - 1 WHERE id = '${facts.hold}'`, 'LG009'], // prettier-ignore
    ['I9: a hold that nothing was put into', () => `INSERT INTO ledger.holds (id, account_id, release_to, amount, remaining, opened_at) SELECT gen_random_uuid(), account_id, release_to, 5, 5, opened_at FROM ledger.holds`, 'LG009'], // prettier-ignore
    ['I9: another end for a hold', () => `UPDATE ledger.holds SET expires_at = now() WHERE id = '${facts.hold}'`, 'LG006'], // prettier-ignore
    ['I13: an entry after a gap', () => byHand([{ on: facts.alice, amount: '1' }, { on: facts.bob, amount: '-1' }]).replace('version + 1,', 'version + 2,'), 'LG004'], // prettier-ignore
    ['I14: a block that does not continue the chain', () => `INSERT INTO ledger.blocks SELECT seq + 1, to_xid, (to_xid::text::numeric + 5)::text::xid8, 0, 0, ${HASH}, sha256('x'), sealed_at FROM ledger.blocks ORDER BY seq DESC LIMIT 1`, 'LG006'], // prettier-ignore
    ['B7: an entry of nothing', () => byHand([{ on: facts.alice, amount: '0' }, { on: facts.bob, amount: '0' }]), '23514'], // prettier-ignore
    ['B7: one asset paid with another', () => byHand([{ on: facts.alice, amount: '1' }, { on: facts.bob, amount: '-1' }]).replace('asset_id, 2, -1', '10, 2, -1'), 'LG001'], // prettier-ignore
    [`B9: 'NaN' as an amount`, () => byHand([{ on: facts.alice, amount: `'NaN'::numeric` }, { on: facts.bob, amount: `'NaN'::numeric` }]), '23514'], // prettier-ignore
    [`B9: 'NaN' as a balance`, () => byHand([{ on: facts.alice, amount: '1', after: `'NaN'`, move: `+ 'NaN'::numeric` }, { on: facts.bob, amount: '-1' }]), '23514'], // prettier-ignore
    [`B9: 'Infinity' as an amount`, () => byHand([{ on: facts.alice, amount: `'Infinity'::numeric` }, { on: facts.bob, amount: `'-Infinity'::numeric` }]), '22003'], // prettier-ignore
  ];
  test.each(cases)('%s', async (_, sql, code) => {
    expect(await refusalOf(t.database.owner, sql())).toBe(code);
  });
});

describe('B8: the application role cannot touch', () => {
  const tables = ['transfers', 'entries', 'balances', 'holds', 'blocks', 'accounts', 'assets', 'account_types', 'transfer_kinds', 'account_changes', 'periods']; // prettier-ignore
  test.each(tables)('ledger.%s', async (table) => {
    for (const sql of [
      `INSERT INTO ledger.${table} DEFAULT VALUES`,
      `DELETE FROM ledger.${table}`,
      `TRUNCATE ledger.${table}`,
    ]) {
      expect(await refusalOf(t.database.app, sql)).toBe(PERMISSION_DENIED);
    }
    const { column } = await t.database.owner.one<{ column: string }>(
      `SELECT quote_ident(attname) AS column FROM pg_attribute WHERE attrelid = 'ledger.${table}'::regclass AND attnum = 1`,
    );
    expect(await refusalOf(t.database.app, `UPDATE ledger.${table} SET ${column} = DEFAULT`)).toBe(PERMISSION_DENIED);
  });

  test('the functions that are not for it', async () => {
    for (const call of [`ledger.define_kind('x.y', '', '{}')`, 'ledger.rebuild_balances()']) {
      expect(await refusalOf(t.database.app, `SELECT ${call}`)).toBe(PERMISSION_DENIED);
    }
  });
});

describe('the application role, calling ledger.post() by hand, is refused', () => {
  const call = (parts: {
    amounts?: string;
    accounts?: string;
    hashes?: string;
    counts?: string;
    kinds?: string;
  }): string => {
    const ids = `ARRAY[${[facts.alice, facts.bob].sort((x, y) => (x < y ? -1 : 1)).join(',')}]`;
    return `SELECT outcomes FROM ledger.post(now(), ARRAY['${uuidV7()}']::uuid[], ${parts.kinds ?? `'{test.move}'`},
      ${parts.hashes ?? `ARRAY[${HASH}]`}, ${parts.counts ?? `'{2}'`}, ${parts.accounts ?? ids}, '{1,1}', '{1,2}', ${parts.amounts ?? `'{1,-1}'`})`;
  };
  const outcome = async (sql: string): Promise<string> =>
    (await t.database.app.one<{ outcomes: string[] }>(sql)).outcomes.join();

  test('what does not sum to zero', async () => {
    expect(await refusalOf(t.database.app, call({ amounts: `'{1,-2}'` }))).toBe('LG001');
  });
  test('fractions, NaN, infinity and nothing', async () => {
    for (const amounts of ['{0.5,-0.5}', '{1.0,-1.0}', '{NaN,NaN}', '{Infinity,-Infinity}', '{0,0}', '{NULL,NULL}']) {
      expect(await outcome(call({ amounts: `'${amounts}'` }))).toBe('invalid_amount');
    }
  });
  test('accounts that do not exist, or are listed twice', async () => {
    expect(await outcome(call({ accounts: `ARRAY[${facts.alice}, 999999999]` }))).toBe('unknown_account');
    expect(await refusalOf(t.database.app, call({ accounts: `ARRAY[${facts.alice}, ${facts.alice}]` }))).toBe('LG000');
  });
  test('arrays that do not fit together', async () => {
    expect(await refusalOf(t.database.app, call({ counts: `'{1}'` }))).toBe('LG000');
    expect(await refusalOf(t.database.app, call({ counts: `'{3}'` }))).toBe('LG000');
    expect(await refusalOf(t.database.app, call({ counts: `'{2,2}'` }))).toBe('LG000');
    expect(await refusalOf(t.database.app, call({ hashes: `ARRAY['\\x00'::bytea]` }))).toBe('23514');
  });
  test('a kind that does not pair the accounts', async () => {
    expect(await outcome(call({ kinds: `'{ledger.hold}'` }))).toBe('kind_not_allowed');
    expect(await outcome(call({ kinds: `'{nobody.knows}'` }))).toBe('kind_unknown');
  });
});

describe('the audit finds a defect planted behind the guards', () => {
  const held = account('customer_hold', 'USD', alice.owner ?? undefined);
  const plants: [string, Violation['invariant'], () => string][] = [
    ['an amount that was changed', 'I1', () => `UPDATE ledger.entries SET amount = amount + 1 WHERE transfer_id = '${facts.transfer}' AND leg = 1`], // prettier-ignore
    ['a leg that was deleted', 'I2', () => `DELETE FROM ledger.entries WHERE transfer_id = '${facts.transfer}' AND leg = 2`], // prettier-ignore
    ['a transfer that was deleted', 'I2', () => `DELETE FROM ledger.transfers WHERE id = '${facts.transfer}'`],
    ['a floor that was passed', 'I3', () => `ALTER TABLE ledger.balances DROP CONSTRAINT balances_floor; UPDATE ledger.balances SET balance = -5 WHERE account_id = ${facts.alice}`], // prettier-ignore
    ['a balance that was changed', 'I4', () => `UPDATE ledger.balances SET balance = balance + 1 WHERE account_id = ${facts.bob}`], // prettier-ignore
    ['a balance that was deleted', 'I4', () => `DELETE FROM ledger.balances WHERE account_id = ${facts.bob}`],
    ['an account that was given to another', 'I5', () => `UPDATE ledger.accounts SET owner_id = '${uuidV7()}' WHERE id = ${facts.bob}`], // prettier-ignore
    ['a guard that is switched off', 'I6', () => 'SELECT 1'],
    ['a hold that grew', 'I9', () => `UPDATE ledger.holds SET remaining = remaining - 1 WHERE id = '${facts.hold}'`],
    ['a hold account without its hold', 'I9', () => `DELETE FROM ledger.holds WHERE id = '${facts.hold}'`],
    ['money from nowhere', 'I12', () => `UPDATE ledger.balances SET balance = balance + 1 WHERE account_id = ${facts.bob}`], // prettier-ignore
    ['a running balance that jumps', 'I13', () => `UPDATE ledger.entries SET balance_after = balance_after + 1 WHERE account_id = ${facts.alice} AND account_version = 1`], // prettier-ignore
    ['a gap in an account', 'I13', () => `UPDATE ledger.entries SET account_version = account_version + 100 WHERE account_id = ${facts.alice} AND account_version > 1`], // prettier-ignore
  ];

  test('and nothing when there is none', async () => {
    expect(holdAccount(alice)).toEqual(held);
    expect(await new LedgerAuditor(t.database.app, systemClock).invariants()).toEqual([]);
  });

  test.each(plants)('%s (%s)', async (_, invariant, sql) => {
    const { auditInvariants } = await import('./audit-invariants.js');
    let violations: Violation[] = [];
    const undone = new Error('undone');
    const planted = t.database.owner.transaction(async (tx) => {
      for (const table of ['transfers', 'entries', 'balances', 'holds', 'accounts']) {
        await tx.query(`ALTER TABLE ledger.${table} DISABLE TRIGGER USER`);
      }
      await tx.query(sql());
      violations = await auditInvariants(tx);
      throw undone;
    });
    await expect(planted).rejects.toBe(undone);
    expect(violations.map((violation) => violation.invariant)).toContain(invariant);
  });
});
