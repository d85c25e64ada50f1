/** The Bitcoin networks we know. `signet` shares testnet's address prefixes; only the node tells them apart. */
export type BitcoinNetwork = 'mainnet' | 'testnet' | 'signet' | 'regtest';

export interface BitcoinNetworkParameters {
  readonly bech32: string;
  readonly pubKeyHash: number;
  readonly scriptHash: number;
  readonly wif: number;
  readonly bip32: { readonly public: number; readonly private: number };
  /** SLIP-44 coin type: every test network shares 1. */
  readonly coinType: 0 | 1;
}

const testKeys = { public: 0x043587cf, private: 0x04358394 } as const;
const testAddresses = { pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef, bip32: testKeys, coinType: 1 } as const;

export const BITCOIN_NETWORKS: Readonly<Record<BitcoinNetwork, BitcoinNetworkParameters>> = Object.freeze({
  mainnet: {
    bech32: 'bc',
    pubKeyHash: 0x00,
    scriptHash: 0x05,
    wif: 0x80,
    bip32: { public: 0x0488b21e, private: 0x0488ade4 },
    coinType: 0,
  },
  testnet: { bech32: 'tb', ...testAddresses },
  signet: { bech32: 'tb', ...testAddresses },
  regtest: { bech32: 'bcrt', ...testAddresses },
});

/** bitcoinjs-lib's own shape of the same parameters; the message prefix is not used by anything we call. */
export function bitcoinjsNetwork(network: BitcoinNetwork) {
  const { bech32, pubKeyHash, scriptHash, wif, bip32 } = BITCOIN_NETWORKS[network];
  return { messagePrefix: '', bech32, bip32, pubKeyHash, scriptHash, wif };
}
