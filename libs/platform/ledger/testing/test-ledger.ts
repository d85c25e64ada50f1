import { type Clock, systemClock } from '@base/clock';
import { type Database, uuidV7 } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { type Account, account, credit, debit, Ledger, type PosterOptions } from '@platform/ledger';

export interface TestLedger {
  readonly database: TestDatabase;
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** A ledger on a database of its own, where `test.fund` and `test.move` may pair anything. */
export async function createTestLedger(
  options: { clock?: Clock; max?: number; poster?: PosterOptions } = {},
): Promise<TestLedger> {
  const database = await createTestDatabase({ max: options.max });
  await defineTestKinds(database.owner);
  const ledger = new Ledger(database.app, options.clock ?? systemClock, options.poster);
  return {
    database,
    ledger,
    close: async () => {
      await ledger.close();
      await database.drop();
    },
  };
}

/** Lets `test.fund` and `test.move` move anything anywhere, for specs that are about something else. */
export async function defineTestKinds(owner: Database): Promise<void> {
  await owner.query(`
    SELECT ledger.define_kind(kind, 'For specs', pairs)
      FROM unnest('{test.fund,test.move}'::text[]) kind,
           (SELECT array_agg(ARRAY[d.name, c.name]) AS pairs FROM ledger.account_types d, ledger.account_types c) every`);
}

/** Puts money on an account, against the bank for a liability, against equity for anything else. Needs {@link defineTestKinds}. */
export async function fund(ledger: Ledger, to: Account, amount: bigint): Promise<void> {
  const from = account('equity', to.asset);
  const isAsset = ['custody_hot', 'custody_warm', 'custody_cold', 'bank_nostro', 'external_venue'].includes(to.type);
  const legs = isAsset
    ? [debit(to, amount), credit(from, amount)]
    : [debit(account('bank_nostro', to.asset), amount), credit(to, amount)];
  await ledger.submit({ id: uuidV7(), kind: 'test.fund', legs });
}
