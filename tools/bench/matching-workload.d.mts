/** What `matching-workload.mjs` gives; its header documents the rest. */
export interface WorkloadOptions {
  readonly mix: 'move' | 'classic' | 'features';
  readonly n?: number;
  readonly seed?: number;
  readonly symbols?: number;
  readonly depth?: number;
  readonly accounts?: number;
  readonly ids?: 'dense' | 'sparse';
}

export interface Workload {
  readonly count: number;
  readonly prefill: number;
  readonly symbols: number;
  readonly accounts: number;
  readonly mix: number;
  readonly fills: number;
  readonly rejects: number;
  readonly lots: bigint;
  readonly notional: bigint;
  readonly checksum: number;
  readonly resting: number;
  /** Eight words per record. */
  readonly words: Uint32Array;
}

export const STANDARD: Readonly<Record<string, WorkloadOptions>>;
export { generate } from './matching/workload-generator.mjs';
export { fold, OP, prng, TYPE } from './matching/workload-reference.mjs';
export function readWorkload(file: Buffer): Workload;
export function referenceRun(
  workload: Workload,
  onFill?: ((symbol: number, maker: number, taker: number, price: number, quantity: number) => void) | null,
): { readonly fills: number; checksum(): number; resting(): number };
