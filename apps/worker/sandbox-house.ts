import { z } from 'zod';
import { isNodeTrouble, JsonRpc } from '@platform/chains';
import { type AllocateAddress } from '@platform/custody';
import { account } from '@platform/ledger';
import { type WorkerParts } from './worker.js';

const EVERY_MS = 5_000;
const BITCOINS = '5';
const WEI = 100n * 10n ** 18n;

/**
 * In a sandbox somebody has to give the house its coins: the dev chain's faucet and anvil's first account pay to the house's own addresses, and what arrives becomes its
 * inventory like any other deposit. Once per asset: the books tell what has
 * arrived, the chain what is on its way.
 */
export function registerSandboxHouse(parts: WorkerParts, addresses: AllocateAddress): void {
  const { config, jobs, ledger, logger } = parts;
  const bitcoin = new JsonRpc({ url: config.BITCOIN_RPC_URL });
  const ethereum = new JsonRpc({ url: config.ETHEREUM_RPC_URL });
  const paid = new Set<'BTC' | 'ETH'>();

  const isFunded = async (asset: 'BTC' | 'ETH'): Promise<boolean> =>
    paid.has(asset) || (await ledger.balance(account('house_inventory', asset))) !== 0n;

  const pay = {
    BTC: async (address: string): Promise<void> => {
      const balance = z.looseObject({
        pending: z.union([z.string(), z.number()]),
        confirmed: z.union([z.string(), z.number()]),
      });
      const { pending, confirmed } = await bitcoin.call('sandbox_balance', [address], balance);
      if (Number(pending) + Number(confirmed) === 0)
        await bitcoin.call('sandbox_faucet', [address, BITCOINS], z.string());
    },
    ETH: async (address: string): Promise<void> => {
      const quantity = z.string().transform((hex) => BigInt(hex));
      if ((await ethereum.call('eth_getBalance', [address, 'latest'], quantity)) > 0n) return;
      const [from] = await ethereum.call('eth_accounts', [], z.array(z.string()));
      await ethereum.call('eth_sendTransaction', [{ from, to: address, value: `0x${WEI.toString(16)}` }], z.string());
    },
  };

  jobs.every({
    kind: 'sandbox.fund-house',
    everyMs: EVERY_MS,
    run: async () => {
      for (const asset of ['BTC', 'ETH'] as const) {
        if (await isFunded(asset)) continue;
        try {
          const { address } = await addresses.forHouse(asset);
          await pay[asset](address);
          paid.add(asset);
        } catch (error) {
          if (!isNodeTrouble(error)) throw error;
          logger.warn({ asset }, 'the sandbox has no faucet for the house yet');
        }
      }
    },
  });
}
