/** What the worker reads to speak to Kafka: its part of the environment contract. */

/** @type {readonly import('./environment.mjs').Variable[]} */
export const EVENT_LOG_ENVIRONMENT = [
  {
    name: 'KAFKA_BROKERS',
    readers: ['worker'],
    meaning:
      'brokers of Kafka, `host:port` separated by commas: all events go there as well (docs/event-log.md); without it they stay in PostgreSQL and the exchange’s journal',
  },
  {
    name: 'KAFKA_TOPIC_PREFIX',
    readers: ['worker'],
    meaning: 'what the names of the topics begin with; `strongroom.` when unset',
  },
  { name: 'KAFKA_TLS', readers: ['worker'], meaning: '`1`: speak TLS to the brokers; 0 when unset' },
  {
    name: 'KAFKA_USERNAME',
    readers: ['worker'],
    meaning: 'user at the brokers; no login without it',
  },
  { name: 'KAFKA_PASSWORD', readers: ['worker'], meaning: 'its password' },
  {
    name: 'KAFKA_SASL_MECHANISM',
    readers: ['worker'],
    meaning: 'how to log in: `scram-sha-512` (when unset), `scram-sha-256`, or `plain`, which needs `KAFKA_TLS`',
  },
  {
    name: 'KAFKA_IDEMPOTENCE',
    readers: ['worker'],
    meaning: '`0`: for brokers that know no idempotent producers; 1 when unset',
  },
];
