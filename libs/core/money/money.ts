import { formatAmount } from './amount.js';
import { type AssetCode } from './asset.js';

/** An amount with its asset. Two of different assets never meet in one sum. */
export interface Money {
  readonly asset: AssetCode;
  readonly minor: bigint;
}

export const money = (asset: AssetCode, minor: bigint): Money => ({ asset, minor });

export class AssetMismatch extends Error {}

const sameAsset = (a: Money, b: Money): AssetCode => {
  if (a.asset !== b.asset) throw new AssetMismatch(`${a.asset} and ${b.asset} do not add up`);
  return a.asset;
};

export const add = (a: Money, b: Money): Money => money(sameAsset(a, b), a.minor + b.minor);
export const subtract = (a: Money, b: Money): Money => money(sameAsset(a, b), a.minor - b.minor);

/** `'0.10000000 BTC'`. */
export const formatMoney = (of: Money): string => `${formatAmount(of.minor, of.asset)} ${of.asset}`;
