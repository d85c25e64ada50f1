import { assetOf, type AssetCode, isAssetCode } from '@core/money';
import { type Queryable } from '@base/database';

/** An asset as the engine counts it. The engine's unit is a whole number of the ledger's minor units. */
export interface EngineAsset {
  readonly number: number;
  readonly code: AssetCode;
  /** Digits after the point of the major unit. */
  readonly scale: number;
  /** Minor units of the ledger in one unit of the engine. */
  readonly unit: bigint;
}

/** No balance of the engine, and no sum of balances, passes this many units. */
export const MAX_UNITS = 1n << 62n;

/** In units of the engine, or undefined when the amount has digits that the engine does not count. */
export function unitsOf({ unit }: EngineAsset, minor: bigint): bigint | undefined {
  return minor % unit === 0n ? minor / unit : undefined;
}

/** In minor units of the ledger. */
export const minorOf = ({ unit }: EngineAsset, units: bigint): bigint => units * unit;

interface AssetRow {
  readonly number: number;
  readonly code: string;
  readonly scale: number;
}

/** @throws Error when the engine would count more finely than the ledger: its amounts could not be booked */
export async function readEngineAssets(on: Queryable): Promise<readonly EngineAsset[]> {
  const rows = await on.query<AssetRow>('SELECT number, code, scale FROM venue.asset ORDER BY number');
  return rows.map(engineAsset);
}

/** @throws Error like `readEngineAssets` */
export function engineAsset({ number, code, scale }: AssetRow): EngineAsset {
  if (!isAssetCode(code)) throw new Error(`the exchange trades ${code}, which is no asset of the ledger`);
  const finer = assetOf(code).scale - scale;
  if (finer < 0) throw new Error(`the exchange counts ${code} more finely than the ledger`);
  return { number, code, scale, unit: 10n ** BigInt(finer) };
}
