import { ConfigurationError } from '@base/config';
import {
  DomainEventSource,
  type kafkaConfig,
  KafkaEventLog,
  kafkaSettingsOf,
  type RecordSource,
  Relay,
} from '@base/event-log';
import { EngineEventSource } from '@platform/event-log';
import { type WorkerConfig } from './config.js';
import { type WorkerParts } from './worker.js';

export interface EventLogParts extends Pick<WorkerParts, 'database' | 'clock' | 'terms' | 'logger'> {
  readonly config: Pick<WorkerConfig, keyof typeof kafkaConfig | 'EXCHANGE_ADDRESSES' | 'EXCHANGE_OBSERVER_KEY'>;
}

/** Carries domain events, and the exchange's where there is one, to Kafka, when there is Kafka. Answers how to stop. */
export function registerEventLogWork({ config, database, clock, terms, logger }: EventLogParts): () => Promise<void> {
  const settings = kafkaSettingsOf(config, 'strongroom-worker');
  if (settings === undefined) return () => Promise.resolve();
  const { EXCHANGE_ADDRESSES: addresses, EXCHANGE_OBSERVER_KEY: key, KAFKA_TOPIC_PREFIX: prefix } = config;
  const sources: RecordSource[] = [new DomainEventSource(database, `${prefix}domain.v1`)];
  if (addresses.length > 0) {
    if (key === undefined)
      throw new ConfigurationError('KAFKA_BROKERS with EXCHANGE_ADDRESSES needs EXCHANGE_OBSERVER_KEY');
    sources.push(new EngineEventSource({ addresses, key, terms, topic: `${prefix}engine.v1` }));
  }
  // A producer each: what holds one stream up is no affair of the other.
  const relays = sources.map(
    (source) => new Relay({ database, clock, logger, source, openLog: () => new KafkaEventLog(settings, logger) }),
  );
  for (const relay of relays) relay.start();
  return async () => void (await Promise.all(relays.map((relay) => relay.stop())));
}
