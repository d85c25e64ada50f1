import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { Transaction as ScureTransaction } from '@scure/btc-signer';
import { Psbt, Transaction } from 'bitcoinjs-lib';
import { bitcoinjsNetwork, type BitcoinNetwork } from './networks.js';
import { refusing, WalletRefusal } from './wallet-refusal.js';

// A PSBT (BIP-174, version 0) is how an unsigned Bitcoin transaction travels to a signer: with every previous transaction in full
// (a SegWit v0 signature commits to input values, so a lying value would become a fee) and the path of every key that is ours.

/** Where one of our keys sits, as BIP-32 derivation records in a PSBT state it. */
export interface KeyOrigin {
  /** First four bytes of HASH160 of the master public key, hexadecimal. */
  readonly fingerprint: string;
  readonly path: string;
  readonly publicKey: Uint8Array;
}

export interface PsbtInput {
  readonly txid: string;
  readonly vout: number;
  readonly sequence: number;
  /** The whole transaction that made the coin, hexadecimal. */
  readonly previousTransaction: string;
  readonly origin: KeyOrigin;
}

export interface PsbtOutput {
  readonly script: Uint8Array;
  /** Satoshi. */
  readonly value: bigint;
  /** Present on outputs that come back to us. */
  readonly origin?: KeyOrigin;
}

/** An unsigned transaction as read back from a PSBT, with what its previous transactions prove. */
export interface UnsignedBitcoinTransaction {
  readonly txid: string;
  readonly version: number;
  readonly lockTime: number;
  readonly inputs: readonly (PsbtInput & { readonly value: bigint; readonly script: Uint8Array })[];
  readonly outputs: readonly PsbtOutput[];
  /** Inputs less outputs, satoshi. */
  readonly fee: bigint;
  /** The unsigned transaction's own bytes. */
  readonly bytes: Uint8Array;
}

/** Signals replaceability (BIP-125) and lets the lock time count. */
export const REPLACEABLE_SEQUENCE = 0xfffffffd;

const SIGHASH_ALL = 1;

/** Builds a PSBT that spends P2WPKH coins. Base64. `lockTime` is the tip's height: it makes fee sniping pointless. */
export function buildPsbt(transaction: {
  network: BitcoinNetwork;
  inputs: readonly PsbtInput[];
  outputs: readonly PsbtOutput[];
  lockTime: number;
}): string {
  const psbt = new Psbt({ network: bitcoinjsNetwork(transaction.network) });
  psbt.setVersion(2);
  psbt.setLocktime(transaction.lockTime);
  for (const input of transaction.inputs) {
    const previous = parsePrevious(input);
    const spent = previous.outs[input.vout];
    if (spent === undefined) throw new WalletRefusal('previous_transaction_mismatch', 'no such output');
    psbt.addInput({
      hash: input.txid,
      index: input.vout,
      sequence: input.sequence,
      nonWitnessUtxo: hexToBytes(input.previousTransaction),
      witnessUtxo: { script: spent.script, value: spent.value },
      bip32Derivation: [derivation(input.origin)],
    });
  }
  for (const { script, value, origin } of transaction.outputs) {
    psbt.addOutput({ script, value, ...(origin === undefined ? {} : { bip32Derivation: [derivation(origin)] }) });
  }
  return psbt.toBase64();
}

/**
 * Reads a PSBT the way a signer must: version 0 only, both libraries must see the same transaction, every input must bring its whole
 * previous transaction with the matching id, ask for no sighash but ALL, and be a P2WPKH coin with exactly one key of ours.
 */
export function readPsbt(text: string): UnsignedBitcoinTransaction {
  const bytes = base64Bytes(text);
  const strict = refusing('transaction_malformed', 'not a valid PSBT', () =>
    ScureTransaction.fromPSBT(bytes, { allowUnknownOutputs: true }),
  );
  // bitcoinjs-lib reads some version 2 files as if they were version 0 (and sees no outputs): let only true version 0 reach it.
  if (strict.opts.PSBTVersion !== 0)
    throw new WalletRefusal('transaction_malformed', 'only PSBT version 0 is accepted');
  const psbt = refusing('transaction_malformed', 'not a valid PSBT', () => Psbt.fromBuffer(bytes));
  const unsigned = unsignedTransaction(psbt);
  if (bytesToHex(unsigned.toBuffer()) !== bytesToHex(strict.unsignedTx)) {
    throw new WalletRefusal('second_opinion_differs', 'libraries read different transactions');
  }
  const inputs = psbt.txInputs.map((_, at) => readInput(psbt, at));
  const outputs = psbt.txOutputs.map(({ script, value }, at) => {
    const origin = readOrigin(psbt.data.outputs[at]?.bip32Derivation);
    return { script, value, ...(origin === undefined ? {} : { origin }) };
  });
  const fee = sum(inputs) - sum(outputs);
  if (inputs.length === 0 || outputs.length === 0)
    throw new WalletRefusal('transaction_malformed', 'no inputs or no outputs');
  if (fee < 0n) throw new WalletRefusal('transaction_unbalanced', 'outputs exceed inputs');
  return {
    txid: unsigned.getId(),
    version: unsigned.version,
    lockTime: unsigned.locktime,
    inputs,
    outputs,
    fee,
    bytes: unsigned.toBuffer(),
  };
}

/** Canonical base64 only, with what browsers and Node have in common. */
function base64Bytes(text: string): Uint8Array {
  const binary = refusing('transaction_malformed', 'not base64', () => atob(text));
  if (btoa(binary) !== text) throw new WalletRefusal('transaction_malformed', 'not canonical base64');
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function readInput(psbt: Psbt, at: number): UnsignedBitcoinTransaction['inputs'][number] {
  const outpoint = psbt.txInputs[at];
  const fields = psbt.data.inputs[at];
  if (outpoint === undefined || fields === undefined)
    throw new WalletRefusal('transaction_malformed', 'input without fields');
  if (fields.sighashType !== undefined && fields.sighashType !== SIGHASH_ALL) {
    throw new WalletRefusal('sighash_refused', `sighash type ${fields.sighashType} is not ALL`);
  }
  if (
    fields.finalScriptSig ||
    fields.finalScriptWitness ||
    fields.partialSig?.length ||
    fields.redeemScript ||
    fields.witnessScript
  ) {
    throw new WalletRefusal('transaction_malformed', 'input is signed already or not P2WPKH');
  }
  if (fields.nonWitnessUtxo === undefined) {
    throw new WalletRefusal('previous_transaction_missing', 'an input does not bring its previous transaction');
  }
  const origin = readOrigin(fields.bip32Derivation);
  if (origin === undefined) throw new WalletRefusal('key_mismatch', 'an input names no key');
  const input = {
    txid: bytesToHex(Uint8Array.from(outpoint.hash).reverse()),
    vout: outpoint.index,
    sequence: outpoint.sequence ?? 0xffffffff,
    previousTransaction: bytesToHex(fields.nonWitnessUtxo),
    origin,
  };
  const spent = parsePrevious(input).outs[input.vout];
  if (spent === undefined) throw new WalletRefusal('previous_transaction_mismatch', 'no such output');
  const claimed = fields.witnessUtxo;
  if (claimed && (claimed.value !== spent.value || bytesToHex(claimed.script) !== bytesToHex(spent.script))) {
    throw new WalletRefusal('previous_transaction_mismatch', 'the claimed coin is not what its transaction made');
  }
  return { ...input, value: spent.value, script: spent.script };
}

/** Parses a previous transaction and proves that it is the one the input spends: its id is the hash of its bytes. */
function parsePrevious(input: { txid: string; previousTransaction: string }): Transaction {
  const previous = refusing('previous_transaction_mismatch', 'not a transaction', () =>
    Transaction.fromHex(input.previousTransaction),
  );
  if (previous.getId() !== input.txid) {
    throw new WalletRefusal('previous_transaction_mismatch', 'the previous transaction has another id');
  }
  return previous;
}

function readOrigin(
  records: readonly { masterFingerprint: Uint8Array; path: string; pubkey: Uint8Array }[] | undefined,
): KeyOrigin | undefined {
  if (records === undefined || records.length === 0) return undefined;
  const [record] = records;
  if (record === undefined || records.length > 1)
    throw new WalletRefusal('key_mismatch', 'more than one key for one script');
  return { fingerprint: bytesToHex(record.masterFingerprint), path: record.path, publicKey: record.pubkey };
}

function derivation({ fingerprint, path, publicKey }: KeyOrigin) {
  return { masterFingerprint: hexToBytes(fingerprint), path, pubkey: publicKey };
}

function unsignedTransaction(psbt: Psbt): Transaction {
  const unsigned = new Transaction();
  unsigned.version = psbt.version;
  unsigned.locktime = psbt.locktime;
  for (const { hash, index, sequence } of psbt.txInputs) unsigned.addInput(hash, index, sequence);
  for (const { script, value } of psbt.txOutputs) unsigned.addOutput(script, value);
  return unsigned;
}

function sum(parts: readonly { value: bigint }[]): bigint {
  return parts.reduce((total, { value }) => total + value, 0n);
}
