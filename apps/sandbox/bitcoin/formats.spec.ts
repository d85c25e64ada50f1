import { describe, expect, it } from '@jest/globals';
import { officialVectors } from '@core/wallet/testing';
import { Address, OutScript } from '@scure/btc-signer';
import fc from 'fast-check';
import { addressOf, scriptOf } from './address.js';
import { formatBitcoins, formatMoney, parseBitcoins } from './bitcoins.js';
import { descriptorChecksum, inferDescriptor } from './descriptor.js';
import { writeJson } from './exact-json.js';
import { scriptAsm } from './script-asm.js';
import { scriptType } from './script-type.js';
import { REGTEST } from './testing/regtest-wallet.js';

const MAX_SATOSHI = 2_100_000_000_000_000n;
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const KEY = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

describe('amounts', () => {
  it('come back from JSON text exactly, as a number and as a string', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MAX_SATOSHI }), (satoshi) => {
        const text = formatBitcoins(satoshi);
        expect(parseBitcoins(text)).toBe(satoshi);
        expect(parseBitcoins(JSON.parse(text))).toBe(satoshi);
        expect(parseBitcoins(formatMoney(satoshi))).toBe(satoshi);
      }),
    );
  });

  it('are written as Bitcoin Core writes them in JSON and in sentences', () => {
    expect([0n, 1n, 100_000_000n, -150n].map(formatBitcoins)).toEqual([
      '0.00000000',
      '0.00000001',
      '1.00000000',
      '-0.00000150',
    ]);
    expect([0n, 1_000n, 110n, 250_000_000n].map(formatMoney)).toEqual(['0.00', '0.00001', '0.0000011', '2.50']);
    expect(writeJson({ value: 10_000_000n, list: [1n, null, 'a"b'], gone: undefined })).toBe(
      '{"value":0.10000000,"list":[0.00000001,null,"a\\"b"]}',
    );
  });

  it('are refused with nine decimals, a sign, above 21 million, or as something else', () => {
    for (const bad of [
      '0.000000001',
      '-1',
      '+1',
      '21000000.00000001',
      '1e5',
      'Infinity',
      '',
      ' 1',
      NaN,
      null,
      true,
      [1],
    ]) {
      expect(parseBitcoins(bad)).toBeUndefined();
    }
    expect(parseBitcoins(1e-8)).toBe(1n);
    expect(parseBitcoins(1e-9)).toBeUndefined();
  });
});

describe('addresses', () => {
  it('agree with @scure/btc-signer for every kind', () => {
    const hash = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const kinds = fc.oneof(
      fc.record({ type: fc.constantFrom('pkh' as const, 'sh' as const, 'wpkh' as const), hash: hash(20) }),
      fc.record({ type: fc.constant('wsh' as const), hash: hash(32) }),
    );
    fc.assert(
      fc.property(kinds, (kind) => {
        const script = Buffer.from(OutScript.encode(kind));
        const address = Address(REGTEST).encode(kind);
        expect(addressOf(script)).toBe(address);
        expect(scriptOf(address)).toEqual(script);
      }),
    );
  });

  it('use bech32m for version 1 and above, bech32 for 0 only (BIP-350)', () => {
    const taproot = hex(`5120${KEY.slice(2)}`);
    expect(addressOf(taproot)).toBe('bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6');
    expect(scriptOf('bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6')).toEqual(taproot);
    const future = hex(`6003010203`);
    expect(scriptOf(addressOf(future)!)).toEqual(future);
    expect(addressOf(hex('51024e73'))).toBe('bcrt1pfeesnyr2tx');
  });

  it('of another network, with a wrong letter or of a wrong length are none', () => {
    const vectors = officialVectors<{ invalid_address: readonly (readonly string[] | string)[] }>('bip350-bech32m');
    const invalid = (vectors?.invalid_address ?? []).map((entry) => (typeof entry === 'string' ? entry : entry[0]!));
    const foreign = [
      'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq',
      '1BoatSLRHtKNngkdXEeobR76b53LETtpyT',
      'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
    ];
    for (const address of [...invalid, ...foreign, '', 'bcrt1', 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq']) {
      expect(scriptOf(address)).toBeUndefined();
    }
  });
});

describe('scripts', () => {
  it.each([
    [`21${KEY}ac`, 'pubkey'],
    ['76a914000102030405060708090a0b0c0d0e0f1011121388ac', 'pubkeyhash'],
    ['a914000102030405060708090a0b0c0d0e0f1011121387', 'scripthash'],
    [`5121${KEY}21${KEY}52ae`, 'multisig'],
    [`5321${KEY}21${KEY}52ae`, 'nonstandard'],
    ['6a0568656c6c6f', 'nulldata'],
    ['6aac', 'nonstandard'],
    ['0014000102030405060708090a0b0c0d0e0f10111213', 'witness_v0_keyhash'],
    [`0020${'00'.repeat(32)}`, 'witness_v0_scripthash'],
    ['0015000102030405060708090a0b0c0d0e0f1011121314', 'nonstandard'],
    [`5120${KEY.slice(2)}`, 'witness_v1_taproot'],
    ['51024e73', 'anchor'],
    ['5102beef', 'witness_unknown'],
    ['51', 'nonstandard'],
    ['', 'nonstandard'],
    ['4c', 'nonstandard'],
  ])('%s is %s', (script, type) => {
    expect(scriptType(hex(script))).toBe(type);
  });

  it('are never misread, whatever their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const script = Buffer.from(bytes);
        const address = addressOf(script);
        if (address !== undefined) expect(scriptOf(address)).toEqual(script);
        expect(typeof scriptAsm(script, true)).toBe('string');
        expect(inferDescriptor(script)).toMatch(/^(addr|raw|rawtr|pk|multi)\(.*\)#[02-9ac-hj-np-z]{8}$/);
      }),
    );
  });

  it('are spelled in words as Bitcoin Core spells them', () => {
    expect(scriptAsm(hex('76a914000102030405060708090a0b0c0d0e0f1011121388ac'))).toBe(
      'OP_DUP OP_HASH160 000102030405060708090a0b0c0d0e0f10111213 OP_EQUALVERIFY OP_CHECKSIG',
    );
    expect(scriptAsm(hex('004f516002ff00b1b2ba'))).toBe(
      '0 -1 1 16 255 OP_CHECKLOCKTIMEVERIFY OP_CHECKSEQUENCEVERIFY OP_CHECKSIGADD',
    );
    expect(scriptAsm(hex('4c'))).toBe('[error]');
  });
});

describe('descriptors', () => {
  it('carry BIP-380’s checksum', () => {
    expect(descriptorChecksum('raw(deadbeef)')).toBe('89f8spxm');
  });

  it('name key, keys, output key, address or bytes, whichever says most', () => {
    expect(inferDescriptor(hex(`21${KEY}ac`))).toMatch(`pk(${KEY})#`);
    expect(inferDescriptor(hex(`5121${KEY}21${KEY}52ae`))).toMatch(`multi(1,${KEY},${KEY})#`);
    expect(inferDescriptor(hex(`5120${KEY.slice(2)}`))).toMatch(`rawtr(${KEY.slice(2)})#`);
    expect(inferDescriptor(hex('6a0568656c6c6f'))).toMatch('raw(6a0568656c6c6f)#');
  });
});
