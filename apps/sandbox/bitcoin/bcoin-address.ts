import bcoin, { type Address } from 'bcoin';
import { isPayToPubkeyHash, isPayToScriptHash, witnessProgram } from './script-type.js';

/** A locking script as bcoin's address object, which its coinbase and its coin index ask for; undefined if it has none. */
export function bcoinAddress(script: Buffer): Address | undefined {
  const witness = witnessProgram(script);
  if (witness) return bcoin.Address.fromHash(witness.program, 'witness', witness.version);
  if (isPayToPubkeyHash(script)) return bcoin.Address.fromHash(script.subarray(3, 23), 'pubkeyhash', -1);
  if (isPayToScriptHash(script)) return bcoin.Address.fromHash(script.subarray(2, 22), 'scripthash', -1);
  return undefined;
}
