import { type AssetCode } from '@core/money';
import { type Queryable, type Tx, uuidV7 } from '@base/database';
import { refusal } from './refusals.js';

/** An engine account's asset whose money may neither come nor go until people have looked at it. */
export interface Freeze {
  readonly id: string;
  readonly account: number;
  readonly asset: AssetCode;
  readonly reason: string;
  readonly frozenBy: string;
  readonly frozenAt: Date;
}

const COLUMNS = `id, account, asset, reason, frozen_by AS "frozenBy", frozen_at AS "frozenAt"`;

/** Those in force, the newest first. */
export function listFreezes(on: Queryable): Promise<Freeze[]> {
  return on.query<Freeze>(`SELECT ${COLUMNS} FROM venue.freeze WHERE lifted_at IS NULL ORDER BY id DESC`);
}

export async function isFrozen(on: Queryable, account: number, asset: AssetCode): Promise<boolean> {
  const row = await on.maybeOne('SELECT 1 FROM venue.freeze WHERE account = $1 AND asset = $2 AND lifted_at IS NULL', [
    account,
    asset,
  ]);
  return row !== undefined;
}

/** Where one is in force already, that one stays. */
export async function freeze(
  tx: Tx,
  { account, asset, reason, by, at }: { account: number; asset: AssetCode; reason: string; by: string; at: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO venue.freeze (id, account, asset, reason, frozen_by, frozen_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (account, asset) WHERE lifted_at IS NULL DO NOTHING`,
    [uuidV7(at.getTime()), account, asset, reason, by, at],
  );
}

/** @throws Refusal `freeze_unknown` */
export async function liftFreeze(tx: Tx, id: string, by: string, at: Date): Promise<void> {
  const lifted = await tx.maybeOne(
    'UPDATE venue.freeze SET lifted_by = $2, lifted_at = $3 WHERE id = $1 AND lifted_at IS NULL RETURNING id',
    [id, by, at],
  );
  if (lifted === undefined) throw refusal('freeze_unknown');
}
