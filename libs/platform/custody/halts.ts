import { type Queryable, type Tx } from '@base/database';
import { counter } from '@base/observability';
import { type ChainAsset } from './settings.js';

export interface Halt {
  readonly asset: ChainAsset;
  /** `withdrawals`: nothing goes out. `all`: nothing is credited either. */
  readonly scope: 'withdrawals' | 'all';
  readonly reason: string;
  /** An operator's id, or the check that pulled the brake. */
  readonly actor: string;
  readonly at: Date;
}

const halts = counter({
  name: 'strongroom_custody_halts_total',
  help: 'Assets halted, by who did it',
  labels: ['asset', 'actor'],
});

/** Halts an asset. A wider halt replaces a narrower one; the first reason stands. */
export async function halt(tx: Tx, given: Halt): Promise<void> {
  await tx.query(
    `INSERT INTO custody.halt (asset, scope, reason, actor, at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (asset) DO UPDATE SET scope = 'all' WHERE EXCLUDED.scope = 'all'`,
    [given.asset, given.scope, given.reason, given.actor, given.at],
  );
  const actor = /^[0-9a-f]{8}-/.test(given.actor) ? 'operator' : given.actor;
  tx.afterCommit(() => halts.inc({ asset: given.asset, actor }));
}

/** Lifts a halt; answers whether there was one. */
export async function resume(tx: Tx, asset: ChainAsset): Promise<boolean> {
  const lifted = await tx.query('DELETE FROM custody.halt WHERE asset = $1 RETURNING asset', [asset]);
  return lifted.length > 0;
}

export function findHalt(db: Queryable, asset: ChainAsset): Promise<Halt | undefined> {
  return db.maybeOne<Halt>('SELECT asset, scope, reason, actor, at FROM custody.halt WHERE asset = $1', [asset]);
}

export function listHalts(db: Queryable): Promise<Halt[]> {
  return db.query<Halt>('SELECT asset, scope, reason, actor, at FROM custody.halt ORDER BY asset');
}
