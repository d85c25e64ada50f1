import { type AssetCode } from '@core/money';
import { type BitcoinNetwork } from '@core/wallet';
import { BITCOIN_CONFIRMATIONS, type ConfirmationPolicy, ETHEREUM_CONFIRMATIONS } from '@platform/chains';

/** The assets that custody holds on chain today. Tokens come with their own rail. */
export const CHAIN_ASSETS = ['BTC', 'ETH'] as const satisfies readonly AssetCode[];
export type ChainAsset = (typeof CHAIN_ASSETS)[number];

export const isChainAsset = (asset: string): asset is ChainAsset => (CHAIN_ASSETS as readonly string[]).includes(asset);

/** What is decided about one asset, in minor units. Data, so that another installation decides otherwise. */
export interface AssetSettings {
  readonly asset: ChainAsset;
  readonly chainId: string;
  readonly confirmations: ConfirmationPolicy;
  /** Below it a deposit is written down but not credited: it would cost more to move than it is worth. */
  readonly minDeposit: bigint;
  readonly minWithdrawal: bigint;
  /** What one customer may withdraw in 24 hours. */
  readonly dailyLimit: bigint;
  /** Up to here a withdrawal needs no operator. */
  readonly autoApproveUpTo: bigint;
  /** Size of a usual withdrawal in the fee's unit (thousandths of virtual bytes, gas), for quotes. */
  readonly usualSize: bigint;
  /** Most that any transaction for an intent may pay to the network, whatever was quoted. */
  readonly maxNetworkFee: bigint;
  /** A transaction that is still not mined after so many blocks is replaced by one that pays more. */
  readonly bumpAfterBlocks: number;
}

export interface CustodySettings {
  readonly network: BitcoinNetwork;
  readonly ethereumChainId: bigint;
  readonly assets: Readonly<Record<ChainAsset, AssetSettings>>;
  /** How long a withdrawal may wait before it is signed. */
  readonly intentLifetimeMs: number;
  /** A new address on a customer's whitelist waits so long before anything is paid to it. */
  readonly whitelistCoolingOffMs: number;
  /** How long a ticket for the signer is good. */
  readonly ticketLifetimeMs: number;
}

/** Production's decisions; a sandbox waits for fewer blocks. */
export function custodySettings(given: {
  network: BitcoinNetwork;
  ethereumChainId: bigint;
  sandbox?: boolean;
}): CustodySettings {
  const { network, ethereumChainId, sandbox = false } = given;
  return {
    network,
    ethereumChainId,
    intentLifetimeMs: 24 * 3_600_000,
    whitelistCoolingOffMs: sandbox ? 0 : 24 * 3_600_000,
    ticketLifetimeMs: 15 * 60_000,
    assets: {
      BTC: {
        asset: 'BTC',
        chainId: `bitcoin:${network}`,
        confirmations: sandbox ? SANDBOX_BITCOIN : BITCOIN_CONFIRMATIONS,
        minDeposit: 1_000n,
        minWithdrawal: 2_000n,
        dailyLimit: 10n * 10n ** 8n,
        autoApproveUpTo: 10n ** 8n,
        usualSize: 141n,
        maxNetworkFee: 2_000_000n,
        bumpAfterBlocks: 3,
      },
      ETH: {
        asset: 'ETH',
        chainId: `eip155:${ethereumChainId}`,
        confirmations: sandbox ? SANDBOX_ETHEREUM : ETHEREUM_CONFIRMATIONS,
        minDeposit: 10n ** 14n,
        minWithdrawal: 10n ** 14n,
        dailyLimit: 150n * 10n ** 18n,
        autoApproveUpTo: 20n * 10n ** 18n,
        usualSize: 21_000n,
        maxNetworkFee: 5n * 10n ** 16n,
        bumpAfterBlocks: 5,
      },
    },
  };
}

const SANDBOX_BITCOIN: ConfirmationPolicy = {
  steps: [
    { from: 10n ** 9n, depth: 3 },
    { from: 10n ** 8n, depth: 2 },
    { from: 0n, depth: 1 },
  ],
  maxReorg: 100,
};

const SANDBOX_ETHEREUM: ConfirmationPolicy = {
  steps: [
    { from: 100n * 10n ** 18n, depth: 4 },
    { from: 0n, depth: 2 },
  ],
  maxReorg: 128,
};
