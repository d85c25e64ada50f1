export const OP: { readonly NEW: 1; readonly CANCEL: 2; readonly REPLACE: 3 };
export const TYPE: { readonly LIMIT: 0; readonly IOC: 1; readonly FOK: 2; readonly POST: 3; readonly MARKET: 4 };
/** One step of the checksum of fills. */
export function fold(hash: number, value: number): number;
/** Seeded; `below(n)` is an integer from 0 to n - 1. */
export function prng(seed: number): { next(): number; below(n: number): number };
