import { type Queryable } from '@base/database';
import { gauge } from '@base/observability';
import { findHalt } from './halts.js';
import { INTENT_STATES, isFinal } from './intent.js';
import { type AssetSettings } from './settings.js';

const OPEN_STATES = INTENT_STATES.filter((state) => !isFinal(state));

const open = gauge({
  name: 'strongroom_custody_open_withdrawals',
  help: 'Withdrawals that are not over, by state',
  labels: ['asset', 'state'],
});
const oldest = gauge({
  name: 'strongroom_custody_oldest_open_withdrawal_seconds',
  help: 'Since the oldest withdrawal that is not over was asked for; 0 when there is none',
  labels: ['asset'],
});

const halted = gauge({
  name: 'strongroom_custody_halted',
  help: '1 while an asset is halted',
  labels: ['asset'],
});

/** Shows what is under way, and for how long: a withdrawal that nobody takes onwards is seen by its age before its customer asks; so is a halt. */
export async function measureCustody(
  db: Queryable,
  { asset, chainId }: Pick<AssetSettings, 'asset' | 'chainId'>,
  now: Date,
): Promise<void> {
  const rows = await db.query<{ state: string; count: bigint; since: Date }>(
    `SELECT state, count(*), min(created_at) AS since FROM custody.intent
      WHERE chain_id = $1 AND kind = 'withdrawal' AND state = ANY ($2) GROUP BY state`,
    [chainId, OPEN_STATES],
  );
  const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]));
  for (const state of OPEN_STATES) open.set({ asset, state }, counts.get(state) ?? 0);
  const since = Math.min(now.getTime(), ...rows.map((row) => row.since.getTime()));
  oldest.set({ asset }, (now.getTime() - since) / 1_000);
  halted.set({ asset }, (await findHalt(db, asset)) === undefined ? 0 : 1);
}
