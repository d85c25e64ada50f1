import { type AssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { uuidV5, type Tx } from '@base/database';
import { account, credit, debit, LedgerRefusal, type Ledger } from '@platform/ledger';
import { inventory } from './inventory.js';
import { ownFundsInsufficient } from './refusals.js';

export interface Funding {
  readonly id: string;
  readonly asset: AssetCode;
  /** Minor units; below zero takes capital back from the desk. */
  readonly amount: bigint;
  /** Who or what gave it: `operator:<id>`, `deposit:<id>`. */
  readonly source: string;
}

/**
 * Gives the desk part of the house's own capital, which must be there: it came in by bank or by chain and stands on `equity`. The position the
 * desk is judged by is measured against what it was given.
 */
export class FundInventory {
  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
  ) {}

  /** Idempotent by `id`. @throws Refusal `own_funds_insufficient` */
  async run(tx: Tx, { id, asset, amount, source }: Funding): Promise<void> {
    const known = await tx.maybeOne('SELECT id FROM brokerage.house_funding WHERE id = $1', [id]);
    if (known) return;
    const equity = account('equity', asset);
    const desk = inventory(asset);
    try {
      await this.ledger.post(tx, {
        id: uuidV5('brokerage.fund-inventory', id),
        kind: amount > 0n ? 'brokerage.fund-inventory' : 'brokerage.return-inventory',
        legs:
          amount > 0n ? [debit(equity, amount), credit(desk, amount)] : [debit(desk, -amount), credit(equity, -amount)],
        meta: { source },
      });
    } catch (error) {
      if (error instanceof LedgerRefusal && error.code === 'insufficient_funds') throw ownFundsInsufficient(asset);
      throw error;
    }
    // The account is locked by the transfer above, so nobody else can spend the same capital before this transaction ends.
    if (amount > 0n && (await this.ledger.balance(equity, tx)) < 0n) throw ownFundsInsufficient(asset);
    await this.note(tx, { id, asset, amount, source });
  }

  /** Own money that came straight into the inventory, as payments and custody book it: not a position the desk took. Idempotent by `id`. */
  async note(tx: Tx, { id, asset, amount, source }: Funding): Promise<void> {
    await tx.query(
      'INSERT INTO brokerage.house_funding (id, asset, amount, source, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
      [id, asset, amount, source, this.clock.now()],
    );
  }
}
