import { type AssetCode } from '@core/money';
import { type BitcoinNetwork } from '@core/wallet';
import { type ConfirmationPolicy } from '@platform/chains';

/** A chain that we keep coins on: its name as the signer knows it, its own asset, and how deep is deep enough. */
export interface CustodyChain {
  /** `bitcoin:regtest`, `eip155:31337`. */
  readonly chainId: string;
  readonly asset: AssetCode;
  readonly policy: ConfirmationPolicy;
}

export interface BitcoinCustody extends CustodyChain {
  readonly network: BitcoinNetwork;
}
