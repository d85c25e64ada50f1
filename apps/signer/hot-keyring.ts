import { type HDKey } from '@scure/bip32';
import { type SignerAccount } from '@core/contracts';
import { accountPath, BITCOIN_NETWORKS, type BitcoinNetwork, type DigestSigner, ethereumAddressOf, extendedKeyVersions, keyPath, type KeyPosition, masterKey, p2wpkhScript, phraseFromEntropy, seedFromPhrase, signDigest, type Signature } from '@core/wallet'; // prettier-ignore

/** On Ethereum, branch 0 holds deposit addresses; withdrawals leave from the one hot address. */
export const ETHEREUM_HOT: KeyPosition = { branch: 1, index: 0 };

const ETHEREUM_ACCOUNT = accountPath({ purpose: 44, coinType: 60, account: 0 });

/** The hot keys. Nothing here gives out a private key: it signs a digest where it is, and each child is wiped afterwards. */
export class HotKeyring {
  readonly #bitcoin: HDKey;
  readonly #ethereum: HDKey;
  readonly bitcoinAccount: string;
  readonly fingerprint: string;

  /** From the entropy of a BIP-39 phrase, so that the phrase alone restores the wallet. */
  constructor(
    entropy: Uint8Array,
    readonly network: BitcoinNetwork,
    readonly ethereumChainId: bigint,
  ) {
    const seed = seedFromPhrase(phraseFromEntropy(entropy));
    const master = masterKey(seed, extendedKeyVersions(network));
    this.bitcoinAccount = accountPath({ purpose: 84, coinType: BITCOIN_NETWORKS[network].coinType, account: 0 });
    this.#bitcoin = master.derive(this.bitcoinAccount);
    const ethereumMaster = masterKey(seed);
    this.#ethereum = ethereumMaster.derive(ETHEREUM_ACCOUNT);
    this.fingerprint = master.fingerprint.toString(16).padStart(8, '0');
    seed.fill(0);
    master.wipePrivateData();
    ethereumMaster.wipePrivateData();
  }

  get bitcoinChainId(): string {
    return `bitcoin:${this.network}`;
  }

  get ethereumChain(): string {
    return `eip155:${this.ethereumChainId}`;
  }

  /** The public halves, for everybody who derives addresses. */
  accounts(): SignerAccount[] {
    const { fingerprint } = this;
    return [
      { chainId: this.bitcoinChainId, path: this.bitcoinAccount, fingerprint, xpub: this.#bitcoin.publicExtendedKey },
      { chainId: this.ethereumChain, path: ETHEREUM_ACCOUNT, fingerprint, xpub: this.#ethereum.publicExtendedKey },
    ];
  }

  /** The script that pays our key at a position. */
  bitcoinScript(position: KeyPosition): Uint8Array {
    return p2wpkhScript(publicKey(child(this.#bitcoin, position)));
  }

  bitcoinPublicKey(position: KeyPosition): Uint8Array {
    return publicKey(child(this.#bitcoin, position));
  }

  bitcoinPath(position: KeyPosition): string {
    return keyPath(this.bitcoinAccount, position);
  }

  ethereumAddress(position: KeyPosition): string {
    return ethereumAddressOf(publicKey(child(this.#ethereum, position)));
  }

  bitcoinSigner(position: KeyPosition): DigestSigner {
    return (digest) => signWith(child(this.#bitcoin, position), digest);
  }

  ethereumSigner(position: KeyPosition): DigestSigner {
    return (digest) => signWith(child(this.#ethereum, position), digest);
  }
}

function child(account: HDKey, { branch, index }: KeyPosition): HDKey {
  return account.deriveChild(branch).deriveChild(index);
}

function publicKey(key: HDKey): Uint8Array {
  if (key.publicKey === null) throw new Error('derivation gave no public key');
  return key.publicKey;
}

function signWith(key: HDKey, digest: Uint8Array): Signature {
  const { privateKey } = key;
  if (privateKey === null) throw new Error('derivation gave no private key');
  try {
    return signDigest(privateKey, digest);
  } finally {
    privateKey.fill(0);
    key.wipePrivateData();
  }
}
