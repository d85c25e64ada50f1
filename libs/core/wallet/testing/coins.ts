import { bytesToHex } from '@noble/hashes/utils.js';
import { type HDKey } from '@scure/bip32';
import { Transaction } from 'bitcoinjs-lib';
import {
  extendedKeyVersions,
  keyPath,
  masterKey,
  p2wpkhScript,
  type KeyOrigin,
  type KeyPosition,
  type PsbtInput,
} from '../index.js';

/** A regtest master key made of one repeated byte: for specs only. */
export function specMaster(byte = 0x5a): HDKey {
  return masterKey(new Uint8Array(32).fill(byte), extendedKeyVersions('regtest'));
}

export const SPEC_ACCOUNT = "m/84'/1'/0'";

/** The origin of a key below the spec account. */
export function specOrigin(master: HDKey, position: KeyPosition): KeyOrigin {
  const path = keyPath(SPEC_ACCOUNT, position);
  const { publicKey } = master.derive(path);
  if (publicKey === null) throw new Error('no public key');
  return { fingerprint: master.fingerprint.toString(16).padStart(8, '0'), path, publicKey };
}

/** A P2WPKH coin of a key, made by a transaction that nobody mined; another salt makes another coin. */
export function specCoin(origin: KeyOrigin, value: bigint, salt = 0): PsbtInput & { readonly value: bigint } {
  const made = new Transaction();
  made.version = 2;
  made.addInput(new Uint8Array(32).fill(1 + (salt % 255)), salt, 0xffffffff);
  made.addOutput(p2wpkhScript(origin.publicKey), value);
  return {
    txid: made.getId(),
    vout: 0,
    sequence: 0xfffffffd,
    previousTransaction: bytesToHex(made.toBuffer()),
    origin,
    value,
  };
}
