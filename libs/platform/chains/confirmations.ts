/** How deep a deposit has to be before it counts, by its size: data, read from the largest step down. */
export interface ConfirmationPolicy {
  readonly steps: readonly { readonly from: bigint; readonly depth: number }[];
  /** A reorganisation deeper than this is not followed silently: the asset halts. */
  readonly maxReorg: number;
}

/** Bitcoin: 1 block up to 0.01 BTC, 2 up to 1, 3 up to 10, else 6. */
export const BITCOIN_CONFIRMATIONS: ConfirmationPolicy = {
  steps: [
    { from: 1_000_000_000n, depth: 6 },
    { from: 100_000_000n, depth: 3 },
    { from: 1_000_000n, depth: 2 },
    { from: 0n, depth: 1 },
  ],
  maxReorg: 100,
};

/** Ethereum: 12 blocks up to 10 ETH, 32 (one epoch) up to 100, else 64 (finality). */
export const ETHEREUM_CONFIRMATIONS: ConfirmationPolicy = {
  steps: [
    { from: 100n * 10n ** 18n, depth: 64 },
    { from: 10n * 10n ** 18n, depth: 32 },
    { from: 0n, depth: 12 },
  ],
  maxReorg: 128,
};

/** Confirmations that an amount needs; a transaction in the tip has one. */
export function depthFor(policy: ConfirmationPolicy, amount: bigint): number {
  const step = policy.steps.find(({ from }) => amount >= from);
  if (step === undefined) throw new RangeError('a confirmation policy starts at zero');
  return step.depth;
}
