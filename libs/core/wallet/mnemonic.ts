import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from '@scure/bip39';
import { wordlist as english } from '@scure/bip39/wordlists/english.js';
import { refusing } from './wallet-refusal.js';

/** BIP-39 phrase of 16 to 32 bytes of entropy (12 to 24 words). The caller brings the entropy: this library has no randomness. */
export function phraseFromEntropy(entropy: Uint8Array, wordlist: string[] = english): string {
  return refusing('mnemonic_invalid', 'entropy must be 16, 20, 24, 28 or 32 bytes', () =>
    entropyToMnemonic(entropy, wordlist),
  );
}

/** Entropy of a phrase; refuses a wrong word, word count or checksum. */
export function entropyFromPhrase(phrase: string, wordlist: string[] = english): Uint8Array {
  return refusing('mnemonic_invalid', 'words or checksum are wrong', () => mnemonicToEntropy(phrase, wordlist));
}

/** 64-byte BIP-39 seed of a checked phrase and the optional passphrase (PBKDF2-HMAC-SHA512, 2048 rounds, NFKD). */
export function seedFromPhrase(phrase: string, passphrase = '', wordlist: string[] = english): Uint8Array {
  entropyFromPhrase(phrase, wordlist);
  return mnemonicToSeedSync(phrase, passphrase);
}
