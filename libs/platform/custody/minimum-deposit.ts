import { type Queryable } from '@base/database';

/** Minor units; less than this is not worth the fee that moving it costs, so it is neither credited nor spent. */
export async function minimumDeposit(on: Queryable, asset: string): Promise<bigint> {
  const { min } = await on.one<{ min: bigint }>('SELECT min_deposit AS min FROM custody.asset_rule WHERE asset = $1', [
    asset,
  ]);
  return min;
}
