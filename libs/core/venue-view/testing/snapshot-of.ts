import { type EngineEvent } from '@core/contracts';
import { type VenueSnapshot } from '../venue-snapshot.js';
import { VenueView } from '../venue-view.js';

/** What a database would give that has taken all that `view` has, and the first `count` events of the command behind that. */
export function snapshotOf(view: VenueView, events: readonly EngineEvent[], count: number): VenueSnapshot {
  if (count === 0 || events[0]?.sequence === view.position.sequence) return view.snapshot();
  const fork = new VenueView(view.snapshot());
  for (const event of events.slice(0, count)) fork.apply(event);
  fork.release(events[0]?.sequence ?? 0n);
  const snapshot = fork.snapshot();
  const id = arrivedLast(events.slice(0, count));
  const isThere = snapshot.orders.some(({ orderId, isDormant }) => orderId === id && !isDormant);
  return { ...snapshot, arriving: isThere ? id : null };
}

/** The order that may still be meeting the book after these events. */
function arrivedLast(events: readonly EngineEvent[]): bigint | null {
  let arrived: bigint | null = null;
  for (const event of events) {
    if (event.kind === 'order-accepted' || event.kind === 'order-triggered') arrived = event.orderId;
    else if (event.kind === 'order-replaced' && event.queuePlace === 'lost') arrived = event.orderId;
    else if (event.kind === 'instrument-state') arrived = null;
  }
  return arrived;
}
