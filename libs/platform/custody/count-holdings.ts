import { type Database } from '@base/database';
import { type BitcoinClient, type EthereumClient } from '@platform/chains';
import { addressesInUse } from './addresses.js';
import { unspentCoins } from './coins.js';
import { type CountHolding } from './reconcile-custody.js';

const AT_ONCE = 8;

async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE)
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  return results;
}

/** Every coin that we believe unspent, asked of the node one by one. A coin spent in the mempool alone is still there in the block. */
export const countBitcoin =
  (database: Database, node: BitcoinClient, chainId: string): CountHolding =>
  async (block) => {
    const coins = await unspentCoins(database, chainId);
    const answers = await inTurns(coins, async (coin) => ({
      coin,
      ...(await node.isUnspent({ txid: coin.txid, vout: coin.vout })),
    }));
    // Each answer names the tip that it is about: only if that is our block does it say something about it.
    if (answers.some(({ at }) => at !== undefined && at !== block.hash) || (await node.tip()).hash !== block.hash)
      return undefined;
    const there = answers.filter((answer) => answer.unspent).map((answer) => answer.coin);
    return {
      total: there.reduce((sum, coin) => sum + coin.value, 0n),
      ignored: there.filter((coin) => coin.isDust).reduce((sum, coin) => sum + coin.value, 0n),
      contradictions: answers
        .filter((answer) => !answer.unspent)
        .map(({ coin }) => `the node says that ${coin.txid}:${coin.vout} is spent`),
    };
  };

/** The balance of every address of ours that was ever used, after the block. */
export const countEthereum =
  (database: Database, node: EthereumClient, chainId: string): CountHolding =>
  async (block) => {
    const addresses = await addressesInUse(database, chainId);
    const balances = await inTurns(addresses, ({ address }) => node.balanceAt(address, { blockHash: block.hash }));
    const { ignored } = await database.one<{ ignored: bigint }>(
      `SELECT coalesce(sum(amount), 0) AS ignored FROM custody.deposit WHERE chain_id = $1 AND state = 'ignored'`,
      [chainId],
    );
    if ((await node.hashAt(block.height)) !== block.hash) return undefined;
    return { total: balances.reduce((sum, balance) => sum + balance, 0n), ignored, contradictions: [] };
  };
