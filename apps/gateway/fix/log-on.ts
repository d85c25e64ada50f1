/** From a Logon to a session that is spoken for here, or to why not. */
import { type Trader } from '../access/access.js';
import { authenticateLogon, isProven } from './authenticate-logon.js';
import { BEGIN_STRING } from './fix-codec.js';
import { type FixMessage, MSG } from './fix-message.js';
import { type FixParts, type FixSettings } from './fix-settings.js';
import { parseTimestamp } from './fix-time.js';
import { type HeldSession } from './held-session.js';
import { NO_NAME } from './application/execution-report.js';
import { type Binding } from './session-store.js';

export type LogOn =
  | { readonly kind: 'taken'; readonly trader: Trader; readonly session: HeldSession }
  /** A Logout with this number says why. */
  | { readonly kind: 'refused'; readonly text: string; readonly seq: number }
  /** Nothing is said: the connection just ends. */
  | { readonly kind: 'dropped'; readonly reason: string };

const HELD_LOOK_MS = 100;
const BAD_CREDENTIALS = 'Authentication failed: Username (553) is the API key id, Password (554) its secret';

export async function logOn(
  parts: FixParts,
  settings: FixSettings,
  { message, address, lost }: { message: FixMessage; address: string; lost: () => void },
): Promise<LogOn> {
  const compId = message.get(49) ?? '';
  const isLogon = message.msgType === MSG.LOGON && message.beginString === BEGIN_STRING && message.fault === undefined;
  if (!isLogon || !/^[!-~]{1,32}$/.test(compId)) return { kind: 'dropped', reason: 'the first message is no Logon' };
  if (message.get(56) !== settings.compId) return { kind: 'dropped', reason: 'another TargetCompID' };
  const refuse = async (text: string): Promise<LogOn> => {
    // A client counts what it gets: the Logout takes a number, or the next Logon's would be one too low.
    const burnt = await parts.store.burnNumber(compId);
    return { kind: 'refused', text, seq: burnt ?? message.seqNum ?? 1 };
  };
  const trader = await authenticateLogon(parts.access, message, address);
  if (trader === undefined) return refuse(BAD_CREDENTIALS);
  // Refused before anything is bound or taken: it may be a recording that is played back.
  if (message.isPossDup) return refuse('a Logon is never a possible duplicate (43)');
  const sentAt = parseTimestamp(message.get(52) ?? '');
  if (sentAt === undefined || Math.abs(settings.now() - sentAt) > settings.clockSkewMaxMs)
    return refuse('SendingTime accuracy problem');
  const binding = bindingFor(parts, message, { compId, trader });
  const admission = await parts.store.admit(binding, isProven(message) ? sentAt : undefined);
  if (admission === 'not_yours') return refuse(BAD_CREDENTIALS);
  if (admission === 'too_many') return refuse('too many CompIDs: use one of those that are bound to your account');
  if (admission === 'used') return refuse('SendingTime (52) of a proof must be later than that of the proof before');
  const taking = await take(parts, settings, { binding, lost });
  if (taking === 'held') return { kind: 'dropped', reason: 'the CompID is logged on already' };
  return { kind: 'taken', trader, session: taking };
}

/** Another connection or gateway may be letting go of the session at this moment. */
async function take(
  { store }: FixParts,
  { heldPatienceMs }: FixSettings,
  { binding, lost }: { binding: Binding; lost: () => void },
): Promise<HeldSession | 'held'> {
  const deadline = performance.now() + heldPatienceMs;
  for (;;) {
    const taking = await store.take(binding, lost);
    if (taking !== 'held' || performance.now() > deadline) return taking;
    await new Promise((resolve) => setTimeout(resolve, HELD_LOOK_MS));
  }
}

/** A session that is bound now begins with what is open, under the names that it was entered by. */
function bindingFor(
  { feed, tap, clock }: FixParts,
  message: FixMessage,
  { compId, trader }: { compId: string; trader: Trader },
): Binding {
  const open = feed.openOrders(trader.account);
  return {
    compId,
    customerId: trader.customerId,
    account: trader.account,
    position: tap.position,
    positionTime: tap.time,
    openOrders: new Map(open.map(({ orderId, clientText }) => [orderId, clientText ?? NO_NAME])),
    nextOut: message.get(141) === 'Y' ? 1 : (message.seqNum ?? 1),
    at: clock.now(),
  };
}
