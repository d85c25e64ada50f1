import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { type Tx, uuidV5, uuidV7 } from '@base/database';
import { Jobs, type Period } from '@base/jobs';
import { createLogger } from '@base/observability';
import { account, type Account, credit, debit, LedgerAuditor } from '@platform/ledger';
import { createTestLedger, fund, type TestLedger } from './testing/index.js';

/** C7: what is due once per account and day, posted to a real ledger: run twice, skipped, late, interrupted, and under a clock that jumps. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const logger = createLogger('spec', 'silent');
const clock = new ManualClock(new Date('2026-02-20T09:00:00Z'));

let t: TestLedger;
beforeAll(async () => {
  t = await createTestLedger({ clock });
});
afterAll(async () => {
  expect(await new LedgerAuditor(t.database.app, clock).invariants()).toEqual([]);
  await t.close();
});

type Interfere = (tx: Tx, period: Period) => Promise<void> | void;

/** A product that pays each customer a hundredth of what was there at the end of each day, onto another account. */
class Accrual {
  readonly kind = `spec.accrue-${uuidV7().slice(-12)}`;
  readonly ran: string[] = [];
  readonly #customers = Array.from({ length: 4 }, () => account('customer_available', 'USD', uuidV7()));
  /** What each customer has from when on: the model of the balances. */
  readonly #deposits: { readonly to: Account; readonly amount: bigint; readonly at: Date }[] = [];
  readonly #since = clock.now();

  async deposit(): Promise<void> {
    for (const [index, to] of this.#customers.entries()) {
      const amount = BigInt(10_000 + 777 * index + 100 * this.#deposits.length);
      await fund(t.ledger, to, amount);
      this.#deposits.push({ to, amount, at: clock.now() });
    }
  }

  /** A worker process: registers the schedule as `main` would, and runs it when told. */
  worker(interfere: Interfere = () => undefined): () => Promise<void> {
    const jobs = new Jobs({ database: t.database.app, clock, logger });
    jobs.eachPeriod({
      kind: this.kind,
      every: 'day',
      since: this.#since,
      run: async (tx, period) => {
        await this.#accrue(tx, period);
        await interfere(tx, period);
        this.ran.push(period.key);
      },
    });
    return () => jobs.runSchedule(this.kind);
  }

  async #accrue(tx: Tx, period: Period): Promise<void> {
    for (const customer of this.#customers) {
      const amount = (await t.ledger.balanceAt(customer, lastMomentOf(period), tx)) / 100n;
      if (amount === 0n) continue;
      const id = uuidV5(this.kind, customer.path, period.key);
      const legs = [debit(account('equity', 'USD'), amount), credit(account('customer_pending_in', 'USD', customer.owner ?? ''), amount)]; // prettier-ignore
      await t.ledger.post(tx, { id, kind: 'test.move', legs, meta: { accrual: this.kind, period: period.key } });
    }
  }

  /** What was posted, by customer and day. */
  async posted(): Promise<string[]> {
    const rows = await t.database.owner.query<{ line: string }>(
      `SELECT concat_ws(' ', a.owner_id, t.meta ->> 'period', -e.amount) AS line
         FROM ledger.transfers t JOIN ledger.entries e ON e.transfer_id = t.id JOIN ledger.accounts a ON a.id = e.account_id
        WHERE t.meta ->> 'accrual' = $1 AND a.owner_id IS NOT NULL`,
      [this.kind],
    );
    return rows.map(({ line }) => line).sort();
  }

  /** What must have been posted once all these days are done, worked out without the ledger. */
  expected(days: readonly string[]): string[] {
    return this.#customers
      .flatMap((customer) =>
        days.map((day) => {
          const end = new Date(new Date(day).setUTCHours(24, 0, 0, 0));
          const had = this.#deposits.filter(({ to, at }) => to === customer && at < end);
          return `${customer.owner} ${day} ${had.reduce((sum, { amount }) => sum + amount, 0n) / 100n}`;
        }),
      )
      .sort();
  }

  async marks(): Promise<string[]> {
    const rows = await t.database.owner.query<{ at: Date }>(
      'SELECT starts_at AS at FROM base.period_done WHERE kind = $1 ORDER BY starts_at',
      [this.kind],
    );
    return rows.map(({ at }) => at.toISOString());
  }

  /** One effect and one mark for each of these days, to the cent, in order, and nothing else. */
  async expectExactly(days: readonly string[]): Promise<void> {
    expect(await this.marks()).toEqual(days);
    expect(await this.posted()).toEqual(this.expected(days));
  }
}

const lastMomentOf = ({ endsAt }: Period): Date => new Date(endsAt.getTime() - 1);

/** The first period begins where the schedule does, in the middle of a day; the others at midnight. */
function daysFrom(start: Date, count: number): string[] {
  const midnight = new Date(start).setUTCHours(0, 0, 0, 0);
  return Array.from({ length: count }, (_, n) => (n === 0 ? start : new Date(midnight + n * DAY)).toISOString());
}

async function accrualWithMoney(): Promise<{ accrual: Accrual; start: Date }> {
  const start = clock.now();
  const accrual = new Accrual();
  await accrual.deposit();
  return { accrual, start };
}

describe('C7: an accrual per account and day', () => {
  it('C7: nothing is due before its day is over, and for a minute after it', async () => {
    const { accrual, start } = await accrualWithMoney();
    const work = accrual.worker();
    await work();
    clock.advance(15 * HOUR + 59_000);
    await work();
    await accrual.expectExactly([]);
    clock.advance(1_000);
    await work();
    await accrual.expectExactly(daysFrom(start, 1));
  });

  it('C7: ten runs at once by many workers, again and again, are one', async () => {
    const { accrual, start } = await accrualWithMoney();
    clock.advance(3 * DAY);
    const workers = Array.from({ length: 10 }, () => accrual.worker());
    for (let round = 0; round < 3; round += 1) await Promise.all(workers.map((work) => work()));
    await accrual.expectExactly(daysFrom(start, 3));
    expect(accrual.ran).toEqual(daysFrom(start, 3));
  });

  it('C7: a worker that dies between effect and mark had no effect; one that dies after the commit is not repeated', async () => {
    const { accrual, start } = await accrualWithMoney();
    clock.advance(2 * DAY);
    const dying = accrual.worker(async (tx) => {
      const { pid } = await tx.one<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await t.database.owner.query('SELECT pg_terminate_backend($1)', [pid]);
      await tx.query('SELECT 1');
    });
    await expect(dying()).rejects.toThrow('not available');
    await accrual.expectExactly([]);

    const dazed = accrual.worker((tx) => tx.afterCommit(() => { throw new Error('killed'); })); // prettier-ignore
    await expect(dazed()).rejects.toThrow('killed');
    await accrual.expectExactly(daysFrom(start, 1));

    await accrual.worker()();
    await accrual.expectExactly(daysFrom(start, 2));
  });

  it('C7: a run that comes days late, with money moving meanwhile, accrues what each day was worth', async () => {
    const { accrual, start } = await accrualWithMoney();
    const work = accrual.worker();
    for (const late of [1, 2, 40]) {
      for (let day = 0; day < late; day += 1) {
        clock.advance(DAY);
        if (day % 7 === 0) await accrual.deposit();
      }
      await work();
      expect(await accrual.posted()).toEqual(accrual.expected(await accrual.marks()));
    }
    await accrual.expectExactly(daysFrom(start, 43));
    expect(accrual.ran).toEqual(daysFrom(start, 43));
  });

  it('C7: a gap longer than a turn is caught up in several, still exactly', async () => {
    const { accrual, start } = await accrualWithMoney();
    const work = accrual.worker();
    clock.advance(120 * DAY);
    for (const done of [100, 120]) {
      await work();
      expect(await accrual.marks()).toEqual(daysFrom(start, done));
    }
    await accrual.expectExactly(daysFrom(start, 120));
  });

  it('C7: a clock that steps back repeats nothing, and goes on where it was', async () => {
    const { accrual, start } = await accrualWithMoney();
    const work = accrual.worker();
    clock.advance(5 * DAY);
    await work();
    for (const step of [-HOUR, -3 * DAY, -30 * DAY]) {
      clock.advance(step);
      await work();
      await accrual.expectExactly(daysFrom(start, 5));
      clock.advance(-step);
    }
    clock.advance(DAY);
    await work();
    await accrual.expectExactly(daysFrom(start, 6));
  });

  it('C7: a day that fails stays first in line, alone', async () => {
    const { accrual, start } = await accrualWithMoney();
    clock.advance(4 * DAY);
    const third = daysFrom(start, 3)[2];
    const failing = accrual.worker((_, { key }) => {
      if (key === third) throw new Error('no rate for that day');
    });
    for (let attempt = 0; attempt < 3; attempt += 1) await expect(failing()).rejects.toThrow('no rate for that day');
    await accrual.expectExactly(daysFrom(start, 2));
    await accrual.worker()();
    await accrual.expectExactly(daysFrom(start, 4));
  });

  it('C7: a schedule that somebody puts back is refused by the key of its periods', async () => {
    const { accrual, start } = await accrualWithMoney();
    clock.advance(2 * DAY);
    const work = accrual.worker();
    await work();
    const put = (to: Date): Promise<unknown> =>
      t.database.owner.query('UPDATE base.period_schedule SET next_start = $2 WHERE kind = $1', [accrual.kind, to]);
    await put(start);
    await expect(work()).rejects.toMatchObject({ code: '23505' });
    await accrual.expectExactly(daysFrom(start, 2));
    const erased = t.database.owner.query('DELETE FROM base.period_done WHERE kind = $1', [accrual.kind]);
    await expect(erased).rejects.toMatchObject({ code: '23001' });
  });
});
