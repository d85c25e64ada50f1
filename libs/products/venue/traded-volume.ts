import { type Queryable } from '@base/database';
import { readEngineAssets } from './engine-asset.js';

/** What an account has traded in one quote asset, in units of the engine. */
export interface TradedVolume {
  readonly asset: number;
  readonly units: bigint;
}

/** Notional of the account's fills since then, by quote asset; both sides count. */
export async function tradedVolumes(on: Queryable, account: number, since: Date): Promise<TradedVolume[]> {
  const rows = await on.query<{ quote: number; minor: bigint }>(
    `SELECT i.quote, sum(f.notional) AS minor FROM venue.fill f JOIN venue.instrument i ON i.number = f.instrument
      WHERE f.account = $1 AND f.at >= $2 GROUP BY i.quote`,
    [account, since],
  );
  if (rows.length === 0) return [];
  const units = new Map((await readEngineAssets(on)).map(({ number, unit }) => [number, unit]));
  return rows.map(({ quote, minor }) => ({ asset: quote, units: minor / (units.get(quote) ?? 1n) }));
}
