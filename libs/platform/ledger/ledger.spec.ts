import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { account, type Account, captureLegs, credit, debit, holdAccount, holdLegs, type LedgerRefusal, releaseLegs, type Transfer } from '@platform/ledger'; // prettier-ignore
import { createTestLedger, fund, type TestLedger } from './testing/index.js';

let t: TestLedger;
const clock = new ManualClock();

beforeAll(async () => {
  t = await createTestLedger({ clock });
});
afterAll(() => t.close());

const customer = (asset: 'USD' | 'BTC' | 'ETH' = 'USD'): Account => account('customer_available', asset, uuidV7());
const move = (from: Account, to: Account, amount: bigint, more: Partial<Transfer> = {}): Transfer => ({
  id: uuidV7(),
  kind: 'test.move',
  legs: [debit(from, amount), credit(to, amount)],
  ...more,
});
const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'posted',
    (error: LedgerRefusal) => error.code,
  );

describe('a transfer', () => {
  test('moves value between accounts that open themselves', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    expect(await t.ledger.submit(move(alice, bob, 30n))).toBe('posted');
    expect(await t.ledger.balance(alice)).toBe(70n);
    expect(await t.ledger.balance(bob)).toBe(30n);
  });

  test('commits and rolls back with the transaction of its caller', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    await t.database.app.transaction((tx) => t.ledger.post(tx, move(alice, bob, 10n)));
    const rolledBack = t.database.app.transaction(async (tx) => {
      await t.ledger.post(tx, move(alice, customer(), 20n));
      throw new Error('the caller changed its mind');
    });
    await expect(rolledBack).rejects.toThrow('changed its mind');
    expect(await t.ledger.balance(alice)).toBe(90n);
  });

  test('posted again is a duplicate, and with another body is refused', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const transfer = move(alice, bob, 30n);
    expect(await t.ledger.submit(transfer)).toBe('posted');
    expect(await t.ledger.submit(transfer)).toBe('duplicate');
    expect(await t.database.app.transaction((tx) => t.ledger.post(tx, transfer))).toBe('duplicate');
    expect(await refusal(t.ledger.submit({ ...transfer, meta: { note: 'other' } }))).toBe('id_reused');
    expect(await t.ledger.balance(bob)).toBe(30n);
  });

  test('that overdraws is refused and names the account', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 10n);
    const transfer = move(alice, bob, 11n);
    await expect(t.ledger.submit(transfer)).rejects.toMatchObject({
      code: 'insufficient_funds',
      accountPath: alice.path,
      transferId: transfer.id,
    });
  });

  test('moves several assets at once, each balanced on its own', async () => {
    const [buyer, seller] = [customer('USD'), customer('BTC')];
    await fund(t.ledger, buyer, 6_000n);
    await fund(t.ledger, seller, 500n);
    const bought = account('customer_available', 'BTC', buyer.owner ?? undefined);
    const sold = account('customer_available', 'USD', seller.owner ?? undefined);
    const fee = account('fee_revenue', 'USD');
    const trade = [debit(buyer, 1_000n), credit(sold, 990n), credit(fee, 10n), debit(seller, 20n), credit(bought, 20n)];
    await t.ledger.submit({ id: uuidV7(), kind: 'test.move', legs: trade });
    expect(await Promise.all([buyer, bought, seller, sold, fee].map((a) => t.ledger.balance(a)))).toEqual([5_000n, 20n, 480n, 990n, 10n]); // prettier-ignore
  });

  test('is refused when some asset does not balance, or a leg moves nothing', async () => {
    const [alice, bob] = [customer(), customer('BTC')];
    expect(await refusal(t.ledger.submit({ id: uuidV7(), kind: 'test.move', legs: [debit(alice, 5n), credit(bob, 5n)] }))).toBe('unbalanced'); // prettier-ignore
    expect(await refusal(t.ledger.submit(move(alice, customer(), 0n)))).toBe('invalid_amount');
  });

  test('needs a kind that pairs its account types', async () => {
    const alice = customer();
    await fund(t.ledger, alice, 10n);
    expect(await refusal(t.ledger.submit(move(alice, customer(), 1n, { kind: 'test.nowhere' })))).toBe('kind_unknown');
    expect(await refusal(t.ledger.submit(move(alice, customer(), 1n, { kind: 'ledger.hold' })))).toBe(
      'kind_not_allowed',
    );
  });
});

describe('linked transfers', () => {
  test('stand or fall together, and leave their neighbours alone', async () => {
    const [alice, bob, carol] = [customer(), customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const good = move(alice, bob, 60n);
    const results = await Promise.all([
      refusal(t.ledger.submit([good, move(bob, carol, 61n)])),
      refusal(t.ledger.submit(move(alice, carol, 100n))),
    ]);
    expect(results).toEqual(['insufficient_funds', 'posted']);
    expect(await t.ledger.balance(alice)).toBe(0n);
    expect(await t.ledger.balance(bob)).toBe(0n);
  });

  test('see what those before them did', async () => {
    const [alice, bob, carol] = [customer(), customer(), customer()];
    await fund(t.ledger, alice, 5n);
    expect(await t.ledger.submit([move(alice, bob, 5n), move(bob, carol, 5n)])).toEqual(['posted', 'posted']);
    expect(await t.ledger.balance(carol)).toBe(5n);
  });
});

describe('held money', () => {
  test('leaves by its hold alone: captured in part, the rest released', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const hold = uuidV7();
    await t.ledger.submit({ id: uuidV7(), kind: 'ledger.hold', legs: holdLegs({ hold, from: alice, amount: 80n }) });
    expect(await refusal(t.ledger.submit(move(alice, bob, 21n)))).toBe('insufficient_funds');
    const capture = (amount: bigint): Transfer => ({
      id: uuidV7(),
      kind: 'test.move',
      legs: captureLegs({ hold, from: alice, to: [{ account: bob, amount }] }),
    });
    await t.ledger.submit(capture(50n));
    expect(await refusal(t.ledger.submit(capture(31n)))).toBe('hold_insufficient');
    await t.ledger.submit({
      id: uuidV7(),
      kind: 'ledger.hold-release',
      legs: releaseLegs({ hold, from: alice, amount: 30n }),
    });
    expect(await t.ledger.balance(alice)).toBe(50n);
    expect(await t.ledger.balance(bob)).toBe(50n);
    expect(await t.ledger.balance(holdAccount(alice))).toBe(0n);
  });

  test('can only go back once its hold has expired', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const hold = uuidV7();
    const expiresAt = new Date(clock.now().getTime() + 1_000);
    await t.ledger.submit({
      id: uuidV7(),
      kind: 'ledger.hold',
      legs: holdLegs({ hold, from: alice, amount: 80n, expiresAt }),
    });
    clock.advance(1_000);
    const legs = captureLegs({ hold, from: alice, to: [{ account: bob, amount: 80n }] });
    expect(await refusal(t.ledger.submit({ id: uuidV7(), kind: 'test.move', legs }))).toBe('hold_expired');
    await t.ledger.submit({
      id: uuidV7(),
      kind: 'ledger.hold-expired',
      legs: releaseLegs({ hold, from: alice, amount: 80n }),
    });
    expect(await t.ledger.balance(alice)).toBe(100n);
  });

  test('is not released to another account than it came from', async () => {
    const [alice, bob] = [customer(), customer()];
    await fund(t.ledger, alice, 100n);
    const hold = uuidV7();
    await t.ledger.submit({ id: uuidV7(), kind: 'ledger.hold', legs: holdLegs({ hold, from: alice, amount: 80n }) });
    const legs = captureLegs({ hold, from: alice, to: [{ account: bob, amount: 80n }] });
    expect(await refusal(t.ledger.submit({ id: uuidV7(), kind: 'ledger.hold-release', legs }))).toBe(
      'kind_not_allowed',
    );
  });
});
