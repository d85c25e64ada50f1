import { type StoredEvent } from '@base/events';
import { type LogRecord } from './event-log.js';

/** Raised, with the topic's name, by a change that a reader of the version before would misread. */
export const DOMAIN_SCHEMA = 'strongroom.domain/1';

/** A domain event as docs/event-log.md lays it down. */
export function domainRecord(topic: string, event: StoredEvent): LogRecord {
  const { id, type, aggregate, aggregateId, at } = event;
  const place = { commit: event.xid.toString(), seq: event.seq.toString() };
  const head = JSON.stringify({ version: 1, id, type, aggregate, aggregateId, ...place, at: at.toISOString() });
  return {
    topic,
    key: `${aggregate}:${aggregateId}`,
    // The payload goes in as the database prints it: no digit of it passes through a double.
    value: `${head.slice(0, -1)},"payload":${event.payloadText}}`,
    headers: { schema: DOMAIN_SCHEMA, kind: type, id, ...place },
    at,
  };
}
