import { type BitcoinClient } from './bitcoin-client.js';
import { type EthereumClient } from './ethereum-client.js';
import { isNodeTrouble } from './node-errors.js';

/** Bounds of a rate, and what to use when the node has no opinion. Satoshi per 1,000 virtual bytes, or wei per gas. */
export interface FeeBounds {
  readonly floor: bigint;
  readonly ceiling: bigint;
  readonly fallback: bigint;
}

/** 1 to 500 sat/vB; 10 when nothing is known. */
export const BITCOIN_FEE_BOUNDS: FeeBounds = { floor: 1_000n, ceiling: 500_000n, fallback: 10_000n };
/** Tip: 1 to 50 gwei. */
export const ETHEREUM_TIP_BOUNDS: FeeBounds = {
  floor: 1_000_000_000n,
  ceiling: 50_000_000_000n,
  fallback: 1_500_000_000n,
};
/** Cap of the whole price: up to 1,000 gwei. */
export const ETHEREUM_PRICE_CEILING = 1_000_000_000_000n;

export interface EthereumFees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/**
 * A rate that confirms within about `withinBlocks`: the node's estimate between floor and ceiling, the fallback where it has none. A node
 * that answers nonsense cannot make us pay it: the ceiling holds.
 */
export async function bitcoinFeeRate(
  client: Pick<BitcoinClient, 'estimateFeeRate' | 'minimumFeeRate'>,
  withinBlocks = 3,
  bounds: FeeBounds = BITCOIN_FEE_BOUNDS,
): Promise<bigint> {
  const estimate = await orUndefined(client.estimateFeeRate(withinBlocks));
  const minimum = await orUndefined(client.minimumFeeRate());
  return clamp(max(estimate ?? bounds.fallback, minimum ?? 0n), bounds);
}

/** Twice the base fee and a tip: enough for six full blocks in a row (each may lift the base fee by an eighth). */
export async function ethereumFees(
  client: Pick<EthereumClient, 'feeHints'>,
  bounds: FeeBounds = ETHEREUM_TIP_BOUNDS,
): Promise<EthereumFees> {
  const { baseFee, tip } = await client.feeHints();
  const maxPriorityFeePerGas = clamp(tip, bounds);
  const wanted = 2n * baseFee + maxPriorityFeePerGas;
  const maxFeePerGas = wanted > ETHEREUM_PRICE_CEILING ? ETHEREUM_PRICE_CEILING : wanted;
  return { maxFeePerGas: max(maxFeePerGas, maxPriorityFeePerGas), maxPriorityFeePerGas };
}

/**
 * The least that replaces a transaction: 12.5 % more on both prices (nodes want 10 %, some more), and at least what the market asks now.
 */
export function ethereumReplacementFees(previous: EthereumFees, market: EthereumFees): EthereumFees {
  const bumped = (price: bigint): bigint => (price * 1125n + 999n) / 1000n;
  const maxPriorityFeePerGas = max(bumped(previous.maxPriorityFeePerGas), market.maxPriorityFeePerGas);
  return {
    maxFeePerGas: max(max(bumped(previous.maxFeePerGas), market.maxFeePerGas), maxPriorityFeePerGas),
    maxPriorityFeePerGas,
  };
}

/** BIP-125 rule 4: a replacement pays for its own relay on top of the old fee. The rate to ask for, and the fee to reach. */
export function bitcoinReplacementFee(
  previous: { fee: bigint; rate: bigint },
  market: bigint,
  virtualSize: bigint,
): bigint {
  const incremental = virtualSize;
  const atMarket = (max(market, (previous.rate * 125n) / 100n) * virtualSize + 999n) / 1000n;
  return max(previous.fee + incremental, atMarket);
}

function clamp(value: bigint, { floor, ceiling }: FeeBounds): bigint {
  return value < floor ? floor : value > ceiling ? ceiling : value;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNodeTrouble(error)) return undefined;
    throw error;
  }
}
