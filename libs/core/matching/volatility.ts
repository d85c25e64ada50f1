/**
 * Volatility halt. Within a window of log time, trades may not leave a band around the last price before it; a trade that
 * would does not happen, and the instrument goes into a call auction instead.
 */
import { instruments, instrumentState } from './instruments.js';
import { capacity } from './capacity.js';
import * as VenueEvents from './venue-events.js';
import * as Reasons from './reasons.js';
import * as Scratch from './scratch.js';

const { instrumentStateChanged } = VenueEvents;
const { STATE_CHANGED } = Reasons;
const { life, NEVER } = Scratch;

const { MAX_PRICE } = capacity;

const { PRE_OPEN } = instrumentState;
const { counters, DUE, NOW } = life;

const { state, lastPrice, haltPpm, haltLow, haltHigh, haltWindow, haltWindowEnd, reopenAfter, auctionEnd } =
  instruments;

export const isWithinHaltBand = (i: number, price: number): boolean => price >= haltLow[i]! && price <= haltHigh[i]!;

/** Starts a new window, around the last price, if the old one has ended. */
export function rollHaltWindow(i: number): void {
  if (counters[NOW]! < haltWindowEnd[i]!) return;
  centreHaltBand(i, lastPrice[i]!);
}

/** Allows trades within the instrument's band around `price`; everywhere if it has no band or there is no price yet. */
export function centreHaltBand(i: number, price: number): void {
  const ppm = haltPpm[i]!;
  if (ppm === 0 || price === 0) {
    haltLow[i] = 0;
    haltHigh[i] = MAX_PRICE;
    return;
  }
  // Below 2^46: exact.
  haltLow[i] = Math.ceil((price * (1_000_000 - ppm)) / 1_000_000);
  haltHigh[i] = Math.min(MAX_PRICE, Math.floor((price * (1_000_000 + ppm)) / 1_000_000));
  haltWindowEnd[i] = BigInt.asIntN(64, counters[NOW]! + haltWindow[i]!);
}

export function haltForVolatility(i: number): void {
  state[i] = PRE_OPEN;
  if (reopenAfter[i] === BigInt(0)) {
    auctionEnd[i] = NEVER;
  } else {
    auctionEnd[i] = BigInt.asIntN(64, counters[NOW]! + reopenAfter[i]!);
    if (auctionEnd[i] < counters[DUE]!) counters[DUE] = auctionEnd[i]!;
  }
  instrumentStateChanged(i, STATE_CHANGED.volatility, 0, 0n);
}
