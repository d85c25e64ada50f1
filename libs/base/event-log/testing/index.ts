export { type Consumed, hasKafka, MockKafka } from './mock-kafka.js';
export { type Fate, KafkaProxy } from './kafka-proxy.js';
export { type ProducedBatch } from './kafka-wire.js';
export { MemoryLog } from './memory-log.js';
