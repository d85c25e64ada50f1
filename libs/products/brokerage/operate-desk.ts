import { type AssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { refuse } from '@base/http';
import { type Quotes } from './quotes.js';

/** Every pair at once. */
export const EVERYTHING = '*';

/** The operators' hands on the desk: pause and resume pairs, stop everything, set limits. */
export class OperateDesk {
  constructor(
    private readonly quotes: Quotes,
    private readonly clock: Clock,
  ) {}

  /**
   * Stops quotes and new orders of a pair, or of {@link EVERYTHING} (the kill switch), and voids every open quote. An order under way in another
   * transaction is waited for; orders whose money has arrived are still executed or given their money back. Answers how many quotes were voided.
   * @throws Refusal `pair_not_found`
   */
  async pause(
    tx: Tx,
    { pair, reason, operatorId }: { pair: string; reason: string; operatorId: string },
  ): Promise<number> {
    const now = this.clock.now();
    const paused = await tx.query<{ symbol: string }>(
      `UPDATE brokerage.pair SET paused_reason = coalesce(paused_reason, $2), paused_by = coalesce(paused_by, $3), paused_at = coalesce(paused_at, $4)
        WHERE $1 = '*' OR symbol = $1 RETURNING symbol`,
      [pair, reason, operatorId, now],
    );
    if (paused.length === 0) throw pairNotFound();
    return this.quotes.voidOpen(tx, paused.map(({ symbol }) => symbol), now); // prettier-ignore
  }

  /** @throws Refusal `pair_not_found` */
  async resume(tx: Tx, pair: string): Promise<void> {
    const resumed = await tx.query(
      `UPDATE brokerage.pair SET paused_reason = NULL, paused_by = NULL, paused_at = NULL WHERE $1 = '*' OR symbol = $1 RETURNING symbol`,
      [pair],
    );
    if (resumed.length === 0) throw pairNotFound();
  }

  /** @throws Refusal `asset_has_no_limit` */
  async setLimits(
    tx: Tx,
    { asset, softCents, hardCents }: { asset: AssetCode; softCents: bigint; hardCents: bigint },
  ): Promise<void> {
    const changed = await tx.query(
      'UPDATE brokerage.house_limit SET soft_cents = $2, hard_cents = $3 WHERE asset = $1 RETURNING asset',
      [asset, softCents, hardCents],
    );
    if (changed.length > 0) return;
    throw refuse('asset_has_no_limit', {
      status: 404,
      title: 'This asset has no position limit',
      detail: 'Limits exist for what the desk deals in.',
    });
  }
}

const pairNotFound = () =>
  refuse('pair_not_found', { status: 404, title: 'There is no such pair', detail: 'GET /v1/house/pairs lists them.' });
