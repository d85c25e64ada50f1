import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { account, type Account, credit, debit, holdAccount, holdLegs, searchTransfers, type Transfer } from '@platform/ledger'; // prettier-ignore
import { createTestLedger, fund, type TestLedger } from './testing/index.js';

let t: TestLedger;
const clock = new ManualClock();

beforeAll(async () => {
  t = await createTestLedger({ clock });
});
afterAll(() => t.close());

const customer = (): Account => account('customer_available', 'USD', uuidV7());
const move = (from: Account, to: Account, amount: bigint, more: Partial<Transfer> = {}): Transfer => ({
  id: uuidV7(),
  kind: 'test.move',
  legs: [debit(from, amount), credit(to, amount)],
  ...more,
});

test("an owner's balances are split into available, held and pending", async () => {
  const alice = customer();
  const owner = alice.owner ?? '';
  await fund(t.ledger, alice, 100n);
  await fund(t.ledger, account('customer_pending_in', 'BTC', owner), 7n);
  await t.ledger.submit({
    id: uuidV7(),
    kind: 'ledger.hold',
    legs: holdLegs({ hold: uuidV7(), from: alice, amount: 30n }),
  });
  expect(await t.ledger.balances(owner)).toEqual([
    { asset: 'BTC', available: 0n, held: 0n, pendingIn: 7n },
    { asset: 'USD', available: 70n, held: 30n, pendingIn: 0n },
  ]);
});

test('the balance at any moment of the past is found', async () => {
  const [alice, bob] = [customer(), customer()];
  await fund(t.ledger, alice, 1_000n);
  const moments: { at: Date; balance: bigint }[] = [];
  for (let spent = 1n; spent <= 20n; spent += 1n) {
    clock.advance(1_000);
    await t.ledger.submit(move(alice, bob, 1n));
    moments.push({ at: clock.now(), balance: 1_000n - spent });
  }
  for (const { at, balance } of moments) {
    expect(await t.ledger.balanceAt(alice, at)).toBe(balance);
    expect(await t.ledger.balanceAt(alice, new Date(at.getTime() - 1))).toBe(balance + 1n);
  }
  expect(await t.ledger.balanceAt(alice, new Date(0))).toBe(0n);
});

describe('a statement', () => {
  test('leads from the opening to the closing balance, page by page', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 1_000n);
    clock.advance(1);
    const from = clock.now();
    for (let n = 0; n < 25; n += 1) await t.ledger.submit(move(alice, bob, 10n));
    clock.advance(1);
    const to = clock.now();
    await t.ledger.submit(move(alice, bob, 1n));

    const lines = [];
    let after: bigint | undefined;
    do {
      const page = await t.ledger.statement(
        alice,
        { from, to },
        { limit: 10, ...(after === undefined ? {} : { after }) },
      );
      expect([page.opening, page.closing]).toEqual([1_000n, 750n]);
      lines.push(...page.lines);
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(lines).toHaveLength(25);
    expect(lines.reduce((balance, line) => balance + line.change, 1_000n)).toBe(750n);
  });

  test('of an account that never moved is empty', async () => {
    const period = { from: new Date(0), to: clock.now() };
    expect(await t.ledger.statement(customer(), period)).toMatchObject({
      opening: 0n,
      closing: 0n,
      lines: [],
      next: null,
    });
  });
});

test('the trial balance is zero in every asset', async () => {
  const { isBalanced, lines } = await t.ledger.trialBalance();
  expect(isBalanced).toBe(true);
  expect(lines.length).toBeGreaterThan(2);
});

describe('a transfer', () => {
  test('is found by its id with its legs, its group and what reversed it', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const group = uuidV7();
    const transfer = move(alice, bob, 30n, { group, meta: { order: 'o-1' } });
    await t.ledger.submit(transfer);
    const reversal: Transfer = { ...move(bob, alice, 30n), kind: 'ledger.reversal', reverses: transfer.id };
    await t.ledger.submit(reversal);
    expect(await t.ledger.transfer(transfer.id)).toMatchObject({
      id: transfer.id,
      group,
      reversedBy: reversal.id,
      meta: { order: 'o-1' },
      entries: [
        { leg: 1, path: alice.path, amount: 30n, balanceAfter: 70n },
        { leg: 2, path: bob.path, amount: -30n, balanceAfter: 30n },
      ],
    });
    expect(await t.ledger.transfer(uuidV7())).toBeUndefined();
  });

  test('is found by owner, kind, group and time, newest first, page by page', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const sent: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const transfer = move(alice, bob, 1n);
      await t.ledger.submit(transfer);
      sent.unshift(transfer.id);
    }
    const filter = {
      owner: bob.owner ?? '',
      kind: 'test.move',
      postedFrom: new Date(0),
      postedBefore: new Date(clock.now().getTime() + 1),
    };
    const first = await searchTransfers(t.database.app, filter, { limit: 3 });
    const second = await searchTransfers(t.database.app, filter, { limit: 3, cursor: first.next ?? '' });
    expect([...first.transfers, ...second.transfers].map((found) => found.id)).toEqual(sent);
    expect(second.next).toBeNull();
    expect((await searchTransfers(t.database.app, { accountPath: holdAccount(alice).path })).transfers).toEqual([]);
    await expect(searchTransfers(t.database.app, {}, { cursor: "1.' OR 1=1" })).rejects.toThrow(RangeError);
  });
});

describe('an account', () => {
  const why = { reason: 'an investigation', by: 'operator-1' };

  test('that is frozen may only receive, until it is reopened', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    await t.database.app.transaction((tx) => t.ledger.freezeAccount(tx, alice, why));
    await expect(t.ledger.submit(move(alice, bob, 1n))).rejects.toMatchObject({
      code: 'account_frozen',
      accountPath: alice.path,
    });
    await fund(t.ledger, alice, 1n);
    await t.database.app.transaction((tx) => t.ledger.unfreezeAccount(tx, alice, why));
    expect(await t.ledger.submit(move(alice, bob, 101n))).toBe('posted');
  });

  test('closes only when it is empty, and then for good', async () => {
    const [alice, bob] = [customer(), customer()];
    const inTx = (
      change: (tx: Parameters<Parameters<typeof t.database.app.transaction>[0]>[0]) => Promise<void>,
    ): Promise<void> => t.database.app.transaction(change);
    await fund(t.ledger, alice, 1n);
    await expect(inTx((tx) => t.ledger.closeAccount(tx, alice, why))).rejects.toMatchObject({
      code: 'account_not_empty',
    });
    await t.ledger.submit(move(alice, bob, 1n));
    await inTx((tx) => t.ledger.closeAccount(tx, alice, why));
    await expect(t.ledger.submit(move(bob, alice, 1n))).rejects.toMatchObject({ code: 'account_closed' });
    await expect(inTx((tx) => t.ledger.unfreezeAccount(tx, alice, why))).rejects.toMatchObject({
      code: 'account_closed',
    });
  });

  test('can be given a floor below zero, but none above its balance', async () => {
    const desk = account('house_inventory', 'BTC', uuidV7());
    const to = account('customer_available', 'BTC', uuidV7());
    await t.database.app.transaction((tx) => t.ledger.setFloor(tx, desk, -50n, why));
    expect(await t.ledger.submit(move(desk, to, 50n))).toBe('posted');
    await expect(t.ledger.submit(move(desk, to, 1n))).rejects.toMatchObject({ code: 'insufficient_funds' });
    const above = t.database.app.transaction((tx) => t.ledger.setFloor(tx, desk, -49n, why));
    await expect(above).rejects.toMatchObject({ code: 'balance_below_floor' });
  });
});

test('holds whose time is over are given back, once, by any number of sweepers', async () => {
  const holders = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const from = customer();
      await fund(t.ledger, from, 10n);
      const expiresAt = new Date(clock.now().getTime() + 5_000);
      await t.ledger.submit({
        id: uuidV7(),
        kind: 'ledger.hold',
        legs: holdLegs({ hold: uuidV7(), from, amount: 8n, expiresAt }),
      });
      return from;
    }),
  );
  expect(await t.ledger.expireHolds()).toBe(0);
  clock.advance(5_000);
  await Promise.all([t.ledger.expireHolds(), t.ledger.expireHolds()]);
  expect(await Promise.all(holders.map((holder) => t.ledger.balance(holder)))).toEqual(holders.map(() => 10n));
});
