import { computeAddress, getAddress } from 'ethers';
import { bytesToHex } from '@noble/hashes/utils.js';
import { refusing, WalletRefusal } from './wallet-refusal.js';

export interface EthereumAddress {
  /** EIP-55 spelling. */
  readonly address: string;
  /** `false` when the payer's spelling carried no checksum (all lower case): a typing slip would go unseen, so warn. */
  readonly checksummed: boolean;
}

/**
 * Decodes an address by EIP-55: mixed case must match the checksum, one-case spellings are accepted and marked. Refuses the zero
 * address and the precompiles (0x1 … 0xff), from which nothing comes back.
 */
export function decodeEthereumAddress(text: string): EthereumAddress {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new WalletRefusal('address_malformed', 'not 0x and 40 hexadecimal digits');
  const address = refusing('address_checksum', 'EIP-55 checksum is wrong', () => getAddress(text));
  if (BigInt(text) <= 0xffn)
    throw new WalletRefusal('address_unsupported', 'the zero address and precompiles keep what they get');
  return { address, checksummed: text === address };
}

/** Address of a compressed or uncompressed public key: the last 20 bytes of its Keccak-256 hash. */
export function ethereumAddressOf(publicKey: Uint8Array): string {
  return refusing('key_mismatch', 'not a public key', () => computeAddress(`0x${bytesToHex(publicKey)}`));
}
