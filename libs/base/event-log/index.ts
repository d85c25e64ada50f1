export { domainRecord, DOMAIN_SCHEMA } from './domain-record.js';
export { DomainEventSource } from './domain-source.js';
export { type EventLog, type LogRecord } from './event-log.js';
export { KafkaEventLog, NotAcknowledged } from './kafka-event-log.js';
export { kafkaConfig, type KafkaSettings, kafkaSettingsOf } from './kafka-settings.js';
export {
  type Place,
  type RecordBatch,
  type RecordSource,
  type RecordStream,
  type StreamName,
} from './record-source.js';
export { Relay, type RelayParts, type RelaySettings } from './relay.js';
