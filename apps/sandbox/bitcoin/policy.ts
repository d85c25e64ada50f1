import { type CoinView, type Output, type TX } from 'bcoin';
import { Rejection } from './rejection.js';
import { compactSize } from './taproot-sighash.js';
import { multisig, scriptType, witnessProgram } from './script-type.js';

/**
 * What Bitcoin Core 28 relays, beyond what consensus allows. Reasons are its words, since a broadcaster branches on
 * them. Left out, and refused by the same reason as a non-standard version: version 3 (TRUC, BIP-431).
 */

/** Satoshi per 1000 virtual bytes: relay minimum, and the price of the bandwidth that a replacement uses. */
export const MIN_RELAY_FEE_RATE = 1000n;
export const INCREMENTAL_FEE_RATE = 1000n;
const DUST_FEE_RATE = 3000n;

const MAX_STANDARD_WEIGHT = 400_000;
const MIN_STRIPPED_SIZE = 65;
const MAX_SCRIPTSIG_SIZE = 1650;
const MAX_DATA_CARRIER_SIZE = 83;
const MAX_STANDARD_SIGOPS_COST = 16_000;
const BYTES_PER_SIGOP = 20;
const MAX_P2SH_SIGOPS = 15;
const MAX_BARE_MULTISIG_KEYS = 3;
const WITNESS_SCRIPT_LIMITS = { scriptSize: 3600, items: 100, itemSize: 80 };
const TAPSCRIPT_LEAF = 0xc0;
const ANNEX_TAG = 0x50;
const OP_RETURN = 0x6a;

/** The fee that a rate asks of a size, rounded up. */
export function feeAt(satoshiPerKvb: bigint, vsize: number): bigint {
  return (satoshiPerKvb * BigInt(vsize) + 999n) / 1000n;
}

/** Satoshi per 1000 virtual bytes, rounded down. */
export function feeRate(fee: bigint, vsize: number): bigint {
  return vsize > 0 ? (fee * 1000n) / BigInt(vsize) : 0n;
}

/** Virtual size with the sigop surcharge: max(weight, sigops × 20) / 4, rounded up (BIP-141 and policy). */
export function virtualSize(weight: number, sigopsCost = 0): number {
  return Math.ceil(Math.max(weight, sigopsCost * BYTES_PER_SIGOP) / 4);
}

/** Below this value an output with this locking script costs more to spend, at 3 sat/vB, than it is worth. Satoshi. */
export function dustThreshold(script: Buffer): bigint {
  if (script[0] === OP_RETURN) return 0n;
  const outputSize = 8 + compactSize(script.length).length + script.length;
  const spendingInput = witnessProgram(script) ? 32 + 4 + 1 + Math.floor(107 / 4) + 4 : 32 + 4 + 1 + 107 + 4;
  return feeAt(DUST_FEE_RATE, outputSize + spendingInput);
}

/** Refuses what looks unusual without knowing the coins it spends. */
export function requireStandard(tx: TX): void {
  if (tx.version < 1 || tx.version > 2) throw new Rejection('version');
  if (tx.getWeight() > MAX_STANDARD_WEIGHT) throw new Rejection('tx-size');
  for (const { script } of tx.inputs) {
    if (script.raw.length > MAX_SCRIPTSIG_SIZE) throw new Rejection('scriptsig-size');
    if (!script.isPushOnly()) throw new Rejection('scriptsig-not-pushonly');
  }
  for (const output of tx.outputs) requireStandardOutput(output);
  const carriers = tx.outputs.filter((output) => scriptType(output.script.raw) === 'nulldata');
  if (carriers.length > 1) throw new Rejection('multi-op-return');
  if (tx.getBaseSize() < MIN_STRIPPED_SIZE) throw new Rejection('tx-size-small');
}

function requireStandardOutput(output: Output): void {
  const type = scriptType(output.script.raw);
  const keys = type === 'multisig' ? (multisig(output.script.raw)?.keys.length ?? 0) : 0;
  const oversized = type === 'nulldata' && output.script.raw.length > MAX_DATA_CARRIER_SIZE;
  if (type === 'nonstandard' || oversized || keys > MAX_BARE_MULTISIG_KEYS) throw new Rejection('scriptpubkey');
  if (BigInt(output.value) < dustThreshold(output.script.raw)) throw new Rejection('dust');
}

/** Refuses unusual ways of spending: unknown scripts, too many signature checks, oversized or pointless witnesses. */
export function requireStandardInputs(tx: TX, view: CoinView, sigopsCost: number): void {
  const spent = tx.inputs.map((input) => ({ input, script: view.getOutput(input.prevout)!.script }));
  for (const { input, script } of spent) {
    const type = scriptType(script.raw);
    if (type === 'nonstandard' || type === 'witness_unknown') throw new Rejection('bad-txns-nonstandard-inputs');
    if (type !== 'scripthash') continue;
    const redeem = input.script.getRedeem();
    if (!redeem || redeem.getSigops(true) > MAX_P2SH_SIGOPS) throw new Rejection('bad-txns-nonstandard-inputs');
  }
  for (const { input, script } of spent) {
    const program = script.isScripthash() ? (input.script.getRedeem()?.raw ?? Buffer.alloc(0)) : script.raw;
    const nested = script.isScripthash();
    if (input.witness.items.length > 0 && !isStandardWitness(program, input.witness.items, nested)) {
      throw new Rejection('bad-witness-nonstandard');
    }
  }
  if (sigopsCost > MAX_STANDARD_SIGOPS_COST) throw new Rejection('bad-txns-too-many-sigops');
}

function isStandardWitness(script: Buffer, items: readonly Buffer[], nested: boolean): boolean {
  const type = scriptType(script);
  const limits = WITNESS_SCRIPT_LIMITS;
  if (!witnessProgram(script) || type === 'anchor') return false;
  if (type === 'witness_v0_scripthash') {
    const [witnessScript = Buffer.alloc(0), ...stack] = [...items].reverse();
    return (
      witnessScript.length <= limits.scriptSize &&
      stack.length <= limits.items &&
      stack.every((item) => item.length <= limits.itemSize)
    );
  }
  if (type !== 'witness_v1_taproot' || nested) return true;
  // An annex has no meaning yet, so nobody may relay one (BIP-341).
  if (items.length >= 2 && items.at(-1)?.[0] === ANNEX_TAG) return false;
  if (items.length === 1) return true;
  const control = items.at(-1);
  if (!control || control.length === 0) return false;
  if ((control.readUInt8(0) & 0xfe) !== TAPSCRIPT_LEAF) return true;
  return items.slice(0, -2).every((item) => item.length <= limits.itemSize);
}
