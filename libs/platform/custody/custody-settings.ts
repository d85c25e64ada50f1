import { z } from 'zod';
import { BITCOIN_CONFIRMATIONS, ETHEREUM_CONFIRMATIONS } from '@platform/chains';
import { type BitcoinCustody, type CustodyChain } from './custody-chain.js';

/** What every process that deals with custody reads of its environment. */
export const custodyConfig = {
  BITCOIN_NETWORK: z.enum(['mainnet', 'testnet', 'signet', 'regtest']).default('regtest'),
  ETHEREUM_CHAIN_ID: z.coerce.number().int().positive().default(31_337),
};

export type CustodyConfig = z.infer<z.ZodObject<typeof custodyConfig>>;

export interface CustodyChains {
  readonly bitcoin: BitcoinCustody;
  readonly ethereum: CustodyChain;
}

/** The chains of an installation, named as its signer names them. */
export const custodyChains = (config: CustodyConfig): CustodyChains => ({
  bitcoin: {
    chainId: `bitcoin:${config.BITCOIN_NETWORK}`,
    asset: 'BTC',
    network: config.BITCOIN_NETWORK,
    policy: BITCOIN_CONFIRMATIONS,
  },
  ethereum: { chainId: `eip155:${config.ETHEREUM_CHAIN_ID}`, asset: 'ETH', policy: ETHEREUM_CONFIRMATIONS },
});
