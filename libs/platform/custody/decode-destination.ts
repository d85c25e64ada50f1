import { decodeBitcoinAddress, decodeEthereumAddress, WalletRefusal } from '@core/wallet';
import { type Tx } from '@base/database';
import { ownAmong } from './addresses.js';
import { refusal } from './refusals.js';
import { type ChainAsset, type CustodySettings } from './settings.js';

/**
 * An address outside, in the spelling that is stored and paid to.
 * @throws Refusal address_malformed, address_checksum, address_wrong_network, address_unsupported, destination_is_ours
 */
export async function decodeDestination(
  tx: Tx,
  settings: CustodySettings,
  { asset, destination }: { readonly asset: ChainAsset; readonly destination: string },
): Promise<string> {
  const { address, onChain } = decode(settings, asset, destination);
  const own = await ownAmong(tx, settings.assets[asset].chainId, [onChain]);
  if (own.size > 0) throw refusal('destination_is_ours');
  return address;
}

function decode(
  settings: CustodySettings,
  asset: ChainAsset,
  destination: string,
): { address: string; onChain: string } {
  try {
    if (asset === 'ETH') {
      const { address } = decodeEthereumAddress(destination);
      return { address, onChain: address };
    }
    const { address, script } = decodeBitcoinAddress(destination, settings.network);
    return { address, onChain: Buffer.from(script).toString('hex') };
  } catch (error) {
    if (!(error instanceof WalletRefusal)) throw error;
    switch (error.code) {
      case 'address_checksum':
      case 'address_wrong_network':
      case 'address_unsupported':
        throw refusal(error.code);
      default:
        throw refusal('address_malformed');
    }
  }
}
