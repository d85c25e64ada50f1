import { setTimeout as sleep } from 'node:timers/promises';
import { isAssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { type Database, type Queryable, type Tx, uuidV7 } from '@base/database';
import { type Events } from '@base/events';
import { counter, gauge, type Logger } from '@base/observability';
import { type BalancesAt } from '@platform/venue-link';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { type EngineAsset, minorOf, readEngineAssets } from './engine-asset.js';
import { type ExchangeBalance, readExchangeBalances } from './exchange-balances.js';
import { freeze } from './freezes.js';

/** One balance on which engine and ledger do not agree, in minor units. */
export interface Difference {
  /** The engine's number; null for a customer of the ledger whom the engine does not know. */
  readonly account: number | null;
  /** Its code; `#7` for one that only the engine knows. */
  readonly asset: string;
  readonly engine: bigint;
  readonly ledger: bigint;
}

export interface Reconciliation {
  readonly id: string;
  readonly sequence: bigint;
  /** How many balances were held against each other. */
  readonly balances: number;
  readonly differences: readonly Difference[];
  readonly at: Date;
}

export interface ReconcileParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly events: Events;
  readonly logger: Logger;
}

const TRIES = 20;
const PAUSE_MS = 100;

const runs = counter({
  name: 'strongroom_venue_reconciliations_total',
  help: 'Reconciliations of the exchange by result',
  labels: ['result'],
});
const equal = gauge({
  name: 'strongroom_venue_reconciliation_equal',
  help: '1 when the engine’s balances and the ledger’s exchange accounts were equal last time',
});

/**
 * Holds the ledger's exchange accounts against the engine's balances at the same sequence, to the unit. The ledger was made from the event
 * stream; the engine's side comes from an engine that replayed the journal. What differs is frozen, account by account and asset by asset:
 * no money comes or goes there until people have looked. Trading and settlement go on.
 */
export class ReconcileExchange {
  /** @param engineAt asks the venue for its balances at a command */
  constructor(
    private readonly parts: ReconcileParts,
    private readonly engineAt: (sequence: number) => Promise<BalancesAt>,
  ) {}

  /**
   * Undefined before anything was settled, or when the checkpoint stood in the middle of a command's events each time it was looked at: the
   * next run will do.
   */
  async run(): Promise<Reconciliation | undefined> {
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const books = await this.parts.database.transaction(readBooks);
      if (books.checkpoint.sequence === 0n) return undefined;
      const engine = await this.engineAt(Number(books.checkpoint.sequence));
      if (engine.events === books.checkpoint.index + 1) return this.#report(books, engine);
      await sleep(PAUSE_MS);
    }
    return undefined;
  }

  async #report(books: Books, engine: BalancesAt): Promise<Reconciliation> {
    const compared = compare(books, engine);
    const { database, clock, logger } = this.parts;
    const at = clock.now();
    const result: Reconciliation = {
      id: uuidV7(at.getTime()),
      sequence: books.checkpoint.sequence,
      balances: compared.length,
      differences: compared.filter((balance) => balance.engine !== balance.ledger),
      at,
    };
    await database.transaction((tx) => this.#write(tx, result));
    const isEqual = result.differences.length === 0;
    equal.set(isEqual ? 1 : 0);
    runs.inc({ result: isEqual ? 'equal' : 'different' });
    if (!isEqual)
      logger.error({ id: result.id, differences: presented(result.differences) }, 'exchange and ledger differ');
    return result;
  }

  async #write(tx: Tx, { id, sequence, balances, differences, at }: Reconciliation): Promise<void> {
    await tx.query(
      'INSERT INTO venue.reconciliation (id, sequence, balances, differences, at) VALUES ($1, $2, $3, $4, $5)',
      [id, sequence, balances, JSON.stringify(presented(differences)), at],
    );
    if (differences.length === 0) return;
    const reason = `reconciliation ${id} at command ${sequence}`;
    for (const { account, asset } of differences) {
      if (account !== null && isAssetCode(asset))
        await freeze(tx, { account, asset, reason, by: 'reconciliation', at });
    }
    const payload = { sequence: sequence.toString(), differences: presented(differences) };
    const type = 'venue.reconciliation-differed';
    await this.parts.events.append(tx, { type, aggregate: 'venue-reconciliation', aggregateId: id, payload });
  }
}

/** The ledger's side: one picture of checkpoint and balances, since either alone may be ahead of the other. */
interface Books {
  readonly checkpoint: Checkpoint;
  readonly assets: readonly EngineAsset[];
  readonly balances: readonly ExchangeBalance[];
}

async function readBooks(tx: Tx): Promise<Books> {
  await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  const checkpoint = await readCheckpoint(tx);
  return { checkpoint, assets: await readEngineAssets(tx), balances: await readExchangeBalances(tx) };
}

/** Every balance that either side has. */
function compare({ assets, balances }: Books, engine: BalancesAt): Difference[] {
  const pairs = new Map<string, { -readonly [K in keyof Difference]: Difference[K] }>();
  const pair = (key: string, account: number | null, asset: string) => {
    const found = pairs.get(key) ?? { account, asset, engine: 0n, ledger: 0n };
    pairs.set(key, found);
    return found;
  };
  for (const { account, asset: number, total } of engine.balances) {
    const asset = assets.find((known) => known.number === number);
    const code = asset?.code ?? `#${number}`;
    pair(`${account} ${code}`, account, code).engine = asset === undefined ? total : minorOf(asset, total);
  }
  for (const { account, owner, asset, balance } of balances)
    pair(`${account ?? owner} ${asset}`, account, asset).ledger += balance;
  return [...pairs.values()].filter((found) => found.engine !== 0n || found.ledger !== 0n);
}

const presented = (differences: readonly Difference[]) =>
  differences.map(({ account, asset, engine, ledger }) => ({
    account,
    asset,
    engine: engine.toString(),
    ledger: ledger.toString(),
  }));

interface ReconciliationRow extends Omit<Reconciliation, 'differences'> {
  readonly differences: readonly { account: number | null; asset: string; engine: string; ledger: string }[];
}

/** The newest first. */
export async function listReconciliations(
  on: Queryable,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<Reconciliation[]> {
  const rows = await on.query<ReconciliationRow>(
    `SELECT id, sequence, balances, differences, at FROM venue.reconciliation
      WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    [before ?? null, limit],
  );
  return rows.map((row) => ({
    ...row,
    differences: row.differences.map((found) => ({
      ...found,
      engine: BigInt(found.engine),
      ledger: BigInt(found.ledger),
    })),
  }));
}
