/** Instruments change state by an operator's command, by a volatility halt, or when a halt's auction ends. */
import { engineCommands, wordOffsets } from '@core/contracts';
import { instrumentHandle } from './admission.js';
import { equilibrium, uncross } from './auction.js';
import { commands } from './commands.js';
import { instruments, instrumentState, settlementRule } from './instruments.js';
import { hasPositions, settleFinally } from './mark-price.js';
import { cancelOpenOrder, forEachOpenOrder } from './open-orders.js';
import { orders } from './orders.js';
import { CANCELLED, REFUSED, STATE_CHANGED } from './reasons.js';
import { NEVER } from './scratch.js';
import { wakeStops } from './stops.js';
import { commandRejected, instrumentStateChanged } from './venue-events.js';
import { centreHaltBand } from './volatility.js';

const { words } = commands;
const { ADMITTED } = REFUSED;
const { CLOSED, PRE_OPEN, OPEN, HALTED, CANCEL_ONLY } = instrumentState;
const { MARGINED } = settlementRule;
const { state, settlement, markPrice, lastPrice, referencePrice, auctionEnd } = instruments;

const word = wordOffsets(engineCommands.messages['set-state']);

/** What an operator may do, by present state. */
const ALLOWED: Readonly<Record<number, readonly number[]>> = {
  [CLOSED]: [PRE_OPEN, OPEN],
  [PRE_OPEN]: [OPEN, HALTED, CANCEL_ONLY, CLOSED],
  [OPEN]: [PRE_OPEN, HALTED, CANCEL_ONLY, CLOSED],
  [HALTED]: [PRE_OPEN, OPEN, CANCEL_ONLY, CLOSED],
  [CANCEL_ONLY]: [PRE_OPEN, CLOSED],
};

/** Carries out the `set-state` at word `w`. */
export function setState(w: number): void {
  const number = words[w + word.instrument]!;
  const wanted = words[w + word.state]! & 255;
  const i = instrumentHandle(number);
  const reason = i < 0 ? REFUSED.unknown_instrument : refuseState(i, wanted);
  if (reason !== ADMITTED) return commandRejected(w, number, reason);
  enterState(i, wanted, STATE_CHANGED.operator);
}

function refuseState(i: number, wanted: number): number {
  if (!ALLOWED[state[i]!]!.includes(wanted)) return REFUSED.invalid_state_change;
  if (settlement[i] !== MARGINED || markPrice[i] !== 0) return ADMITTED;
  // Margin is reckoned at the mark price, so there must be one before anybody can trade, and positions cannot do without.
  return wanted === CLOSED && !hasPositions(i) ? ADMITTED : REFUSED.invalid_state_change;
}

/** `reason` indexes STATE_CHANGE_REASONS. Opening holds the auction first; closing empties the book. */
export function enterState(i: number, wanted: number, reason: number): void {
  const auction = wanted === OPEN ? equilibrium(i) : null;
  state[i] = wanted;
  auctionEnd[i] = NEVER;
  instrumentStateChanged(i, reason, auction?.price ?? 0, auction?.quantity ?? 0n);
  if (wanted === CLOSED) empty(i);
  if (wanted === OPEN) open(i, auction?.price ?? 0);
}

function open(i: number, price: number): void {
  if (price !== 0) referencePrice[i] = price;
  // Self-trade prevention can leave orders crossing at other prices; they get an auction of their own.
  for (let next = price; next !== 0; next = equilibrium(i)?.price ?? 0) uncross(i, next);
  centreHaltBand(i, lastPrice[i]!);
  wakeStops(i);
}

function empty(i: number): void {
  forEachOpenOrder((order) => {
    if (orders.instrument[order] === i) cancelOpenOrder(order, CANCELLED.instrument_closed);
  });
  if (settlement[i] === MARGINED) settleFinally(i);
}
