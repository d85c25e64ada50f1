/** A client's own name for an order passes through to the stream; the engine knows orders by numbers. */
import { engineCommands, engineEvents, wordOffsets } from '@core/contracts';
import { refuseAccount } from './admission.js';
import { commands } from './commands.js';
import { orderRejected } from './order-events.js';
import { REFUSED } from './reasons.js';
import { commandDone } from './venue-events.js';

const { words } = commands;
const word = wordOffsets(engineCommands.messages['name-client-order']);
const NAMED = engineEvents.messages['client-order-named'];

/** Carries out the `name-client-order` at word `w`. Nothing of it is kept. */
export function nameClientOrder(w: number): void {
  const unknown = refuseAccount(words[w + word.account]!);
  if (unknown !== REFUSED.ADMITTED) return orderRejected(w, unknown);
  commandDone(NAMED, w);
}
