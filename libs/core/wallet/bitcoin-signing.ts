import { bytesToHex } from '@noble/hashes/utils.js';
import { SigHash, Transaction as ScureTransaction } from '@scure/btc-signer';
import { Transaction } from 'bitcoinjs-lib';
import { p2wpkhScript } from './bitcoin-address.js';
import { type KeyOrigin, type UnsignedBitcoinTransaction } from './bitcoin-psbt.js';
import { derSignature, type DigestSigner, parseDerSignature, verifyDigest } from './ecdsa.js';
import { WalletRefusal } from './wallet-refusal.js';

export interface SignedBitcoinTransaction {
  /** Hexadecimal, ready to broadcast. */
  readonly raw: string;
  readonly txid: string;
  readonly virtualSize: number;
}

/**
 * Signs every input with SIGHASH_ALL. A digest is signed only when bitcoinjs-lib and @scure/btc-signer compute the same one, the key
 * behind an origin owns the coin's script, and the finished transaction verifies again from its bytes.
 */
export function signBitcoinTransaction(
  unsigned: UnsignedBitcoinTransaction,
  signFor: (origin: KeyOrigin) => DigestSigner,
): SignedBitcoinTransaction {
  const transaction = Transaction.fromBuffer(unsigned.bytes, true);
  const digests = bitcoinSighashes(unsigned);
  unsigned.inputs.forEach((input, at) => {
    const digest = digests[at];
    if (digest === undefined) throw new WalletRefusal('transaction_malformed', 'an input without a digest');
    const { compact, publicKey } = signFor(input.origin)(digest);
    if (bytesToHex(p2wpkhScript(publicKey)) !== bytesToHex(input.script)) {
      throw new WalletRefusal('key_mismatch', `the key does not own input ${at}`);
    }
    transaction.setWitness(at, [Uint8Array.from([...derSignature(compact), SigHash.ALL]), publicKey]);
  });
  const raw = transaction.toHex();
  verifySigned(raw, unsigned, digests);
  return { raw, txid: transaction.getId(), virtualSize: transaction.virtualSize() };
}

/** BIP-143 digests of all inputs under SIGHASH_ALL, as both libraries compute them; refuses when they differ. */
export function bitcoinSighashes(unsigned: UnsignedBitcoinTransaction): readonly Uint8Array[] {
  const first = Transaction.fromBuffer(unsigned.bytes, true);
  const second = ScureTransaction.fromRaw(unsigned.bytes, { allowUnknownOutputs: true, allowUnknownInputs: true });
  return unsigned.inputs.map((input, at) => {
    const scriptCode = p2wpkhScriptCode(input.script);
    const digest = first.hashForWitnessV0(at, scriptCode, input.value, Transaction.SIGHASH_ALL);
    if (bytesToHex(digest) !== bytesToHex(second.preimageWitnessV0(at, scriptCode, SigHash.ALL, input.value))) {
      throw new WalletRefusal('second_opinion_differs', `libraries compute different digests for input ${at}`);
    }
    return digest;
  });
}

/** Checks a finished transaction against the unsigned one it should be: same id, and a valid low-S signature of ALL on each input. */
export function verifySigned(
  raw: string,
  unsigned: UnsignedBitcoinTransaction,
  digests: readonly Uint8Array[] = bitcoinSighashes(unsigned),
): void {
  const signed = Transaction.fromHex(raw);
  if (signed.getId() !== unsigned.txid) throw new WalletRefusal('signature_invalid', 'signing changed the transaction');
  signed.ins.forEach((input, at) => {
    const [signature, publicKey, ...more] = input.witness;
    const digest = digests[at];
    const coin = unsigned.inputs[at];
    if (!signature || !publicKey || !digest || !coin || more.length > 0 || input.script.length > 0) {
      throw new WalletRefusal('signature_invalid', `input ${at} has no plain P2WPKH witness`);
    }
    if (signature.at(-1) !== Transaction.SIGHASH_ALL)
      throw new WalletRefusal('sighash_refused', `input ${at} is not signed ALL`);
    if (
      bytesToHex(p2wpkhScript(publicKey)) !== bytesToHex(coin.script) ||
      !verifyDigest(publicKey, digest, parseDerSignature(signature.slice(0, -1)))
    ) {
      throw new WalletRefusal('signature_invalid', `input ${at} does not verify`);
    }
  });
}

/** BIP-143: the script code of a P2WPKH program is the P2PKH script of its hash. */
function p2wpkhScriptCode(script: Uint8Array): Uint8Array {
  if (script.length !== 22 || script[0] !== 0x00 || script[1] !== 0x14) {
    throw new WalletRefusal('transaction_malformed', 'only P2WPKH coins are signed here');
  }
  return Uint8Array.from([0x76, 0xa9, 0x14, ...script.slice(2), 0x88, 0xac]);
}
