import { HARDENED_OFFSET, HDKey, type Versions } from '@scure/bip32';
import { type BitcoinNetwork, BITCOIN_NETWORKS } from './networks.js';
import { refusing, WalletRefusal } from './wallet-refusal.js';

// Only @scure/bip32 parses extended keys here. ethers' parser was seen to accept keys with a bad checksum.

/** `0` holds addresses shown to payers, `1` addresses that only we pay (change). BIP-44's "change" level. */
export type Branch = 0 | 1;

/** Where a key sits below its account: `branch/index`, both unhardened, so that an xpub reaches it. */
export interface KeyPosition {
  readonly branch: Branch;
  readonly index: number;
}

const PATH = /^m(\/(0|[1-9]\d{0,9})'?)*$/;

/** Hardened account path of BIP-84 (purpose 84) or BIP-44 (purpose 44): `m/purpose'/coinType'/account'`. */
export function accountPath(account: { purpose: 44 | 84; coinType: number; account: number }): string {
  return `m/${account.purpose}'/${account.coinType}'/${account.account}'`;
}

/** The path of a key below its account, e.g. `m/84'/1'/0'/0/7`. */
export function keyPath(account: string, position: KeyPosition): string {
  return `${account}/${position.branch}/${position.index}`;
}

/** Parses a path; refuses everything but `m/…` with decimal indices below 2^31 and `'` for hardened. */
export function parsePath(path: string): readonly number[] {
  if (!PATH.test(path)) throw new WalletRefusal('derivation_path_invalid', 'not a BIP-32 path');
  return path
    .split('/')
    .slice(1)
    .map((step) => {
      const hardened = step.endsWith("'");
      const index = Number(hardened ? step.slice(0, -1) : step);
      if (index >= HARDENED_OFFSET) throw new WalletRefusal('derivation_path_invalid', 'index is not below 2^31');
      return hardened ? index + HARDENED_OFFSET : index;
    });
}

/**
 * Master key of a BIP-32 seed of 16 to 64 bytes. The result holds secrets: call `wipePrivateData()` when done. JavaScript cannot
 * promise that no copy stays in memory; the signer process is what bounds the exposure.
 */
export function masterKey(seed: Uint8Array, versions?: Versions): HDKey {
  return refusing('extended_key_invalid', 'seed is not 16 to 64 bytes', () => HDKey.fromMasterSeed(seed, versions));
}

/** Version bytes that an extended key of this network carries (BIP-32: xpub/tpub). */
export function extendedKeyVersions(network: BitcoinNetwork): Versions {
  return BITCOIN_NETWORKS[network].bip32;
}

/** A watch-only account: all its public keys, none of its private ones. */
export class WatchOnlyAccount {
  private readonly branches = new Map<Branch, HDKey>();

  private constructor(private readonly key: HDKey) {}

  /**
   * Reads an account-level extended *public* key. Refuses a private key, a wrong network's version, a key that is not at account
   * depth (3), and all of BIP-32's invalid keys.
   */
  static parse(xpub: string, versions?: Versions): WatchOnlyAccount {
    const key = refusing('extended_key_invalid', 'not a valid extended key', () =>
      HDKey.fromExtendedKey(xpub, versions),
    );
    if (key.privateKey !== null)
      throw new WalletRefusal('extended_key_invalid', 'a private key where a public one belongs');
    if (key.depth !== 3 || key.index < HARDENED_OFFSET) {
      throw new WalletRefusal('extended_key_invalid', 'not a hardened account key (depth 3)');
    }
    return new WatchOnlyAccount(key);
  }

  /** Compressed public key (33 bytes) at the position. */
  publicKey(position: KeyPosition): Uint8Array {
    if (!Number.isInteger(position.index) || position.index < 0 || position.index >= HARDENED_OFFSET) {
      throw new WalletRefusal('derivation_path_invalid', 'index is not below 2^31');
    }
    let branch = this.branches.get(position.branch);
    if (branch === undefined) {
      branch = this.key.deriveChild(position.branch);
      this.branches.set(position.branch, branch);
    }
    const { publicKey } = branch.deriveChild(position.index);
    if (publicKey === null) throw new WalletRefusal('key_mismatch', 'derivation gave no public key');
    return publicKey;
  }
}
