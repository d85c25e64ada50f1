import {
  Kafka,
  type KafkaConfig,
  type LogEntry,
  logLevel,
  Partitioners,
  type Producer,
  type ProducerConfig,
  type RecordMetadata,
  type SASLOptions,
  type TopicMessages,
} from 'kafkajs';
import { type Logger } from '@base/observability';
import { type EventLog, type LogRecord } from './event-log.js';
import { type KafkaSettings } from './kafka-settings.js';

/** All in-sync replicas have it. How many those must be is the topic's `min.insync.replicas`. */
const ACKS_ALL = -1;
const PAUSES = { initialRetryTime: 100, maxRetryTime: 2_000 };
const CONNECT_MS = 3_000;

/** The broker said yes to less than it was sent. */
export class NotAcknowledged extends Error {
  override readonly name = 'NotAcknowledged';
}

/**
 * Kafka, through kafkajs. One request at a time per broker, acknowledged by all in-sync replicas. An idempotent producer numbers what it sends to
 * each partition, and a broker drops what it has had of it: so a repetition within this object's life, of the same records, is no repetition in
 * the log, unless some partitions of the call had been acknowledged and others not. A new object is a new producer, of which the broker knows nothing.
 */
export class KafkaEventLog implements EventLog {
  readonly #kafka: Kafka;
  readonly #settings: KafkaSettings;
  readonly #logger: Logger;
  /** Where the partitioner has put the records of the call under way, on its last try. */
  readonly #targets = new Set<string>();
  #producer: Promise<Producer> | undefined;
  #call: Promise<void> | undefined;

  constructor(settings: KafkaSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.#kafka = new Kafka(connectionOf(settings, logger));
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    if (this.#call !== undefined) throw new Error('one call at a time: order is kept by waiting');
    this.#call = this.#send(records);
    try {
      await this.#call;
    } finally {
      this.#call = undefined;
    }
  }

  /** Lets go of the brokers; where a call is under way, as soon as kafkajs has given it up, which this does not wait for. */
  async close(): Promise<void> {
    if (this.#call === undefined) return this.#letGo();
    void this.#call.catch(() => undefined).then(() => this.#letGo());
  }

  async #send(records: readonly LogRecord[]): Promise<void> {
    this.#producer ??= this.#connect();
    try {
      const producer = await this.#producer;
      this.#targets.clear();
      const answers = await producer.sendBatch({
        acks: ACKS_ALL,
        timeout: this.#settings.requestTimeoutMs,
        topicMessages: byTopic(records),
      });
      this.#check(answers);
    } catch (error) {
      // After the retries of one call the same producer may try again, under the same numbers. Nothing else is worth keeping.
      if (!isExhausted(error) || !(await isConnected(this.#producer))) await this.#letGo();
      throw error;
    }
  }

  /**
   * That each partition which was meant has answered. kafkajs resolves without sending to a partition whose leader, between two tries of one call,
   * has moved to a broker that had answered for others.
   */
  #check(answers: readonly RecordMetadata[]): void {
    const missing = new Set(this.#targets);
    for (const { topicName, partition, errorCode } of answers)
      if (errorCode === 0) missing.delete(targetName(topicName, partition));
    if (missing.size > 0) throw new NotAcknowledged(`no acknowledgement of ${[...missing].join(', ')}`);
  }

  async #connect(): Promise<Producer> {
    const choose = Partitioners.DefaultPartitioner();
    const options: ProducerConfig = {
      idempotent: this.#settings.isIdempotent,
      retry: { ...PAUSES, retries: this.#settings.retries },
      createPartitioner: () => (args) => {
        const partition = choose(args);
        this.#targets.add(targetName(args.topic, partition));
        return partition;
      },
    };
    const producer = this.#kafka.producer(options);
    try {
      await producer.connect();
    } catch (error) {
      await producer.disconnect().catch(() => undefined);
      throw error;
    }
    return producer;
  }

  async #letGo(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    try {
      await (await producer)?.disconnect();
    } catch (error) {
      this.#logger.debug({ err: error }, 'Kafka had gone already');
    }
  }
}

const targetName = (topic: string, partition: number): string => `${topic}[${partition}]`;
const isConnected = (producer: Promise<Producer> | undefined): Promise<boolean> =>
  (producer ?? Promise.reject(new Error('none'))).then(
    () => true,
    () => false,
  );

function byTopic(records: readonly LogRecord[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { topic, key, value, headers, at } of records) {
    const group = topics.get(topic) ?? { topic, messages: [] };
    group.messages.push({ key, value, headers: { ...headers }, timestamp: String(at.getTime()) });
    topics.set(topic, group);
  }
  return [...topics.values()];
}

function connectionOf(
  { brokers, clientId, tls, login, requestTimeoutMs, retries }: KafkaSettings,
  logger: Logger,
): KafkaConfig {
  return {
    brokers: [...brokers],
    clientId,
    ssl: tls,
    ...(login && { sasl: saslOf(login) }),
    connectionTimeout: CONNECT_MS,
    requestTimeout: requestTimeoutMs,
    retry: { ...PAUSES, retries },
    logLevel: logLevel.WARN,
    // The relay tells of what failed, once; what the client says of each try is for those who look closer.
    logCreator:
      () =>
      ({ namespace, log }: LogEntry) =>
        logger.debug({ namespace, kafka: log.message }, 'Kafka client'),
  };
}

const saslOf = ({ mechanism, username, password }: NonNullable<KafkaSettings['login']>): SASLOptions => ({
  mechanism,
  username,
  password: password.reveal(),
});

/** By its name: what kafkajs exports by spreading, a module of ours cannot import from it. */
const isExhausted = (error: unknown): boolean =>
  error instanceof Error && error.name === 'KafkaJSNumberOfRetriesExceeded';
