import { describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { HDKey } from '@scure/bip32';
import { accountPath, entropyFromPhrase, extendedKeyVersions, keyPath, masterKey, p2wpkhAddress, parsePath, phraseFromEntropy, seedFromPhrase, WatchOnlyAccount } from './index.js'; // prettier-ignore
import { officialVectors } from './testing/official-vectors.js';
import { BIP84_ADDRESSES, BIP84_PHRASE } from './testing/worked-examples.js';

const bip32 = officialVectors<{
  valid: { seedHex: string; chains: { path: string; xpub: string; xprv: string }[] }[];
  invalid: { key: string; reason: string }[];
}>('bip32');
const bip39 = officialVectors<{ english: [string, string, string, string][] }>('bip39-trezor');

describe('BIP-32', () => {
  it('derives every chain of every official seed', () => {
    for (const { seedHex, chains } of bip32?.valid ?? []) {
      const master = masterKey(hexToBytes(seedHex));
      for (const { path, xpub, xprv } of chains) {
        const key = path === 'm' ? master : master.derive(path);
        expect(key.publicExtendedKey).toBe(xpub);
        expect(key.privateExtendedKey).toBe(xprv);
      }
    }
  });

  it('refuses each of the invalid extended keys', () => {
    for (const { key } of bip32?.invalid ?? []) {
      expect(() => WatchOnlyAccount.parse(key)).toThrow(expect.objectContaining({ code: 'extended_key_invalid' }));
    }
  });

  it('takes no account from a private key, a foreign network, a shallow key or a flipped character', () => {
    const account = masterKey(seedFromPhrase(BIP84_PHRASE)).derive("m/84'/0'/0'");
    expect(() => WatchOnlyAccount.parse(account.privateExtendedKey)).toThrow(/private key/);
    expect(() => WatchOnlyAccount.parse(account.publicExtendedKey, extendedKeyVersions('testnet'))).toThrow(
      /not a valid/,
    );
    expect(() => WatchOnlyAccount.parse(account.deriveChild(0).publicExtendedKey)).toThrow(/depth 3/);
    const xpub = account.publicExtendedKey;
    for (let at = 4; at < xpub.length; at += 7) {
      const flipped = xpub.slice(0, at) + (xpub[at] === 'z' ? 'y' : 'z') + xpub.slice(at + 1);
      expect(() => WatchOnlyAccount.parse(flipped)).toThrow();
    }
  });

  it('reads only paths that are spelled canonically', () => {
    expect(parsePath("m/84'/1'/0'/1/7")).toEqual([0x80000054, 0x80000001, 0x80000000, 1, 7]);
    for (const path of ['', '84/0', 'm/', 'm/-1', 'm/01', 'm/2147483648', "m/0''", 'm/0h', 'm/0/ 1', 'm//0', 'M/0']) {
      expect(() => parsePath(path)).toThrow(expect.objectContaining({ code: 'derivation_path_invalid' }));
    }
  });
});

describe('BIP-39', () => {
  it('makes phrases, seeds and master keys as the official vectors do', () => {
    for (const [entropy, phrase, seed, xprv] of bip39?.english ?? []) {
      expect(phraseFromEntropy(hexToBytes(entropy))).toBe(phrase);
      expect(bytesToHex(entropyFromPhrase(phrase))).toBe(entropy);
      expect(bytesToHex(seedFromPhrase(phrase, 'TREZOR'))).toBe(seed);
      expect(masterKey(hexToBytes(seed)).privateExtendedKey).toBe(xprv);
    }
  });

  it('refuses a wrong word, a wrong checksum and a wrong length', () => {
    for (const phrase of [`${BIP84_PHRASE}x`, BIP84_PHRASE.replace('about', 'abandon'), BIP84_PHRASE.slice(8), '']) {
      expect(() => seedFromPhrase(phrase)).toThrow(expect.objectContaining({ code: 'mnemonic_invalid' }));
    }
  });
});

describe('BIP-84 and BIP-44 accounts', () => {
  it('derives the published addresses from the account public key alone', () => {
    const path = accountPath({ purpose: 84, coinType: 0, account: 0 });
    const xpub = masterKey(seedFromPhrase(BIP84_PHRASE)).derive(path).publicExtendedKey;
    const account = WatchOnlyAccount.parse(xpub);
    for (const { branch, index, address } of BIP84_ADDRESSES) {
      expect(p2wpkhAddress(account.publicKey({ branch, index }), 'mainnet').address).toBe(address);
    }
  });

  it('gives the same public key as the private derivation at any position', () => {
    const master = HDKey.fromMasterSeed(hexToBytes('11'.repeat(32)), extendedKeyVersions('regtest'));
    const path = accountPath({ purpose: 84, coinType: 1, account: 3 });
    const account = WatchOnlyAccount.parse(master.derive(path).publicExtendedKey, extendedKeyVersions('regtest'));
    for (const position of [
      { branch: 0, index: 0 },
      { branch: 1, index: 19 },
      { branch: 0, index: 0x7fffffff },
    ] as const) {
      expect(account.publicKey(position)).toEqual(master.derive(keyPath(path, position)).publicKey);
    }
    expect(() => account.publicKey({ branch: 0, index: 0x80000000 })).toThrow(/2\^31/);
  });
});
