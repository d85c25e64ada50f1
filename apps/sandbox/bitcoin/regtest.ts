import bcoin from 'bcoin';

/** Confirmations before a coinbase output may be spent (consensus). */
export const COINBASE_MATURITY = 100;

/**
 * Blocks mined before a fresh chain opens its door. bcoin activates segwit by BIP-9 signalling, which takes three windows
 * of 144 blocks on regtest; Bitcoin Core has it active from genesis. The rest matures the first coinbases.
 */
export const BOOT_BLOCKS = 450;

/** Transactions may use relative lock-times (BIP-68), measured against the median time past (BIP-113). */
export const LOCK_FLAGS = 3;

const network = bcoin.Network.get('regtest');

// bcoin's regtest has prefixes of its own; these are Bitcoin Core's.
network.addressPrefix.pubkeyhash = 0x6f;
network.addressPrefix.scripthash = 0xc4;
network.addressPrefix.bech32 = 'bcrt';

export const regtest = network;

/** bcoin keeps ids in wire order; people, RPC and explorers reverse the bytes. Its own inverse. */
export function reverseHex(hex: string): string {
  return Buffer.from(hex, 'hex').reverse().toString('hex');
}
