import { describe, expect, it } from '@jest/globals';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { address as bitcoinjs } from 'bitcoinjs-lib';
import fc from 'fast-check';
import { decodeBitcoinAddress, decodeEthereumAddress, encodeBitcoinScript, type BitcoinNetwork } from './index.js';
import { officialVectors } from './testing/official-vectors.js';
import { BITCOIN_ADDRESSES, EIP55_ADDRESSES } from './testing/worked-examples.js';

const bip350 = officialVectors<{
  validAddresses: { address: string; scriptPubKey: string }[];
  invalid: { string: string; reason: string }[];
}>('bip350-bech32m');
const eip55 = officialVectors<{ checksummed: string[] }>('eip55');

const code = (decode: () => unknown): string | undefined => {
  try {
    decode();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('Bitcoin addresses', () => {
  it.each(BITCOIN_ADDRESSES)('$type on $network decodes, and encodes back', ({ address, network, type }) => {
    const decoded = decodeBitcoinAddress(address, network);
    expect(decoded).toMatchObject({ address, type });
    expect(encodeBitcoinScript(decoded.script, network)).toBe(address);
  });

  it('BIP-350: valid addresses give their script, or a refusal by name where nobody can spend it yet', () => {
    for (const { address, scriptPubKey } of bip350?.validAddresses ?? []) {
      const network: BitcoinNetwork = address.toLowerCase().startsWith('tb') ? 'testnet' : 'mainnet';
      const version = hexToBytes(scriptPubKey)[0] ?? 0;
      const spendable = version === 0 || (version === 0x51 && scriptPubKey.length === 68);
      if (spendable) expect(bytesToHex(decodeBitcoinAddress(address, network).script)).toBe(scriptPubKey);
      else expect(code(() => decodeBitcoinAddress(address, network))).toBe('address_unsupported');
    }
  });

  it('BIP-350: refuses every invalid string on every network', () => {
    for (const { string } of bip350?.invalid ?? []) {
      for (const network of ['mainnet', 'testnet', 'regtest'] as const) {
        expect(code(() => decodeBitcoinAddress(string, network))).toMatch(/^address_/);
      }
    }
  });

  it('D15: names the wrong network', () => {
    expect(code(() => decodeBitcoinAddress('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'regtest'))).toBe(
      'address_wrong_network',
    );
    expect(code(() => decodeBitcoinAddress('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', 'testnet'))).toBe(
      'address_wrong_network',
    );
    expect(code(() => decodeBitcoinAddress('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', 'mainnet'))).toBe(
      'address_malformed',
    );
  });

  it('W6: one changed character is never another valid address', () => {
    fc.assert(
      fc.property(fc.constantFrom(...BITCOIN_ADDRESSES), fc.nat(), fc.nat(), ({ address, network }, at, by) => {
        const alphabet = address.includes('1q') || address.includes('1p') ? 'qpzry9x8gf2tvdw0s3jn54khce6mua7l' : '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'; // prettier-ignore
        const position = 4 + (at % (address.length - 4));
        const other = alphabet[by % alphabet.length] ?? '';
        if (other === address[position]) return;
        const slip = address.slice(0, position) + other + address.slice(position + 1);
        expect(code(() => decodeBitcoinAddress(slip, network))).toMatch(/^address_/);
      }),
      { numRuns: 500 },
    );
  });

  it('W6: refuses a taproot key that is not on the curve', () => {
    // x = 5: 5³ + 7 has no square root modulo the field's prime.
    const address = bitcoinjs.toBech32(hexToBytes(`${'00'.repeat(31)}05`), 1, 'bc');
    expect(code(() => decodeBitcoinAddress(address, 'mainnet'))).toBe('address_unsupported');
  });

  it('gives no address to scripts that have none', () => {
    for (const script of ['6a0548656c6c6f', '51', '', '5221' + '02'.repeat(33) + '51ae', '5203aabbcc']) {
      expect(encodeBitcoinScript(hexToBytes(script), 'mainnet')).toBeUndefined();
    }
  });
});

describe('Ethereum addresses (EIP-55)', () => {
  it('accepts each checksummed address, and refuses it when the case of one letter flips', () => {
    for (const address of [...EIP55_ADDRESSES, ...(eip55?.checksummed ?? [])]) {
      const decoded = decodeEthereumAddress(address);
      expect(decodeEthereumAddress(decoded.address)).toEqual({ address: decoded.address, checksummed: true });
      [...decoded.address].forEach((letter, at) => {
        if (at < 2 || !/[a-f]/i.test(letter)) return;
        const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
        const slip = decoded.address.slice(0, at) + other + decoded.address.slice(at + 1);
        if (slip.slice(2) === slip.slice(2).toLowerCase() || slip.slice(2) === slip.slice(2).toUpperCase()) return;
        expect(code(() => decodeEthereumAddress(slip))).toBe('address_checksum');
      });
    }
  });

  it('marks an all-lowercase spelling as carrying no checksum', () => {
    expect(decodeEthereumAddress('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed')).toEqual({
      address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      checksummed: false,
    });
  });

  it('refuses the zero address, precompiles and everything that is not 20 bytes', () => {
    for (const text of [`0x${'0'.repeat(40)}`, `0x${'0'.repeat(39)}1`, `0x${'0'.repeat(38)}ff`]) {
      expect(code(() => decodeEthereumAddress(text))).toBe('address_unsupported');
    }
    for (const text of [
      '',
      '0x',
      `0x${'a'.repeat(39)}`,
      'a'.repeat(40),
      `0x${'g'.repeat(40)}`,
      'XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS',
      'vitalik.eth',
    ]) {
      expect(code(() => decodeEthereumAddress(text))).toBe('address_malformed');
    }
  });
});
