// Sizes in weight units (BIP-141): four per non-witness byte, one per witness byte; a virtual byte is four of them, rounded up.

/** Version, lock time, segwit marker and flag; the counts are added by `transactionWeight`. */
const BASE_WEIGHT = 4 * 4 + 4 * 4 + 2;

/** Outpoint 36, empty script length 1, sequence 4; witness: count 1, signature 1 + 72 at most, key 1 + 33. */
export const P2WPKH_INPUT_WEIGHT = 4 * (36 + 1 + 4) + (1 + 1 + 72 + 1 + 33);

/** Weight of one output: value 8, script with its length. */
export function outputWeight(scriptLength: number): number {
  return 4 * (8 + compactSizeLength(scriptLength) + scriptLength);
}

/** Upper bound of the weight of a transaction that spends P2WPKH coins. */
export function transactionWeight(shape: { inputs: number; scriptLengths: readonly number[] }): number {
  const outputs = shape.scriptLengths.reduce((sum, length) => sum + outputWeight(length), 0);
  const counts = 4 * (compactSizeLength(shape.inputs) + compactSizeLength(shape.scriptLengths.length));
  return BASE_WEIGHT + counts + shape.inputs * P2WPKH_INPUT_WEIGHT + outputs;
}

/** Fee in satoshi for a weight at a rate in satoshi per 1,000 virtual bytes; rounds up, so the rate is never undershot. */
export function feeForWeight(weight: number, satPerKvb: bigint): bigint {
  const virtualBytes = BigInt(Math.ceil(weight / 4));
  return (virtualBytes * satPerKvb + 999n) / 1000n;
}

/**
 * Smallest value an output may have before nodes call it dust: what it would cost to create and spend it at 3,000 sat/kvB, Bitcoin
 * Core's relay default. 294 sat for P2WPKH, 330 for P2WSH and P2TR, 546 for P2PKH, 540 for P2SH.
 */
export function dustThreshold(script: Uint8Array): bigint {
  const outputSize = 8 + compactSizeLength(script.length) + script.length;
  const isWitnessProgram =
    script.length >= 4 &&
    script.length <= 42 &&
    script[1] === script.length - 2 &&
    (script[0] === 0 || (script[0] ?? 0) >= 0x51);
  const spendSize = isWitnessProgram ? 32 + 4 + 1 + Math.floor(107 / 4) + 4 : 32 + 4 + 1 + 107 + 4;
  return (BigInt(outputSize + spendSize) * 3000n) / 1000n;
}

function compactSizeLength(n: number): number {
  if (n < 0xfd) return 1;
  return n <= 0xffff ? 3 : 5;
}
