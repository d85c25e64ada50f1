export { Events, type Consumer, type DomainEvent, type NewEvent } from './events.js';
