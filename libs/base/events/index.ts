export { Events, type Consumer, type DomainEvent, type NewEvent } from './events.js';
export { type FinalPlace, readFinalEvents, type StoredEvent } from './final-events.js';
