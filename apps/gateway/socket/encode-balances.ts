import { type BalanceRows, formatLocal, tradedAssets } from '../encode-balance.js';
import { type VenueFeed } from '../desk/venue-feed.js';

/** Every asset that the account has or had: one that has become zero is said to be. */
export function balancesBody(feed: VenueFeed, account: number, kept: BalanceRows): string {
  const assets = tradedAssets(feed);
  const rows = feed.balances(account).flatMap((balance) => {
    const asset = assets.get(balance.asset);
    return asset === undefined ? [] : [kept.row(feed, asset, balance)];
  });
  const total = (cents: readonly bigint[]): string => formatLocal(cents.reduce((sum, one) => sum + one, 0n));
  return (
    `,"event":"snapshot","channel":"balances","balances":[${rows.map(({ json }) => json).join(',')}],` +
    `"total_available_local":${total(rows.map(({ availableLocalCents }) => availableLocalCents))},"total_balance_local":${total(rows.map(({ localCents }) => localCents))}`
  );
}
