import { decimalOf } from './decimal.js';

/** How one market is quoted. Rates in parts per million, sizes and inventory in the base asset. */
export interface Strategy {
  readonly levels: number;
  /** From the reference price to the first level, and from each level to the next. */
  readonly halfSpreadPpm: bigint;
  readonly levelPpm: bigint;
  /** A quote stays until it is this far from where it should be; outer levels are let drift further by `levelDriftPpm` each. */
  readonly driftPpm: bigint;
  readonly levelDriftPpm: bigint;
  /** Of the first level; the next has twice as much, and so on. */
  readonly size: bigint;
  /** What the maker wants to hold, and how far from it the side that leads further away is closed. */
  readonly target: bigint;
  readonly band: bigint;
  /** How far a full band moves the quotes; below the half spread, so that no quote is better than the reference. */
  readonly skewPpm: bigint;
  /** What somebody takes now and then, at most. */
  readonly take: bigint;
}

const COMMON = {
  levels: 5,
  halfSpreadPpm: 500n,
  levelPpm: 400n,
  driftPpm: 300n,
  levelDriftPpm: 200n,
  skewPpm: 350n,
} as const;

const BITCOIN = { ...COMMON, size: decimalOf('0.05'), target: decimalOf('8'), band: decimalOf('4'), take: decimalOf('0.02') }; // prettier-ignore
const ETHER = { ...COMMON, size: decimalOf('1'), target: decimalOf('80'), band: decimalOf('40'), take: decimalOf('0.4') }; // prettier-ignore

/** The markets with liquidity. ETH-BTC is listed and stays quiet, for clients that want a book to themselves; so does USDC-USD. */
export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  'BTC-USD': BITCOIN,
  'ETH-USD': ETHER,
  'BTC-EUR': { ...BITCOIN, levels: 3 },
  'ETH-EUR': { ...ETHER, levels: 3 },
};
