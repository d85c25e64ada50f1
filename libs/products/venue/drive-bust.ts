import { type Tx } from '@base/database';
import { type Events } from '@base/events';
import { type Bust, type BustEvent, type BustLeg, type BustPurpose, type BustTransfer, PURPOSE_OF } from './bust.js';
import { advanceBust, bustLegsOf, bustTransfersOf, insertBustTransfer, markBusted } from './busts.js';

/**
 * Takes a locked bust as far as the engine's answers allow: from what has been taken to what is given, and to its end. Asks for the transfers of
 * each state that it enters. Answers where it stands.
 */
export async function driveBust(tx: Tx, events: Events, bust: Bust, at: Date): Promise<Bust> {
  const legs = await bustLegsOf(tx, bust.id);
  for (let now = bust; ;) {
    const event = answered(now, legs, await bustTransfersOf(tx, now.id));
    if (event === undefined) return now;
    now = await advanceBust(tx, now, event, { at, by: null });
    if (now.state === 'giving') await ask(tx, now, { purpose: 'give', legs: ofDirection(legs, 'give'), at });
    if (now.state === 'busted') await markBusted(tx, now, at);
    if (now.state === 'busted' || now.state === 'abandoned' || now.state === 'short') await tell(tx, events, now);
  }
}

/** The first attempts of a new bust. */
export async function beginTaking(tx: Tx, bust: Bust, at: Date): Promise<void> {
  await ask(tx, bust, { purpose: 'take', legs: ofDirection(await bustLegsOf(tx, bust.id), 'take'), at });
}

/** Another attempt for each leg of the state whose last one was refused. */
export async function tryAgain(tx: Tx, bust: Bust, at: Date): Promise<void> {
  const purpose = PURPOSE_OF[bust.state];
  for (const [leg, last] of lastAttempts(await bustTransfersOf(tx, bust.id), purpose)) {
    if (purpose === undefined || last.state !== 'refused') continue;
    await insertBustTransfer(tx, { bustId: bust.id, leg, purpose, attempt: last.attempt + 1, at });
  }
}

/** Gives back what was taken. */
export async function beginReturning(tx: Tx, bust: Bust, at: Date): Promise<void> {
  const taken = (await bustTransfersOf(tx, bust.id)).filter(
    ({ purpose, state }) => purpose === 'take' && state === 'settled',
  );
  await ask(tx, bust, { purpose: 'return', legs: taken, at });
}

async function ask(
  tx: Tx,
  bust: Bust,
  { purpose, legs, at }: { purpose: BustPurpose; legs: readonly Pick<BustLeg, 'leg'>[]; at: Date },
): Promise<void> {
  for (const { leg } of legs) await insertBustTransfer(tx, { bustId: bust.id, leg, purpose, attempt: 1, at });
}

/** What the answers to the transfers of this state come to; undefined while one is missing, or where an operator has to act. */
function answered(
  { state }: Bust,
  legs: readonly BustLeg[],
  transfers: readonly BustTransfer[],
): Exclude<BustEvent, 'request'> | undefined {
  const purpose = PURPOSE_OF[state];
  if (purpose === undefined) return undefined;
  const last = [...lastAttempts(transfers, purpose).values()];
  if (last.some((transfer) => transfer.state === 'requested' || transfer.state === 'sent')) return undefined;
  const isRefused = last.some((transfer) => transfer.state === 'refused');
  if (purpose === 'take') return isRefused ? 'fell-short' : 'took';
  if (isRefused) return undefined;
  if (purpose === 'give' && last.length < ofDirection(legs, 'give').length) return undefined;
  return purpose === 'give' ? 'gave' : 'returned';
}

function lastAttempts(
  transfers: readonly BustTransfer[],
  purpose: BustPurpose | undefined,
): ReadonlyMap<number, BustTransfer> {
  const last = new Map<number, BustTransfer>();
  for (const transfer of transfers) {
    if (transfer.purpose === purpose && transfer.attempt > (last.get(transfer.leg)?.attempt ?? 0))
      last.set(transfer.leg, transfer);
  }
  return last;
}

const ofDirection = (legs: readonly BustLeg[], direction: BustLeg['direction']): BustLeg[] =>
  legs.filter((leg) => leg.direction === direction);

async function tell(tx: Tx, events: Events, { id, state, sequence, index }: Bust): Promise<void> {
  const payload = { sequence: sequence.toString(), index };
  await events.append(tx, { type: `venue.bust-${state}`, aggregate: 'venue-bust', aggregateId: id, payload });
}
