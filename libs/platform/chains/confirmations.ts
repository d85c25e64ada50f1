import { type AssetCode } from '@core/money';
import { type Queryable } from '@base/database';

/**
 * How many blocks, its own included, an amount must be under before it counts. The steps are rows of `chains.confirmation_policy`: more for more, because the
 * price of undoing blocks is what protects the amount.
 * @throws Error for an asset without a policy
 */
export async function requiredConfirmations(on: Queryable, asset: AssetCode, amount: bigint): Promise<number> {
  const row = await on.maybeOne<{ confirmations: number }>(
    `SELECT confirmations FROM chains.confirmation_policy
      WHERE asset = $1 AND (up_to IS NULL OR $2 <= up_to) ORDER BY up_to NULLS LAST LIMIT 1`,
    [asset, amount],
  );
  if (!row) throw new Error(`${asset} has no confirmation policy`);
  return row.confirmations;
}
