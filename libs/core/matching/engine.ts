/**
 * The engine: a pure function of its state and a sequenced command to its next state and events. It reads no clock, no
 * randomness and no file; the same commands give the same bytes of events anywhere, and again on replay.
 *
 * One engine per isolate: its tables are constants of the modules that work on them (`records.ts` says why).
 */
import { engineCommands, engineEvents } from '@core/contracts';
import * as Audit from './audit.js';
import * as Cancel from './cancel.js';
import { commands } from './commands.js';
import * as EventBuffer from './event-buffer.js';
import { type Release } from './event-buffer.js';
import * as ListInstrument from './list-instrument.js';
import * as MarkPrice from './mark-price.js';
import * as NameOrder from './name-order.js';
import * as Operate from './operate.js';
import * as Place from './place.js';
import * as Replace from './replace.js';
import { life } from './scratch.js';
import * as SetState from './set-state.js';
import * as Time from './time.js';
import * as Transfers from './transfers.js';
import * as VenueEvents from './venue-events.js';

const { audit } = Audit;
const { cancel, cancelAll, cancelByClientId } = Cancel;
const { numberEventsFromZero, releaseEvents, releaseEventsTo } = EventBuffer;
const { listInstrument } = ListInstrument;
const { setMarkPrice } = MarkPrice;
const { nameClientOrder } = NameOrder;
const { killSwitch, setAccount, setBands, setFees } = Operate;
const { place } = Place;
const { replace } = Replace;
const { setState } = SetState;
const { passTime } = Time;
const { transfer } = Transfers;
const { commandDone } = VenueEvents;

const { counters, SEQUENCE, NOW, DUE } = life;
const { words, amounts } = commands;
const { messages } = engineCommands;

const PLACE = messages.place.code;
const REPLACE = messages.replace.code;
const CANCEL = messages.cancel.code;

/**
 * Applies the whole commands in bytes `from` to `to` of `commandBuffer`, in order. Their events go through `eventBuffer`:
 * `release(n)` is called with the number of bytes to take from its start, possibly several times and possibly in the
 * middle of a command, always before this returns. Bytes must have passed `engineCommands.fault`.
 *
 * Throws when a sequence number is not the one after the last: the host has lost or repeated a command. Nothing of that
 * command has happened then; events of those before it are still released.
 */
export function apply(from: number, to: number, release: Release): void {
  releaseEventsTo(release);
  let w = from >> 2;
  const end = to >> 2;
  try {
    while (w < end) {
      const first = words[w]!;
      begin(w);
      const code = (first >> 16) & 0xff;
      if (code === PLACE) place(w);
      else if (code === REPLACE) replace(w);
      else if (code === CANCEL) cancel(w);
      else applyRare(code, w);
      w += (first & 0xffff) >> 2;
    }
  } finally {
    releaseEvents();
  }
}

/** Takes the command's number and time; what has fallen due by then comes before the command itself. */
const begin = (w: number): void => {
  const at = w >> 1;
  const expected = BigInt.asIntN(64, counters[SEQUENCE]! + 1n);
  if (amounts[at + 1] !== expected) throw new Error(`command ${amounts[at + 1]} came where ${expected} was due`);
  counters[SEQUENCE] = expected;
  if (amounts[at + 2]! > counters[NOW]!) counters[NOW] = amounts[at + 2]!;
  numberEventsFromZero();
  if (counters[NOW]! >= counters[DUE]!) passTime();
};

const applyRare = (code: number, w: number): void => {
  switch (code) {
    case messages['cancel-by-client-id'].code:
      return cancelByClientId(w);
    case messages['cancel-all'].code:
      return cancelAll(w);
    case messages['name-client-order'].code:
      return nameClientOrder(w);
    case messages.credit.code:
    case messages.debit.code:
      return transfer(w);
    case messages['list-instrument'].code:
      return listInstrument(w);
    case messages['set-state'].code:
      return setState(w);
    case messages['set-fees'].code:
      return setFees(w);
    case messages['set-bands'].code:
      return setBands(w);
    case messages['set-account'].code:
      return setAccount(w);
    case messages['kill-switch'].code:
      return killSwitch(w);
    case messages['mark-price'].code:
      return setMarkPrice(w);
    case messages.audit.code:
      return audit();
    case messages.tick.code:
      return commandDone(engineEvents.messages.ticked, w);
    default:
      throw new Error(`no command of code ${code}`);
  }
};
