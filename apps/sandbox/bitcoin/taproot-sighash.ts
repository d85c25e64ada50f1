import { createHash } from 'node:crypto';
import { type Output, type TX } from 'bcoin';
import { ScriptFailure } from './script-failure.js';

const SIGHASH_NONE = 2;
const SIGHASH_SINGLE = 3;
const ANYONE_CAN_PAY = 0x80;
const HASH_TYPES = new Set([0x00, 0x01, 0x02, 0x03, 0x81, 0x82, 0x83]);

/** What a signature inside a tapscript commits to besides the transaction (BIP-342). */
export interface LeafContext {
  readonly leafHash: Buffer;
  /** Position of the last executed OP_CODESEPARATOR, or 0xffffffff. */
  readonly codeSeparator: number;
}

export const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** BIP-340's hash with a domain tag. */
export function taggedHash(tag: string, ...parts: readonly Uint8Array[]): Buffer {
  const domain = sha256(Buffer.from(tag));
  return sha256(domain, domain, ...parts);
}

/** Bitcoin's variable-length integer. */
export function compactSize(value: number): Buffer {
  if (value < 0xfd) return Buffer.from([value]);
  const wide = value > 0xffff;
  const bytes = Buffer.alloc(wide ? 5 : 3, wide ? 0xfe : 0xfd);
  bytes.writeUIntLE(value, 1, wide ? 4 : 2);
  return bytes;
}

/**
 * The message that taproot signatures of one transaction sign (BIP-341 "Common signature message", BIP-342 extension).
 * Written from the BIPs and not taken from a wallet library, since it judges what those libraries sign.
 */
export class TaprootSighash {
  private readonly shared: { prevouts: Buffer; amounts: Buffer; scripts: Buffer; sequences: Buffer; outputs: Buffer };

  /** `spent` are the outputs that the inputs spend, in order. */
  constructor(
    private readonly tx: TX,
    private readonly spent: readonly Output[],
  ) {
    this.shared = {
      prevouts: sha256(...tx.inputs.map((input) => outpoint(input.prevout))),
      amounts: sha256(...spent.map((output) => uint64(output.value))),
      scripts: sha256(...spent.map((output) => withLength(output.script.raw))),
      sequences: sha256(...tx.inputs.map((input) => uint32(input.sequence))),
      outputs: sha256(...tx.outputs.map(serializeOutput)),
    };
  }

  /** The 32 bytes that input `index` signs under `hashType`. Throws a ScriptFailure on an undefined type. */
  digest(index: number, hashType: number, annex: Buffer | undefined, leaf: LeafContext | undefined): Buffer {
    const output = hashType & 3;
    const single = output === SIGHASH_SINGLE;
    const own = this.tx.outputs[index];
    if (!HASH_TYPES.has(hashType) || (single && !own)) throw new ScriptFailure('SCHNORR_SIG_HASHTYPE');
    const { prevouts, amounts, scripts, sequences, outputs } = this.shared;
    const everyone = hashType & ANYONE_CAN_PAY;
    return taggedHash(
      'TapSighash',
      Buffer.from([0, hashType]),
      uint32(this.tx.version),
      uint32(this.tx.locktime),
      ...(everyone ? [] : [prevouts, amounts, scripts, sequences]),
      ...(output === SIGHASH_NONE || single ? [] : [outputs]),
      Buffer.from([(leaf ? 2 : 0) + (annex ? 1 : 0)]),
      ...(everyone ? this.ownInput(index) : [uint32(index)]),
      ...(annex ? [sha256(withLength(annex))] : []),
      ...(single && own ? [sha256(serializeOutput(own))] : []),
      ...(leaf ? [leaf.leafHash, Buffer.from([0]), uint32(leaf.codeSeparator)] : []),
    );
  }

  private ownInput(index: number): Buffer[] {
    const input = this.tx.inputs[index]!;
    const output = this.spent[index]!;
    return [outpoint(input.prevout), serializeOutput(output), uint32(input.sequence)];
  }
}

const outpoint = ({ hash, index }: { hash: string; index: number }): Buffer =>
  Buffer.concat([Buffer.from(hash, 'hex'), uint32(index)]);

const serializeOutput = (output: Output): Buffer =>
  Buffer.concat([uint64(output.value), withLength(output.script.raw)]);

const withLength = (bytes: Buffer): Buffer => Buffer.concat([compactSize(bytes.length), bytes]);

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
