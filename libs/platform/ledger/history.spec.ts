import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { account, type Account, captureLegs, credit, debit, holdAccount, holdLegs, Ledger, LedgerAuditor, releaseLegs, type Transfer } from '@platform/ledger'; // prettier-ignore
import { Oracle } from './testing/oracle.js';
import { createTestLedger, type TestLedger } from './testing/index.js';

/** Random histories against a ledger that is one map and a few rules (testing/oracle.ts). */

const TORTURE = process.env['TORTURE'] !== undefined;
let t: TestLedger;
let second: Ledger;
const clock = new ManualClock();

beforeAll(async () => {
  t = await createTestLedger({ clock });
  // Another process on the same database.
  second = new Ledger(t.database.app, clock);
});
afterAll(async () => {
  await second.close();
  await t.close();
});

const CUSTOMERS = 4;
const small = fc.integer({ min: 1, max: 60 }).map(BigInt);
const who = fc.nat(CUSTOMERS - 1);

type Step =
  | { readonly do: 'fund' | 'fee'; readonly who: number; readonly amount: bigint }
  | { readonly do: 'pay'; readonly who: number; readonly to: number; readonly amount: bigint }
  | { readonly do: 'hold'; readonly who: number; readonly amount: bigint; readonly ttlMs: number | undefined }
  | { readonly do: 'capture'; readonly pick: number; readonly to: number; readonly amount: bigint }
  | { readonly do: 'release'; readonly pick: number; readonly amount: bigint }
  | { readonly do: 'retry' | 'reuse' | 'reverse'; readonly pick: number }
  | { readonly do: 'freeze'; readonly who: number }
  | { readonly do: 'expire'; readonly afterMs: number }
  | {
      readonly do: 'linked';
      readonly who: number;
      readonly to: number;
      readonly amount: bigint;
      readonly then: bigint;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('fund' as const), who, amount: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pay' as const), who, to: who, amount: small }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fee' as const), who, amount: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hold' as const), who, amount: small, ttlMs: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }) }) }, // prettier-ignore
  { weight: 3, arbitrary: fc.record({ do: fc.constant('capture' as const), pick: fc.nat(), to: who, amount: small }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), pick: fc.nat(), amount: small }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('retry' as const, 'reuse' as const, 'reverse' as const), pick: fc.nat() }) }, // prettier-ignore
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), afterMs: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('linked' as const), who, to: who, amount: small, then: small }) },
);

class World {
  readonly oracle = new Oracle();
  readonly customers: Account[] = Array.from({ length: CUSTOMERS }, () =>
    account('customer_available', 'USD', uuidV7()),
  );
  readonly holds: { id: string; from: Account }[] = [];
  readonly bank = account('bank_nostro', 'USD', uuidV7());
  readonly fees = account('fee_revenue', 'USD', uuidV7());

  customer(index: number): Account {
    return this.customers[index] ?? this.bank;
  }

  /** The transfers that a step asks for; none when there is nothing to do it to. */
  transfers(step: Exclude<Step, { do: 'freeze' | 'expire' }>): Transfer[] {
    const move = (legs: Transfer['legs'], kind = 'test.move'): Transfer => ({ id: uuidV7(), kind, legs });
    const pay = (from: Account, to: Account, amount: bigint): Transfer =>
      move([debit(from, amount), credit(to, amount)]);
    switch (step.do) {
      case 'fund':
        return [pay(this.bank, this.customer(step.who), step.amount)];
      case 'fee':
        return [pay(this.customer(step.who), this.fees, step.amount)];
      case 'pay':
        return [pay(this.customer(step.who), this.customer(step.to), step.amount)];
      case 'linked':
        return [
          pay(this.customer(step.who), this.customer(step.to), step.amount),
          pay(this.customer(step.to), this.fees, step.then),
        ];
      case 'hold': {
        const hold = { id: uuidV7(), from: this.customer(step.who) };
        this.holds.push(hold);
        const expiry = step.ttlMs === undefined ? {} : { expiresAt: new Date(clock.now().getTime() + step.ttlMs) };
        return [move(holdLegs({ hold: hold.id, from: hold.from, amount: step.amount, ...expiry }), 'ledger.hold')];
      }
      case 'capture': {
        const hold = this.holds[step.pick % this.holds.length];
        if (!hold) return [];
        const to = [{ account: this.customer(step.to), amount: step.amount }];
        return [move(captureLegs({ hold: hold.id, from: hold.from, to }))];
      }
      case 'release': {
        const hold = this.holds[step.pick % this.holds.length];
        if (!hold) return [];
        return [move(releaseLegs({ hold: hold.id, from: hold.from, amount: step.amount }), 'ledger.hold-release')];
      }
      case 'retry':
      case 'reuse':
      case 'reverse': {
        // What the sweep posted has another id in the ledger than in the oracle's books: no caller can know it.
        const postedTransfers = this.oracle.postedTransfers.filter(({ kind }) => kind !== 'ledger.hold-expired');
        const of = postedTransfers[step.pick % postedTransfers.length];
        if (!of) return [];
        if (step.do === 'retry') return [of];
        if (step.do === 'reuse') return [{ ...of, meta: { other: true } }];
        const legs = of.legs.map(({ account: on, amount, hold }) => ({ account: on, amount: -amount, ...(hold !== undefined && { hold }) })); // prettier-ignore
        return [{ id: uuidV7(), kind: 'ledger.reversal', legs, reverses: of.id }];
      }
    }
  }
}

const answerOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'ok',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

async function expectSame(world: World): Promise<void> {
  for (const customer of world.customers) {
    for (const on of [customer, holdAccount(customer)]) {
      expect([on.path, await t.ledger.balance(on)]).toEqual([on.path, world.oracle.balance(on.path)]);
    }
  }
}

test('a history of any transfers, holds, retries, reversals and freezes ends as the oracle says, answer by answer', async () => {
  const runs = { numRuns: TORTURE ? 400 : 12, verbose: 1, endOnFailure: true };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 50 }), async (steps) => {
      const world = new World();
      for (const step of steps) {
        clock.advance(1);
        if (step.do === 'freeze') {
          const customer = world.customer(step.who);
          const isFrozen = world.oracle.frozen.has(customer.path);
          const change = { reason: 'a spec', by: 'spec' };
          await t.database.app.transaction((tx) =>
            isFrozen ? t.ledger.unfreezeAccount(tx, customer, change) : t.ledger.freezeAccount(tx, customer, change),
          );
          if (isFrozen) world.oracle.frozen.delete(customer.path);
          else world.oracle.frozen.add(customer.path);
        } else if (step.do === 'expire') {
          clock.advance(step.afterMs);
          await expireAsOracle(world);
        } else {
          const unit = world.transfers(step);
          const expected = unit.length === 0 ? 'ok' : world.oracle.post(unit, clock.now());
          expect([step, await answerOf(t.ledger.submit(unit))]).toEqual([step, expected]);
        }
      }
      await expectSame(world);
    }),
    runs,
  );
  expect(await new LedgerAuditor(t.database.app, clock).invariants()).toEqual([]);
});

/** The sweep is the real one; the oracle releases what has expired by its own books. */
async function expireAsOracle(world: World): Promise<void> {
  await t.ledger.expireHolds();
  for (const [id, remaining] of world.oracle.openHolds) {
    const hold = world.holds.find((one) => one.id === id);
    const left = await t.database.app.maybeOne<{ remaining: bigint }>(
      'SELECT remaining FROM ledger.holds WHERE id = $1 AND expires_at <= $2',
      [id, clock.now()],
    );
    if (!hold || left?.remaining !== 0n) continue;
    const legs = releaseLegs({ hold: id, from: hold.from, amount: remaining });
    expect(world.oracle.post([{ id: uuidV7(), kind: 'ledger.hold-expired', legs }], clock.now())).toBe('ok');
  }
}

test('histories of many callers on two processes break no invariant, and every acknowledged transfer is there once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 30, maxLength: 60 }),
      fc.infiniteStream(fc.boolean()),
      async (steps, doors) => {
        const world = new World();
        for (const customer of world.customers) await t.ledger.submit(world.transfers({ do: 'fund', who: world.customers.indexOf(customer), amount: 100n })); // prettier-ignore
        clock.advance(1);
        const asked: { unit: Transfer[]; answer: Promise<string> }[] = [];
        for (const step of steps) {
          if (step.do === 'freeze' || step.do === 'expire') continue;
          const unit = world.transfers(step);
          if (unit.length === 0) continue;
          const isFirst: boolean = doors.next().value === true;
          const attempts = [
            isFirst ? t.ledger.submit(unit) : t.database.app.transaction((tx) => second.post(tx, unit)),
          ];
          // Every third is asked twice at once, through both doors.
          if (asked.length % 3 === 0) attempts.push(second.submit(unit));
          const answers = Promise.all(attempts.map(answerOf));
          asked.push({ unit, answer: answers.then((all) => (all.includes('ok') ? 'ok' : (all[0] ?? ''))) });
        }
        for (const { unit, answer } of asked) {
          const isAcknowledged = (await answer) === 'ok';
          const found = await Promise.all(unit.map(({ id }) => t.ledger.transfer(id)));
          const areThere = found.map((transfer) => transfer !== undefined);
          // All of a unit or none of it, and all of it if anybody was told so.
          expect(new Set(areThere).size).toBe(1);
          if (isAcknowledged) expect(areThere[0]).toBe(true);
        }
      },
    ),
    { numRuns: TORTURE ? 200 : 6, verbose: 1, endOnFailure: true },
  );
  expect(await new LedgerAuditor(t.database.app, clock).invariants()).toEqual([]);
  expect((await t.ledger.trialBalance()).isBalanced).toBe(true);
});
