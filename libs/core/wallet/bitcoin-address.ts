import { schnorr } from '@noble/curves/secp256k1.js';
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { Address, OutScript } from '@scure/btc-signer';
import { address as bitcoinjs } from 'bitcoinjs-lib';
import { type BitcoinNetwork, BITCOIN_NETWORKS } from './networks.js';
import { refusing, WalletRefusal } from './wallet-refusal.js';

export type BitcoinScriptType = 'p2pkh' | 'p2sh' | 'p2wpkh' | 'p2wsh' | 'p2tr';

export interface BitcoinAddress {
  /** Canonical spelling: bech32 in lower case. */
  readonly address: string;
  readonly type: BitcoinScriptType;
  readonly script: Uint8Array;
}

const NETWORKS = Object.keys(BITCOIN_NETWORKS) as BitcoinNetwork[];

/**
 * Decodes an address of one network into the script that pays it, and encodes the script again with the second library: both
 * must agree. Refuses other networks' addresses by name, bad checksums, witness versions nobody can spend yet, and taproot keys
 * that are not on the curve (coins sent there are lost).
 */
export function decodeBitcoinAddress(text: string, network: BitcoinNetwork): BitcoinAddress {
  const decoded = looksLikeBech32(text) ? decodeSegwit(text, network) : decodeBase58(text, network);
  const again = encodeBitcoinScript(decoded.script, network);
  if (again !== decoded.address) throw new WalletRefusal('second_opinion_differs', 'address libraries disagree');
  return decoded;
}

/** Address of a standard script on a network, or `undefined` for a script that has none (bare multisig, OP_RETURN, …). */
export function encodeBitcoinScript(script: Uint8Array, network: BitcoinNetwork): string | undefined {
  try {
    const parsed = OutScript.decode(script);
    switch (parsed.type) {
      case 'pkh':
      case 'sh':
      case 'wpkh':
      case 'wsh':
      case 'tr':
        return Address(BITCOIN_NETWORKS[network]).encode(parsed);
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

/** P2WPKH address of a compressed public key (BIP-84, BIP-141). */
export function p2wpkhAddress(publicKey: Uint8Array, network: BitcoinNetwork): BitcoinAddress {
  const script = p2wpkhScript(publicKey);
  const address = encodeBitcoinScript(script, network);
  if (address === undefined) throw new WalletRefusal('key_mismatch', 'not a public key');
  return { address, type: 'p2wpkh', script };
}

/** `OP_0 <HASH160(key)>`. Only compressed keys: an uncompressed one makes a witness output that cannot be spent. */
export function p2wpkhScript(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== 33) throw new WalletRefusal('key_mismatch', 'P2WPKH needs a compressed public key');
  return Uint8Array.from([0x00, 0x14, ...ripemd160(sha256(publicKey))]);
}

function looksLikeBech32(text: string): boolean {
  const lower = text.toLowerCase();
  return NETWORKS.some((network) => lower.startsWith(`${BITCOIN_NETWORKS[network].bech32}1`));
}

function decodeSegwit(text: string, network: BitcoinNetwork): BitcoinAddress {
  const { prefix, version, data } = refusing('address_checksum', 'bech32 checksum or encoding is wrong', () =>
    bitcoinjs.fromBech32(text),
  );
  if (prefix !== BITCOIN_NETWORKS[network].bech32) {
    throw new WalletRefusal('address_wrong_network', `an address with prefix ${prefix} does not belong to ${network}`);
  }
  const address = text.toLowerCase();
  if (version === 0 && (data.length === 20 || data.length === 32)) {
    const type = data.length === 20 ? 'p2wpkh' : 'p2wsh';
    return { address, type, script: Uint8Array.from([0x00, data.length, ...data]) };
  }
  if (version === 1 && data.length === 32) {
    // BIP-341: the program is an x coordinate; about half of all 32-byte strings are not one.
    refusing('address_unsupported', 'taproot key is not on the curve', () => schnorr.utils.lift_x(bytesToBigInt(data)));
    return { address, type: 'p2tr', script: Uint8Array.from([0x51, 0x20, ...data]) };
  }
  if (version === 0 || data.length < 2 || data.length > 40 || version > 16) {
    throw new WalletRefusal('address_malformed', 'witness program has a length that BIP-141 forbids');
  }
  throw new WalletRefusal('address_unsupported', `witness version ${version} has no spending rules yet`);
}

function decodeBase58(text: string, network: BitcoinNetwork): BitcoinAddress {
  if (!/^[1-9A-HJ-NP-Za-km-z]{25,36}$/.test(text))
    throw new WalletRefusal('address_malformed', 'not a Bitcoin address');
  const { version, hash } = refusing('address_checksum', 'base58 checksum is wrong', () =>
    bitcoinjs.fromBase58Check(text),
  );
  const { pubKeyHash, scriptHash } = BITCOIN_NETWORKS[network];
  if (version === pubKeyHash) {
    return { address: text, type: 'p2pkh', script: Uint8Array.from([0x76, 0xa9, 0x14, ...hash, 0x88, 0xac]) };
  }
  if (version === scriptHash)
    return { address: text, type: 'p2sh', script: Uint8Array.from([0xa9, 0x14, ...hash, 0x87]) };
  const foreign = NETWORKS.some((n) =>
    [BITCOIN_NETWORKS[n].pubKeyHash, BITCOIN_NETWORKS[n].scriptHash].includes(version),
  );
  throw foreign
    ? new WalletRefusal('address_wrong_network', `an address of version ${version} does not belong to ${network}`)
    : new WalletRefusal('address_unsupported', `address version ${version} is not Bitcoin's`);
}

function bytesToBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
