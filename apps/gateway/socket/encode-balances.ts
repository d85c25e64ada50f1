import { balanceRow, formatLocal, tradedAssets } from '../encode-balance.js';
import { type VenueFeed } from '../desk/venue-feed.js';

/** Every asset that the account has or had: one that has become zero is said to be. */
export function balancesBody(feed: VenueFeed, account: number): string {
  const assets = tradedAssets(feed);
  let rows = '';
  let total = 0n;
  let totalAvailable = 0n;
  for (const balance of feed.balances(account)) {
    const asset = assets.get(balance.asset);
    if (asset === undefined) continue;
    const { json, localCents, availableLocalCents } = balanceRow(feed, asset, balance);
    total += localCents;
    totalAvailable += availableLocalCents;
    rows += rows === '' ? json : `,${json}`;
  }
  return `,"event":"snapshot","channel":"balances","balances":[${rows}],"total_available_local":${formatLocal(totalAvailable)},"total_balance_local":${formatLocal(total)}`;
}
