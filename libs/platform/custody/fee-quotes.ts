import { type Clock } from '@base/clock';
import { type Queryable } from '@base/database';
import { feeForWeight } from '@core/wallet';
import { type AssetSettings } from './settings.js';

/** What a withdrawal costs its customer, minor units, and when that was found out. */
export interface FeeQuote {
  readonly fee: bigint;
  /** Most that any transaction for it may pay to the network. */
  readonly maxNetworkFee: bigint;
  readonly at: Date;
}

/** A rate older than this is not quoted from. */
const STALE_MS = 15 * 60_000;

/** The network's cap for one intent: room to bump several times over what the customer pays. */
const BUMP_ROOM = 8n;

export async function storeFeeRate(db: Queryable, chainId: string, rate: bigint, at: Date): Promise<void> {
  await db.query(
    `INSERT INTO custody.fee_rate (chain_id, rate, at) VALUES ($1, $2, $3)
     ON CONFLICT (chain_id) DO UPDATE SET rate = EXCLUDED.rate, at = EXCLUDED.at`,
    [chainId, rate, at],
  );
}

/**
 * The fee by the rate that the worker last saw, for a usual transaction. `undefined` when the worker has not seen any lately: a price that
 * nobody knows is not quoted.
 */
export async function quoteFee(db: Queryable, settings: AssetSettings, clock: Clock): Promise<FeeQuote | undefined> {
  const seen = await db.maybeOne<{ rate: bigint; at: Date }>(
    'SELECT rate, at FROM custody.fee_rate WHERE chain_id = $1',
    [settings.chainId],
  );
  if (seen === undefined || clock.now().getTime() - seen.at.getTime() > STALE_MS) return undefined;
  const { usualSize, maxNetworkFee } = settings;
  const fee = settings.asset === 'BTC' ? feeForWeight(Number(usualSize) * 4, seen.rate) : usualSize * seen.rate;
  const roomy = fee * BUMP_ROOM;
  return { fee, maxNetworkFee: roomy < maxNetworkFee ? roomy : maxNetworkFee, at: seen.at };
}
