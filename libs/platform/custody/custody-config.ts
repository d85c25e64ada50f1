import { z } from 'zod';
import { type CustodySettings, custodySettings } from './settings.js';

/** What every process that deals with custody reads of its environment. */
export const custodyConfig = {
  BITCOIN_NETWORK: z.enum(['mainnet', 'testnet', 'signet', 'regtest']).default('regtest'),
  ETHEREUM_CHAIN_ID: z.coerce.bigint().positive().default(31_337n),
};

/** The decisions of this installation. */
export const custodySettingsOf = (config: {
  readonly BITCOIN_NETWORK: CustodySettings['network'];
  readonly ETHEREUM_CHAIN_ID: bigint;
  readonly SANDBOX: boolean;
}): CustodySettings =>
  custodySettings({
    network: config.BITCOIN_NETWORK,
    ethereumChainId: config.ETHEREUM_CHAIN_ID,
    sandbox: config.SANDBOX,
  });
