import { type BitcoinClient, type BlockRef, type EthereumClient, inBatches } from '@platform/chains';

/** What the chain says we hold, asked of a node at exactly one block. */
export interface Holdings {
  /** Minor units at that block; `undefined` when the node has moved on in the meantime. */
  at(block: BlockRef): Promise<bigint | undefined>;
}

const WIDTH = 8;

/** Each coin that our books call unspent, asked one by one: what the node does not confirm is not there. */
export function bitcoinHoldings(
  client: Pick<BitcoinClient, 'isUnspent' | 'tip'>,
  coins: readonly { readonly txid: string; readonly vout: number; readonly value: bigint }[],
): Holdings {
  return {
    at: async (block) => {
      if ((await client.tip()).hash !== block.hash) return undefined;
      const answers = await inBatches(coins, WIDTH, async (coin) => ({ coin, ...(await client.isUnspent(coin)) }));
      const moved =
        answers.some(({ at }) => at !== undefined && at !== block.hash) || (await client.tip()).hash !== block.hash;
      if (moved) return undefined;
      return answers.filter(({ unspent }) => unspent).reduce((sum, { coin }) => sum + coin.value, 0n);
    },
  };
}

/** The balance of every address that was ever used, as that block left it. */
export function ethereumHoldings(client: Pick<EthereumClient, 'balanceAt'>, addresses: readonly string[]): Holdings {
  return {
    at: async ({ hash }) => {
      const balances = await inBatches(addresses, WIDTH, (address) => client.balanceAt(address, { blockHash: hash }));
      return balances.reduce((sum, balance) => sum + balance, 0n);
    },
  };
}
