import { type Clock } from '@base/clock';
import { type Database, type Queryable, uuidV7 } from '@base/database';
import { counter, gauge } from '@base/observability';
import { assetOf, formatAmount } from '@core/money';
import { account, type Ledger } from '@platform/ledger';
import { type BlockRef, ChainLog } from '@platform/chains';
import { haltAsset } from './asset-halt.js';
import { type CustodyChain } from './custody-chain.js';

/** What the chain shows of us at our cursor, and what of it the ledger is not meant to know. */
export interface ChainHolding {
  /** Minor units at all our addresses after the block. */
  readonly total: bigint;
  /** Part of it that is too small to count, for people to see. */
  readonly ignored: bigint;
  /** Anything the node contradicts us about, in words. */
  readonly contradictions: readonly string[];
}

/** Counts what the chain shows after `block`; undefined when the chain moved meanwhile and the question should be asked later. */
export type CountHolding = (block: BlockRef) => Promise<ChainHolding | undefined>;

/** Minor units that have left our addresses on chain by blocks taken in, while the ledger still counts them as ours until they settle. */
export type LeftButUnsettled = (on: Queryable, chainId: string) => Promise<bigint>;

export interface Reconciliation {
  readonly id: string;
  readonly asset: string;
  readonly height: number;
  readonly blockHash: string;
  readonly ledger: bigint;
  readonly onChain: bigint;
  readonly difference: bigint;
  readonly lines: readonly { readonly what: string; readonly amount: string }[];
  readonly at: Date;
}

const differenceGauge = gauge({ name: 'strongroom_custody_difference', help: 'Chain minus ledger at the last reconciliation, in major units', labels: ['asset'] }); // prettier-ignore
const runs = counter({
  name: 'strongroom_custody_reconciliations_total',
  help: 'Reconciliations by outcome',
  labels: ['asset', 'outcome'],
});

const IN_LEDGER = ['custody_hot', 'deposit_in_flight', 'withdrawal_in_flight'] as const;

/**
 * Holds the ledger's custody against the chain at one block: the accounts are read under the cursor's lock, so no block is half in. Equal to the minor unit, or
 * nothing of the asset leaves until people have looked.
 */
export class ReconcileCustody {
  constructor(
    private readonly parts: {
      readonly database: Database;
      readonly ledger: Ledger;
      readonly clock: Clock;
      readonly chain: CustodyChain;
      readonly count: CountHolding;
      readonly leftButUnsettled: LeftButUnsettled;
    },
  ) {}

  /** Answers undefined when the chain was moving, or before the first block. */
  async run(): Promise<Reconciliation | undefined> {
    const { database, chain, count } = this.parts;
    const books = await this.#readBooks();
    if (!books) return undefined;
    const holding = await count(books.block);
    if (!holding) return undefined;
    const difference = holding.total - holding.ignored - books.expected;
    const lines = [
      ...books.lines,
      ...(holding.ignored > 0n ? [this.#line('on chain, too small to count', holding.ignored)] : []),
      ...holding.contradictions.map((what) => ({ what, amount: '' })),
    ];
    const found: Reconciliation = {
      id: uuidV7(),
      asset: chain.asset,
      height: books.block.height,
      blockHash: books.block.hash,
      ledger: books.expected,
      onChain: holding.total,
      difference,
      lines,
      at: this.parts.clock.now(),
    };
    const matches = difference === 0n && holding.contradictions.length === 0;
    // The books are read before the chain: a block in between shows as a difference that is not there on a second look.
    if (!matches && (await this.#readBooks())?.fingerprint !== books.fingerprint) return undefined;
    await database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO custody.reconciliation (id, chain_id, asset, height, block_hash, ledger, on_chain, difference, lines, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [found.id, chain.chainId, found.asset, found.height, found.blockHash, found.ledger, found.onChain, found.difference, JSON.stringify(lines), found.at],
      ); // prettier-ignore
      if (!matches) {
        await haltAsset(
          tx,
          chain.asset,
          `custody differs from the chain by ${formatAmount(difference, chain.asset)} at block ${found.height}`,
          found.at,
        );
      }
    });
    runs.inc({ asset: chain.asset, outcome: matches ? 'equal' : 'different' });
    differenceGauge.set({ asset: chain.asset }, Number(difference) / 10 ** assetOf(chain.asset).scale);
    return found;
  }

  #line(what: string, amount: bigint): { what: string; amount: string } {
    return { what, amount: formatAmount(amount, this.parts.chain.asset) };
  }

  async #readBooks() {
    const { database, ledger, chain, leftButUnsettled } = this.parts;
    return database.transaction(async (tx) => {
      const block = await new ChainLog(chain.chainId).lockedTip(tx);
      if (!block) return undefined;
      const balances: { type: (typeof IN_LEDGER)[number]; balance: bigint }[] = [];
      for (const type of IN_LEDGER)
        balances.push({ type, balance: await ledger.balance(account(type, chain.asset), tx) });
      const left = await leftButUnsettled(tx, chain.chainId);
      const expected = balances.reduce((sum, { balance }) => sum + balance, 0n) - left;
      const lines = [
        ...balances.map(({ type, balance }) => this.#line(`ledger ${type}`, balance)),
        this.#line('left on chain, not settled yet', -left),
      ];
      return { block, expected, lines, fingerprint: `${block.hash}:${expected}` };
    });
  }
}

export const newestReconciliations = (
  on: Queryable,
  of: { asset?: string | undefined; limit: number },
): Promise<Reconciliation[]> =>
  on.query<Reconciliation>(
    `SELECT id, asset, height, block_hash AS "blockHash", ledger, on_chain AS "onChain", difference, lines, at FROM custody.reconciliation
      WHERE ($1::text IS NULL OR asset = $1) ORDER BY at DESC, id DESC LIMIT $2`,
    [of.asset ?? null, of.limit],
  );
