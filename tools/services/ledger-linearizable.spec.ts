import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { CommitUnknown, Database, DatabaseBusy, DatabaseUnavailable, runMigrations, uuidV7 } from '@base/database';
import { migrations } from '@migrations';
import { account, type Account, credit, debit, Ledger, LedgerRefusal, type Transfer } from '@platform/ledger';
import { accountsModel, type AccountsAnswer, type AccountsOp, type Call, checkLinearizable, defineTestKinds, fund } from '@platform/ledger/testing'; // prettier-ignore
import { killPostgres } from './kill-postgres.mjs';
import { freePort } from './ports.mjs';
import { forgetPostgres, startPostgres } from './postgres.mjs';

/**
 * B15. What is proven of the histories recorded here: all that clients were told fits one order of all calls, over all accounts at once, which
 * keeps to real time (what returned before another was made comes before it). In it every read, whichever process answered it, says the balance
 * of that moment; every refused transfer was not covered; every posted one left both its accounts as its entries say, without a version
 * missing or used twice; one whose outcome nobody heard happened at one moment after it was made, or never; one that was said not to have
 * happened is not there.
 */

const TORTURE = process.env['TORTURE'] !== undefined;
const CLIENTS = 32;
const CALLS_EACH = TORTURE ? 200 : 25;
const POWER_CUTS = TORTURE ? 10 : 1;
const OPENING = 100n;
const PROCESSES = 3;

const folder = mkdtempSync(join(tmpdir(), 'strongroom-linear-'));
const accounts = Array.from({ length: 6 }, () => account('customer_available', 'USD', uuidV7()));
/** What the clients ask for and the faults follow from it; in which order they meet does not. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const random = generator(SEED);
const any = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;

let port: number;
let server: Awaited<ReturnType<typeof startPostgres>>;
let owner: Database;
let processes: { readonly database: Database; readonly ledger: Ledger }[];

beforeAll(async () => {
  port = await freePort();
  server = await startPostgres({ folder, port, durableSetup: false });
  await runMigrations(server.url('owner', 'postgres'), migrations);
  const connect = (role: 'owner' | 'app', more: object): Database =>
    new Database({ url: new Secret(server.url(role, 'postgres')), applicationName: 'linear-owner', ...more });
  owner = connect('owner', { acquireTimeoutMs: 2_000, idleInTransactionTimeoutMs: 100 });
  await defineTestKinds(owner);
  // Fewer connections than clients, and a poster that gives up before the server is back: both kinds of "no answer" happen.
  processes = Array.from({ length: PROCESSES }, () => {
    const database = connect('app', { applicationName: 'linear', max: 4, acquireTimeoutMs: 400 });
    return { database, ledger: new Ledger(database, systemClock, { deadlineMs: 200 }) };
  });
  const { ledger } = any(processes);
  for (const each of accounts) await fund(ledger, each, OPENING);
});

afterAll(async () => {
  await Promise.all(processes.map(({ ledger }) => ledger.close()));
  await Promise.all([owner, ...processes.map(({ database }) => database)].map((database) => database.close()));
  await server.stop();
  forgetPostgres(folder);
});

/** What the clients did, as they saw it. */
class Recorder {
  readonly heard: Call<AccountsOp, AccountsAnswer>[] = [];
  /** Transfers by id: those whose outcome is not known, and those that surely did not happen. */
  readonly unheard = new Map<string, Call<AccountsOp, AccountsAnswer>>();
  readonly undone = new Set<string>();
  readonly posted = new Map<string, Call<AccountsOp, AccountsAnswer>>();
  readonly unexpected: unknown[] = [];
  #moment = 0;

  moment(): number {
    return (this.#moment += 1);
  }

  async read(on: Account): Promise<void> {
    const { ledger } = any(processes);
    const op: AccountsOp = { do: 'read', account: on.path };
    const invoked = this.moment();
    try {
      // The plain question says the balance alone; the other one the version as well.
      const saw = random() < 0.5 ? { balance: await ledger.balance(on) } : await standingOf(ledger, on);
      this.heard.push({ op, invoked, returned: { at: this.moment(), answer: { is: 'read', saw } } });
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) this.unexpected.push(error);
    }
  }

  async transfer(from: Account, to: Account): Promise<void> {
    const amount = BigInt(1 + Math.floor(random() * 60));
    const transfer = { id: uuidV7(), kind: 'test.move', legs: [debit(from, amount), credit(to, amount)] };
    const op: AccountsOp = { do: 'transfer', from: from.path, to: to.path, amount };
    const invoked = this.moment();
    const insists = random() < 0.5;
    for (;;) {
      try {
        await send(transfer);
        this.posted.set(transfer.id, { op, invoked, returned: { at: this.moment(), answer: { is: 'posted' } } });
        return this.#forget(transfer.id);
      } catch (error) {
        if (error instanceof LedgerRefusal && error.code === 'insufficient_funds') {
          this.heard.push({ op, invoked, returned: { at: this.moment(), answer: { is: 'refused' } } });
          return this.#forget(transfer.id);
        }
        const isUnknown = error instanceof CommitUnknown;
        if (!isUnknown && !(error instanceof DatabaseUnavailable || error instanceof DatabaseBusy)) {
          this.unexpected.push(error);
          return;
        }
        // Once it may have happened, a later "did not happen" is about the later attempt alone.
        if (isUnknown || this.unheard.has(transfer.id)) this.unheard.set(transfer.id, { op, invoked });
        else this.undone.add(transfer.id);
        if (!insists) return;
        await sleep(20);
      }
    }
  }

  #forget(id: string): void {
    this.unheard.delete(id);
    this.undone.delete(id);
  }

  /** The whole history, with what the entries of each transfer say about its accounts. */
  async history(ledger: Ledger): Promise<Call<AccountsOp, AccountsAnswer>[]> {
    for (const id of this.undone) expect(await ledger.transfer(id)).toBeUndefined();
    const history = [...this.heard];
    for (const [id, { op, invoked, returned }] of [...this.posted, ...this.unheard]) {
      const answer = await entriesOf(ledger, id, op);
      if (answer === undefined) expect(returned).toBeUndefined();
      else history.push({ op, invoked, ...(returned ? { returned: { ...returned, answer } } : { hint: answer }) });
    }
    return history;
  }
}

const standingOf = async (ledger: Ledger, on: Account): Promise<{ balance: bigint; version: bigint }> => {
  const found = await ledger.account(on);
  if (found === undefined) throw new Error(`${on.path} is not there`);
  return { balance: found.balance, version: found.version };
};

/** By any process, through either of the ledger's doors. */
async function send(transfer: Transfer): Promise<void> {
  const { ledger, database } = any(processes);
  if (random() < 0.5) await ledger.submit(transfer);
  else await database.transaction((tx) => ledger.post(tx, transfer), { deadlineMs: 500 });
}

async function entriesOf(ledger: Ledger, id: string, op: AccountsOp): Promise<AccountsAnswer | undefined> {
  const posted = await ledger.transfer(id);
  if (posted === undefined || op.do === 'read') return undefined;
  const after = (path: string): { balance: bigint; version: bigint } => {
    const entry = posted.entries.find((each) => each.path === path);
    if (entry === undefined) throw new Error(`${id} has no entry on ${path}`);
    return { balance: entry.balanceAfter, version: entry.version };
  };
  return { is: 'posted', from: after(op.from), to: after(op.to) };
}

/** B3: some connection of the application, whatever it is at. */
const loseConnection = (): Promise<unknown> =>
  owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'linear' ORDER BY random() LIMIT 1`,
  );

/** B4 and B6: somebody locks accounts and falls asleep over it, until the server ends the transaction. */
const fallAsleep = (): Promise<unknown> =>
  owner.transaction(async (tx) => {
    await tx.query('SELECT FROM ledger.balances ORDER BY random() LIMIT 2 FOR NO KEY UPDATE');
    await sleep(150);
    await tx.query('SELECT 1');
  });

async function haveFaults(isOver: () => boolean): Promise<{ lost: number; asleep: number }> {
  const had = { lost: 0, asleep: 0 };
  while (!isOver()) {
    await sleep(30 + random() * 60);
    const fault = random() < 0.8 ? 'lost' : 'asleep';
    had[fault] += 1;
    // The power may be off, and a sleeper's transaction is ended by the server: that is the point.
    await (fault === 'lost' ? loseConnection() : fallAsleep()).catch(() => undefined);
  }
  return had;
}

/** B1: the power fails each time another share of the calls is done. */
async function havePowerCuts(progress: () => number): Promise<void> {
  for (let cut = 1; cut <= POWER_CUTS; cut += 1) {
    while (progress() < cut / (POWER_CUTS + 1)) await sleep(5);
    killPostgres(folder);
    await server.exited;
    await sleep(300);
    server = await startPostgres({ folder, port, durableSetup: false });
  }
}

describe('B15: the ledger under 32 clients, lost connections, sleepers and a power cut', () => {
  it(`B15: the history of every call and answer is linearizable, and a lie in it is not (seed ${SEED})`, async () => {
    const recorder = new Recorder();
    let done = 0;
    const clients = Array.from({ length: CLIENTS }, async () => {
      for (let n = 0; n < CALLS_EACH; n += 1, done += 1) {
        const [from, to] = [any(accounts), any(accounts)];
        await (from === to ? recorder.read(from) : recorder.transfer(from, to));
        // Reads of what was just written, by other processes, are where staleness would show.
        if (random() < 0.4) await recorder.read(any([from, to]));
        await sleep(random() * 30);
      }
    });
    const total = CLIENTS * CALLS_EACH;
    const faults = haveFaults(() => done === total);
    await Promise.all([...clients, havePowerCuts(() => done / total)]);
    const { lost, asleep } = await faults;
    expect(recorder.unexpected).toEqual([]);
    expect([lost > 10, asleep > 0]).toEqual([true, true]);

    const { ledger } = any(processes);
    const history = await recorder.history(ledger);
    const answers = history.map(({ returned, hint }) => (returned ? returned.answer.is : `unheard ${hint?.is}`));
    for (const kind of ['posted', 'refused', 'read']) expect(answers.filter((is) => is === kind).length).toBeGreaterThan(20); // prettier-ignore

    const model = accountsModel(Object.fromEntries(accounts.map(({ path }) => [path, { balance: OPENING, version: 1n }]))); // prettier-ignore
    const verdict = checkLinearizable(model, history);
    if (!verdict.isLinearizable)
      throw new Error(`no order explains what clients were told: ${written(history, verdict.stuckAt)}`);
    expect((await ledger.trialBalance()).isBalanced).toBe(true);

    for (const lie of lies(history)) expect(checkLinearizable(model, lie).isLinearizable).toBe(false);
  });
});

/** Where the history lies to be looked at, since it will not happen again. */
function written(history: readonly object[], stuckAt: readonly object[]): string {
  const file = join(tmpdir(), `strongroom-history-${SEED}.json`);
  const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
  writeFileSync(file, JSON.stringify({ accounts, stuckAt, history }, exact, 1));
  return file;
}

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same history with one thing that cannot have been: a read of a balance that never was, a stale read, a transfer that was lost. */
function* lies(history: readonly Call<AccountsOp, AccountsAnswer>[]): Generator<Call<AccountsOp, AccountsAnswer>[]> {
  const inOrder = [...history].sort((one, other) => one.invoked - other.invoked);
  const last = inOrder.findLast(({ returned }) => returned?.answer.is === 'read');
  if (last?.returned?.answer.is !== 'read') throw new Error('nobody read anything');
  const { answer, at } = last.returned;
  const seeing = (balance: bigint): Call<AccountsOp, AccountsAnswer>[] =>
    history.map((call) => (call === last ? { ...last, returned: { at, answer: { ...answer, saw: { balance } } } } : call)); // prettier-ignore
  yield seeing(10_000n);
  yield seeing(-1n);
  const acknowledged = inOrder.find(({ returned }) => returned?.answer.is === 'posted');
  yield history.filter((call) => call !== acknowledged);
  // Its client says that it was made only after everything was over: then nobody can have seen it before.
  const end = 10_000_000;
  yield history.map((call) => (call === acknowledged && call.returned ? { ...call, invoked: end, returned: { ...call.returned, at: end + 1 } } : call)); // prettier-ignore
}
