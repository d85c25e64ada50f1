import { type LogRecord } from '@base/event-log';
import { ANY, type EngineEvent } from '@core/contracts';
import { ENGINE_SCHEMA, engineEventJson } from './engine-json.js';

/** Of events that name neither an instrument nor an account. */
export const VENUE_KEY = 'venue';

/**
 * What an engine event is about, and so whose order it keeps: its instrument; its account where it has no instrument, or where it is about any;
 * else the venue.
 */
export function keyOf(event: EngineEvent): string {
  if ('instrument' in event && event.instrument !== ANY) return `instrument:${event.instrument}`;
  if ('account' in event && event.account !== ANY) return `account:${event.account}`;
  return VENUE_KEY;
}

/** An engine event as docs/event-log.md lays it down. */
export function engineRecord(topic: string, event: EngineEvent): LogRecord {
  return {
    topic,
    key: keyOf(event),
    value: engineEventJson(event),
    headers: {
      schema: ENGINE_SCHEMA,
      kind: event.kind,
      sequence: event.sequence.toString(),
      index: event.origin.toString(),
    },
    at: new Date(Number(event.time / 1_000n)),
  };
}
