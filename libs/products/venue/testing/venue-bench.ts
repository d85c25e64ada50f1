import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { Database, type SqlValue, type TransactionOptions, type Tx } from '@base/database';
import { type Secret } from '@base/config';
import { Events } from '@base/events';
import { armFailpoint } from '@base/failpoints';
import { createLogger } from '@base/observability';
import { type AssetCode } from '@core/money';
import { type EngineCommandDraft } from '@core/contracts';
import { createTestIdentity } from '@platform/identity/testing';
import { account, Ledger } from '@platform/ledger';
import { type BalancesAt, HighestTerm, readBalances } from '@platform/venue-link';
import { createTestLedger, fund, type TestLedger } from '@platform/ledger/testing';
import { type ExchangeTransfer, findAccount, findTransfer, listingOf, listInstruments, MoveFromExchange, MoveToExchange, readCheckpoint, ReconcileExchange, type Reconciliation, Settler, type SettlerSettings } from '@products/venue'; // prettier-ignore
import { type Gap, gapName } from '../gaps.js';
import { exchangeKey, ExchangeProcess } from './exchange-process.js';

const PATIENCE_MS = 20_000;
const SETTLER_SCRIPT = join(import.meta.dirname, '../../../../dist/libs/products/venue/testing/settler-process.js');

/** What the dead say. Nothing in the code knows it, so nothing catches it for good. */
export class SettlerDied extends Error {
  override readonly name = 'SettlerDied';
}

/** The connections of a process that can die: from then on they write nothing, whatever still runs. */
class MortalDatabase extends Database {
  isDead = false;

  constructor(url: Secret) {
    super({ url, applicationName: 'spec-settler', max: 4 });
  }

  override async query<Row extends object>(sql: string, values?: readonly SqlValue[]): Promise<Row[]> {
    if (this.isDead) throw new SettlerDied();
    return super.query(sql, values);
  }

  override async transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T> {
    if (this.isDead) throw new SettlerDied();
    return super.transaction(work, options);
  }
}

/** A real exchange, a real database, customers with money, and a settler that can be killed. */
export class VenueBench {
  readonly exchange = new ExchangeProcess();
  readonly logger = createLogger('spec', 'silent');
  #books: TestLedger | undefined;
  #settlers: { settler: Settler; database: MortalDatabase }[] = [];
  #children: (() => Promise<void>)[] = [];
  /** What settlers in processes of their own could not do and people would have to look at. */
  readonly complaints: string[] = [];
  #keys = 0;

  /** Starts everything and opens every planned instrument for trading, at the given fees. */
  static async open(
    fees: { makerPpm: number; takerPpm: number } = { makerPpm: -100, takerPpm: 2_000 },
  ): Promise<VenueBench> {
    const bench = new VenueBench();
    bench.#books = await createTestLedger({ max: 12 });
    await bench.exchange.start();
    const instruments = await listInstruments(bench.database);
    await bench.exchange.do(
      'operator',
      instruments.flatMap((instrument): EngineCommandDraft[] => [
        listingOf(instrument),
        { kind: 'set-fees', instrument: instrument.number, tier: 0, ...fees },
        { kind: 'set-state', instrument: instrument.number, state: 'open' },
      ]),
    );
    return bench;
  }

  get books(): TestLedger {
    if (this.#books === undefined) throw new Error('the bench is not open');
    return this.#books;
  }

  get database(): Database {
    return this.books.database.app;
  }

  get ledger(): Ledger {
    return this.books.ledger;
  }

  /** Somebody with money in the account, in minor units. */
  async customer(money: Partial<Record<AssetCode, bigint>>): Promise<string> {
    this.#keys += 1;
    const id = await createTestIdentity(this.database, systemClock).signUp(`trader-${this.#keys}@example.com`);
    for (const [asset, amount] of Object.entries(money) as [AssetCode, bigint][])
      await fund(this.ledger, account('customer_available', asset, id), amount);
    return id;
  }

  move(
    direction: 'in' | 'out',
    customerId: string,
    asset: AssetCode,
    amount: bigint,
    idempotencyKey = `key-${++this.#keys}`,
  ): Promise<ExchangeTransfer> {
    const Move = direction === 'in' ? MoveToExchange : MoveFromExchange;
    const move = new Move(this.database, this.ledger, systemClock);
    return this.database.transaction((tx) => move.run(tx, { customerId, idempotencyKey, asset, amount }));
  }

  /** Moves and waits for the engine's word. */
  async moved(...given: Parameters<VenueBench['move']>): Promise<ExchangeTransfer> {
    const { id } = await this.move(...given);
    return this.ended(id);
  }

  async ended(id: string): Promise<ExchangeTransfer> {
    return this.eventually(async () => {
      const transfer = await findTransfer(this.database, id);
      return transfer?.state === 'settled' || transfer?.state === 'refused' ? transfer : undefined;
    });
  }

  async engineAccount(customerId: string): Promise<number> {
    const number = await findAccount(this.database, customerId);
    if (number === undefined) throw new Error('the customer has no account in the engine');
    return number;
  }

  /** What the ledger says is on the exchange, in minor units. */
  onExchange(customerId: string, asset: AssetCode): Promise<bigint> {
    return this.ledger.balance(account('exchange_available', asset, customerId));
  }

  available(customerId: string, asset: AssetCode): Promise<bigint> {
    return this.ledger.balance(account('customer_available', asset, customerId));
  }

  /** Waits until the events of this command, and all before, are settled. */
  async settledUpTo(sequence: number): Promise<void> {
    // The next command's events show that all of this one's are in.
    const next = await this.exchange.do('operator', [{ kind: 'audit' }]);
    if (next <= sequence) throw new Error('the exchange has gone back');
    await this.eventually(async () =>
      (await readCheckpoint(this.database)).sequence >= BigInt(next) ? true : undefined,
    );
  }

  startSettler(settings: Partial<SettlerSettings> = {}): void {
    const database = new MortalDatabase(this.books.database.appUrl);
    const events = new Events({ database, clock: systemClock, logger: this.logger });
    const ledger = new Ledger(database, systemClock);
    const settler = new Settler(
      { database, clock: systemClock, ledger, events, logger: this.logger },
      {
        addresses: [this.exchange.address],
        key: exchangeKey('settlement'),
        retryMs: 30,
        lookMs: 50,
        resendMs: 120,
        ...settings,
      },
    );
    settler.start();
    this.#settlers.push({ settler, database });
  }

  /** A settler in a process of its own; answers how to kill it. What it complains of is kept in `complaints`. */
  async spawnSettler(): Promise<() => Promise<void>> {
    const child = spawn(process.execPath, [SETTLER_SCRIPT], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: this.books.database.appUrl.reveal(),
        EXCHANGE_SOCKET: this.exchange.address.path,
      },
    });
    const kill = async (): Promise<void> => {
      if (child.kill('SIGKILL')) await once(child, 'exit');
    };
    this.#children.push(kill);
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        if (!String(text).startsWith('settling')) this.complaints.push(String(text));
      });
    await once(child.stdout, 'data');
    return kill;
  }

  /** Holds the engine's balances against the ledger's. */
  reconcile(): Promise<Reconciliation | undefined> {
    const { database, logger } = this;
    const events = new Events({ database, clock: systemClock, logger });
    return new ReconcileExchange({ database, clock: systemClock, events, logger }, (sequence) =>
      this.balancesAt(sequence),
    ).run();
  }

  /** What the engine had at that command. */
  balancesAt(sequence: number): Promise<BalancesAt> {
    const terms = new HighestTerm();
    const { address } = this.exchange;
    return readBalances(
      { addresses: [address], keyName: 'settlement', key: exchangeKey('settlement'), terms },
      sequence,
    );
  }

  async stopSettlers(): Promise<void> {
    for (const { settler, database } of this.#settlers.splice(0)) {
      await settler.stop();
      await database.close();
    }
  }

  /** A settler that lives until it comes to this gap the `nth` time, and then writes nothing any more. */
  async dieIn(gap: Gap, nth = 1): Promise<void> {
    let left = nth;
    let isDead = false;
    const disarm = armFailpoint(gapName(gap), () => {
      const current = this.#settlers.at(-1);
      if (isDead || current === undefined || --left > 0) return;
      isDead = true;
      current.database.isDead = true;
      throw new SettlerDied();
    });
    try {
      this.startSettler();
      await this.eventually(() => Promise.resolve(isDead ? true : undefined));
    } finally {
      disarm();
      await this.stopSettlers();
    }
  }

  async eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (const start = Date.now(); ; await sleep(10)) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() - start > PATIENCE_MS) throw new Error('waited in vain');
    }
  }

  async close(): Promise<void> {
    await this.stopSettlers();
    for (const kill of this.#children) await kill();
    await this.exchange.forget();
    await this.#books?.close();
  }
}
