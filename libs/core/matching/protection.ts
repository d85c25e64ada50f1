import { instruments } from './instruments.js';

const { maximumPrice, protectionPpm } = instruments;

/** The worst price at which a market order of `side` may trade: the instrument's protection band beyond `from`. */
export function protectionPrice(i: number, side: number, from: number): number {
  const ppm = protectionPpm[i]!;
  if (ppm === 0 || from === 0) return side === 0 ? maximumPrice[i]! : 1;
  // Products stay below 2^46, where numbers are exact.
  if (side === 0) return Math.min(maximumPrice[i]!, Math.floor((from * (1_000_000 + ppm)) / 1_000_000));
  return Math.max(1, Math.ceil((from * (1_000_000 - ppm)) / 1_000_000));
}
