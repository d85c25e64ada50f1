/** What happens because time has passed. Time is what commands carry, so a replay sees it pass at the same places. */
import { firstToExpire } from './expiry.js';
import { instruments, INSTRUMENT_SHIFT, instrumentState } from './instruments.js';
import { cancelOpenOrder } from './open-orders.js';
import { orders } from './orders.js';
import { CANCELLED, STATE_CHANGED } from './reasons.js';
import { life, NEVER } from './scratch.js';
import { enterState } from './set-state.js';
import { venue } from './venue.js';

const { counters, NOW, DUE } = life;
const { expiresAt } = orders;
const { listed, auctionEnd } = instruments;
const { OPEN } = instrumentState;

/** Ends the orders and auctions whose time has come, in the order of their times; orders before auctions of the same time. */
export function passTime(): void {
  const now = counters[NOW]!;
  for (;;) {
    const i = nextAuction();
    const end = i < 0 ? NEVER : auctionEnd[i]!;
    for (let order = firstToExpire(); order !== 0; order = firstToExpire()) {
      if (expiresAt[order]! > now || expiresAt[order]! > end) break;
      cancelOpenOrder(order, CANCELLED.expired);
    }
    if (end > now) break;
    enterState(i, OPEN, STATE_CHANGED.scheduled);
  }
  refreshDue();
}

/** Finds anew when the next thing falls due. */
export function refreshDue(): void {
  const i = nextAuction();
  const order = firstToExpire();
  const end = i < 0 ? NEVER : auctionEnd[i]!;
  counters[DUE] = order !== 0 && expiresAt[order]! < end ? expiresAt[order]! : end;
}

/** The instrument whose auction ends first, or -1. */
function nextAuction(): number {
  let first = -1;
  for (let number = 0; number < venue.instruments; number += 1) {
    const i = number << INSTRUMENT_SHIFT;
    if (listed[i] === 0 || auctionEnd[i] === NEVER) continue;
    if (first < 0 || auctionEnd[i]! < auctionEnd[first]!) first = i;
  }
  return first;
}
