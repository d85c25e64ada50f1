/** Orders leave the book before they are filled: one, or all that match, on request or because something ended them. */
import { ANY, engineCommands, wordOffsets } from '@core/contracts';
import * as Admission from './admission.js';
import * as Balances from './balances.js';
import * as ClientIds from './client-ids.js';
import { commands } from './commands.js';
import * as OpenOrders from './open-orders.js';
import * as OrderEvents from './order-events.js';
import { orders, trait } from './orders.js';
import * as Reasons from './reasons.js';
import * as VenueEvents from './venue-events.js';

const { instrumentHandle, refuseAccount } = Admission;
const { accountRecord, accounts } = Balances;
const { findByClientId } = ClientIds;
const { cancelOpenOrder, findById, forEachOpenOrder } = OpenOrders;
const { orderRejected } = OrderEvents;
const { CANCELLED, REFUSED } = Reasons;
const { commandRejected, ordersCancelled } = VenueEvents;

const { ADMITTED } = REFUSED;

const { CANCEL_ON_DISCONNECT } = trait;

const { words, amounts } = commands;
const { newestOrder } = accounts;
const { account, instrument, session, traits, accountNext } = orders;

const one = wordOffsets(engineCommands.messages.cancel);
const byClientId = wordOffsets(engineCommands.messages['cancel-by-client-id']);
const all = wordOffsets(engineCommands.messages['cancel-all']);

/** Carries out the `cancel` at word `w`. */
export function cancel(w: number): void {
  const order = findById(words, amounts, w + one.orderId);
  if (order === 0 || account[order] !== words[w + one.account]) return orderRejected(w, REFUSED.unknown_order);
  cancelOpenOrder(order, CANCELLED.requested);
}

/** Carries out the `cancel-by-client-id` at word `w`. */
export function cancelByClientId(w: number): void {
  const order = findByClientId(words, w + byClientId.clientOrderId, words[w + byClientId.account]!);
  if (order <= 0) return orderRejected(w, REFUSED.unknown_order);
  cancelOpenOrder(order, CANCELLED.requested);
}

/** Carries out the `cancel-all` at word `w`: newest first within an account, by record across accounts. */
export function cancelAll(w: number): void {
  const owner = words[w + all.account]!;
  const number = words[w + all.instrument]!;
  const from = words[w + all.session]!;
  const i = number >>> 0 === ANY ? -1 : instrumentHandle(number);
  if (number >>> 0 !== ANY && i < 0) return commandRejected(w, number, REFUSED.unknown_instrument);
  let count: number;
  if (owner >>> 0 === ANY) {
    count = 0;
    forEachOpenOrder((order) => {
      if (matches(order, i, from)) count += end(order, from);
    });
  } else {
    if (refuseAccount(owner) !== ADMITTED) return commandRejected(w, number, REFUSED.unknown_account);
    count = cancelAllOfAccount(owner, i, from);
  }
  ordersCancelled(owner, number, from, count);
}

const cancelAllOfAccount = (owner: number, i: number, from: number): number => {
  let count = 0;
  for (let order = newestOrder[accountRecord(owner)]!; order !== 0;) {
    const older = accountNext[order]!;
    if (matches(order, i, from)) count += end(order, from);
    order = older;
  }
  return count;
};

/** Of the instrument (-1 for any); and if a session is named, of that session and bound to it. */
const matches = (order: number, i: number, from: number): boolean =>
  (i < 0 || instrument[order] === i) &&
  (from === 0 || (session[order] === from && (traits[order]! & CANCEL_ON_DISCONNECT) !== 0));

const end = (order: number, from: number): number => {
  cancelOpenOrder(order, from === 0 ? CANCELLED.mass_cancel : CANCELLED.disconnect);
  return 1;
};
