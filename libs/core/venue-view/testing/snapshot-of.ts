import { type EngineEvent } from '@core/contracts';
import { type VenueSnapshot } from '../venue-snapshot.js';
import { VenueView } from '../venue-view.js';

/** What a database would give that has taken all that `view` has, and the first `count` events of the command behind that. */
export function snapshotOf(view: VenueView, events: readonly EngineEvent[], count: number): VenueSnapshot {
  if (count === 0 || events[0]?.sequence === view.position.sequence) return view.snapshot();
  const fork = new VenueView(view.snapshot());
  for (const event of events.slice(0, count)) fork.apply(event);
  fork.release(events[0]?.sequence ?? 0n);
  return fork.snapshot();
}
