import { schnorr } from '@noble/curves/secp256k1.js';
import { type Output, type TX } from 'bcoin';
import { ScriptFailure } from './script-failure.js';
import { compactSize, taggedHash, type LeafContext, type TaprootSighash } from './taproot-sighash.js';

const ANNEX_TAG = 0x50;
const CONTROL_BASE = 33;
const CONTROL_NODE = 32;
const CONTROL_MAX_NODES = 128;
const { Point } = schnorr;
const { lift_x: liftX } = schnorr.utils;

/** One taproot input under judgement. */
export interface TaprootInput {
  readonly tx: TX;
  readonly index: number;
  readonly spent: Output;
  readonly sighash: TaprootSighash;
}

/** A revealed leaf, its place in the tree already proven. */
export interface RevealedLeaf {
  readonly version: number;
  readonly script: Buffer;
  readonly stack: readonly Buffer[];
  readonly leafHash: Buffer;
  readonly annex: Buffer | undefined;
  /** Serialized size of the whole witness, which pays for signature checks (BIP-342). */
  readonly witnessSize: number;
}

/**
 * Verifies the spend of a version 1, 32-byte witness program (BIP-341). Returns nothing when a signature of the output
 * key settled it, and the revealed leaf, still to be run, when the spender chose a script. Throws a ScriptFailure.
 */
export function verifyTaprootProgram(input: TaprootInput): RevealedLeaf | undefined {
  const { script, witness } = input.tx.inputs[input.index]!;
  const outputKey = input.spent.script.raw.subarray(2);
  if (script.raw.length > 0) throw new ScriptFailure('WITNESS_MALLEATED');
  if (witness.items.length === 0) throw new ScriptFailure('WITNESS_PROGRAM_WITNESS_EMPTY');
  const stack = [...witness.items];
  const annex = stack.length >= 2 && stack.at(-1)?.[0] === ANNEX_TAG ? stack.pop() : undefined;
  const [first] = stack;
  if (first && stack.length === 1) {
    requireSchnorrSignature(input, { key: outputKey, signature: first, annex });
    return undefined;
  }
  const control = stack.pop()!;
  const leaf = stack.pop()!;
  const version = (control[0] ?? 0) & 0xfe;
  const leafHash = taggedHash('TapLeaf', Buffer.from([version]), compactSize(leaf.length), leaf);
  requireCommitment(outputKey, control, leafHash);
  const witnessSize = witness.items.reduce((sum, item) => sum + compactSize(item.length).length + item.length, 0);
  return {
    version,
    script: leaf,
    stack,
    leafHash,
    annex,
    witnessSize: compactSize(witness.items.length).length + witnessSize,
  };
}

/** Throws unless `signature`, 64 bytes or 65 with an explicit hash type, is the key's over this input. */
export function requireSchnorrSignature(
  { index, sighash }: TaprootInput,
  signed: { key: Buffer; signature: Buffer; annex: Buffer | undefined; leaf?: LeafContext },
): void {
  const { key, signature, annex, leaf } = signed;
  if (signature.length !== 64 && signature.length !== 65) throw new ScriptFailure('SCHNORR_SIG_SIZE');
  const hashType = signature[64] ?? 0;
  // The default type is spelled by leaving it out; spelling it as 0 would give each signature a twin.
  if (signature.length === 65 && hashType === 0) throw new ScriptFailure('SCHNORR_SIG_HASHTYPE');
  const message = sighash.digest(index, hashType, annex, leaf);
  if (!isSchnorrSignature(signature.subarray(0, 64), message, key)) throw new ScriptFailure('SCHNORR_SIG');
}

function isSchnorrSignature(signature: Buffer, message: Buffer, key: Buffer): boolean {
  try {
    return schnorr.verify(signature, message, key);
  } catch {
    // noble throws on a key or signature that is no curve element, which is a failed check here.
    return false;
  }
}

/** The output key must be the internal key tweaked by the root that the control block leads to (BIP-341). */
function requireCommitment(outputKey: Buffer, control: Buffer, leafHash: Buffer): void {
  const path = control.subarray(CONTROL_BASE);
  const nodes = path.length / CONTROL_NODE;
  if (control.length < CONTROL_BASE || !Number.isInteger(nodes) || nodes > CONTROL_MAX_NODES) {
    throw new ScriptFailure('TAPROOT_WRONG_CONTROL_SIZE');
  }
  let root = leafHash;
  for (let at = 0; at < path.length; at += CONTROL_NODE) {
    const node = path.subarray(at, at + CONTROL_NODE);
    root = root.compare(node) < 0 ? taggedHash('TapBranch', root, node) : taggedHash('TapBranch', node, root);
  }
  const internalKey = control.subarray(1, CONTROL_BASE);
  const tweaked = tweak(internalKey, root);
  const isOdd = (control.readUInt8(0) & 1) === 1;
  if (!tweaked || tweaked.isOdd !== isOdd || !tweaked.x.equals(outputKey))
    throw new ScriptFailure('WITNESS_PROGRAM_MISMATCH');
}

function tweak(internalKey: Buffer, root: Buffer): { x: Buffer; isOdd: boolean } | undefined {
  const scalar = BigInt(`0x${taggedHash('TapTweak', internalKey, root).toString('hex')}`);
  if (scalar >= Point.Fn.ORDER) return undefined;
  try {
    const point = liftX(BigInt(`0x${internalKey.toString('hex')}`)).add(Point.BASE.multiplyUnsafe(scalar));
    const { x, y } = point.toAffine();
    return { x: Buffer.from(x.toString(16).padStart(64, '0'), 'hex'), isOdd: (y & 1n) === 1n };
  } catch {
    // The internal key is no x coordinate of the curve, or the sum is the point at infinity.
    return undefined;
  }
}
