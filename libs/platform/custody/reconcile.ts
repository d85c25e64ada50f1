import { formatAmount } from '@core/money';
import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { counter, gauge } from '@base/observability';
import { type BlockRef, ChainLog } from '@platform/chains';
import { account } from '@platform/ledger';
import { halt } from './halts.js';
import { type Holdings } from './holdings.js';
import { type CustodyParts } from './parts.js';
import { type AssetSettings, type ChainAsset } from './settings.js';

/** A known difference in time between books and chain, with its sign as seen from the books. */
export interface ReconcilingItem {
  readonly what: 'deposit_not_booked' | 'transaction_not_booked' | 'transaction_undone';
  readonly id: string;
  readonly amount: bigint;
}

export interface Reconciliation {
  readonly id: string;
  readonly asset: ChainAsset;
  readonly chainId: string;
  readonly height: number;
  readonly blockHash: string;
  readonly onChain: bigint;
  readonly onBooks: bigint;
  readonly items: readonly { readonly what: string; readonly id: string; readonly amount: string }[];
  readonly difference: bigint;
  readonly at: Date;
}

const runs = counter({
  name: 'strongroom_custody_reconciliations_total',
  help: 'Reconciliations by result',
  labels: ['asset', 'result'],
});
const gap = gauge({
  name: 'strongroom_custody_reconciliation_equal',
  help: '1 when chain and books are equal',
  labels: ['asset'],
});

/**
 * Holds the books against the chain, at one block: what our addresses hold there has to be what the books say, plus a list of differences in
 * time that each have a name. Any difference is told; one that is not in our favour, or that cannot be, stops withdrawals of the asset.
 */
export class Reconcile {
  readonly #log: ChainLog;

  /** @param holdings makes the question to the node out of the same snapshot that the books are read in */
  constructor(
    private readonly parts: CustodyParts,
    private readonly settings: AssetSettings,
    private readonly holdings: (tx: Tx) => Promise<Holdings>,
  ) {
    this.#log = new ChainLog(settings.chainId);
  }

  /** `undefined` when the chain moved while it was being read; the next run will do. @throws NodeUnavailable */
  async run(): Promise<Reconciliation | undefined> {
    const { asset, chainId } = this.settings;
    const snapshot = await this.parts.database.transaction((tx) => this.#read(tx));
    if (snapshot === undefined) return undefined;
    const { block, onBooks, items, holdings } = snapshot;
    const onChain = await holdings.at(block);
    if (onChain === undefined) return undefined;
    const difference = onChain - (onBooks + items.reduce((sum, { amount }) => sum + amount, 0n));
    const result: Reconciliation = {
      id: uuidV7(),
      asset,
      chainId,
      height: block.height,
      blockHash: block.hash,
      onChain,
      onBooks,
      items: items.map((item) => ({ ...item, amount: formatAmount(item.amount, asset) })),
      difference,
      at: this.parts.clock.now(),
    };
    await this.#write(result);
    return result;
  }

  async #read(
    tx: Tx,
  ): Promise<{ block: BlockRef; onBooks: bigint; items: ReconcilingItem[]; holdings: Holdings } | undefined> {
    // One picture of cursor, books and coins: a block taken in half-way through would look like a gap.
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const block = await this.#log.tip(tx);
    if (block === undefined) return undefined;
    const { asset, chainId } = this.settings;
    let onBooks = 0n;
    for (const type of ['custody_hot', 'deposit_in_flight', 'withdrawal_in_flight'] as const) {
      onBooks += await this.parts.ledger.balance(account(type, asset), tx);
    }
    return { block, onBooks, items: await reconcilingItems(tx, chainId), holdings: await this.holdings(tx) };
  }

  async #write(result: Reconciliation): Promise<void> {
    const { database, logger, clock } = this.parts;
    const { asset, difference } = result;
    const equal = difference === 0n;
    gap.set({ asset }, equal ? 1 : 0);
    runs.inc({ asset, result: equal ? 'equal' : difference < 0n ? 'shortfall' : 'surplus' });
    // Anybody can make an Ethereum address richer behind our back; that must not be a way to stop withdrawals.
    const stops = difference < 0n || (!equal && asset === 'BTC');
    await database.transaction(async (tx) => {
      await insertReconciliation(tx, result);
      if (!stops) return;
      const reason = `reconciliation ${result.id} found a difference of ${formatAmount(difference, asset)} ${asset}`;
      await halt(tx, { asset, scope: 'withdrawals', reason, actor: 'reconciliation', at: clock.now() });
    });
    if (!equal)
      logger.error({ asset, height: result.height, difference: difference.toString() }, 'chain and books differ');
  }
}

/** What explains a difference between books and chain at the same block. */
async function reconcilingItems(db: Queryable, chainId: string): Promise<ReconcilingItem[]> {
  return db.query<ReconcilingItem>(
    `SELECT 'deposit_not_booked' AS what, d.id::text, d.amount FROM custody.deposit d JOIN custody.address a ON a.id = d.address_id
      WHERE d.chain_id = $1 AND d.height IS NOT NULL AND (d.state = 'ignored' OR (d.state = 'pending' AND a.owner_kind <> 'customer'))
     UNION ALL
     SELECT 'transaction_not_booked', i.id::text,
            -(t.paid_fee + CASE WHEN i.kind = 'withdrawal' AND t.purpose = 'pay' AND NOT t.failed THEN t.amount ELSE 0 END)
       FROM custody.attempt t JOIN custody.intent i ON i.id = t.intent_id
      WHERE t.chain_id = $1 AND t.height IS NOT NULL AND i.settled_attempt IS NULL
     UNION ALL
     SELECT 'transaction_undone', i.id::text,
            i.network_fee + CASE WHEN i.kind = 'withdrawal' AND i.paid_out THEN t.amount ELSE 0 END
       FROM custody.attempt t JOIN custody.intent i ON i.id = t.intent_id AND i.settled_attempt = t.n
      WHERE t.chain_id = $1 AND t.height IS NULL
     ORDER BY 1, 2`,
    [chainId],
  );
}

async function insertReconciliation(tx: Tx, result: Reconciliation): Promise<void> {
  await tx.query(
    `INSERT INTO custody.reconciliation (id, chain_id, asset, height, block_hash, on_chain, on_books, items, difference, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      result.id,
      result.chainId,
      result.asset,
      result.height,
      result.blockHash,
      result.onChain,
      result.onBooks,
      JSON.stringify(result.items),
      result.difference,
      result.at,
    ],
  );
}

/** The newest first. */
export function listReconciliations(
  db: Queryable,
  filter: { asset?: ChainAsset | undefined; before?: string | undefined; limit: number },
): Promise<Reconciliation[]> {
  return db.query<Reconciliation>(
    `SELECT id, asset, chain_id AS "chainId", height, block_hash AS "blockHash", on_chain AS "onChain", on_books AS "onBooks", items,
        difference, at
       FROM custody.reconciliation
      WHERE ($1::text IS NULL OR asset = $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`,
    [filter.asset ?? null, filter.before ?? null, filter.limit],
  );
}
