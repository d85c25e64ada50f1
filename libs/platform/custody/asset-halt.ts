import { type Queryable, type Tx } from '@base/database';
import { gauge } from '@base/observability';

export interface AssetHalt {
  readonly asset: string;
  readonly reason: string;
  readonly at: Date;
}

const halted = gauge({
  name: 'strongroom_custody_halted',
  help: '1 while nothing of an asset leaves custody',
  labels: ['asset'],
});

/** Nothing of the asset leaves until a person lifts it. The first reason stays. Answers whether it was halted just now. */
export async function haltAsset(tx: Tx, asset: string, reason: string, at: Date): Promise<boolean> {
  const fresh = await tx.maybeOne(
    'INSERT INTO custody.asset_halt (asset, reason, at) VALUES ($1, $2, $3) ON CONFLICT (asset) DO NOTHING RETURNING asset',
    [asset, reason, at],
  );
  halted.set({ asset }, 1);
  return fresh !== undefined;
}

/** Answers false when it was not halted. */
export async function resumeAsset(tx: Tx, asset: string): Promise<boolean> {
  const lifted = await tx.maybeOne('DELETE FROM custody.asset_halt WHERE asset = $1 RETURNING asset', [asset]);
  halted.set({ asset }, 0);
  return lifted !== undefined;
}

export const assetHalt = (on: Queryable, asset: string): Promise<AssetHalt | undefined> =>
  on.maybeOne<AssetHalt>('SELECT asset, reason, at FROM custody.asset_halt WHERE asset = $1', [asset]);

export const assetHalts = (on: Queryable): Promise<AssetHalt[]> =>
  on.query<AssetHalt>('SELECT asset, reason, at FROM custody.asset_halt ORDER BY asset LIMIT 100');
