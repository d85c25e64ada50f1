import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError, loadConfig } from '@base/config';
import { createLogger } from '@base/observability';
import {
  kafkaConfig,
  KafkaEventLog,
  type KafkaSettings,
  kafkaSettingsOf,
  type LogRecord,
  NotAcknowledged,
} from './index.js';
import { type Consumed, hasKafka, KafkaProxy, MockKafka, type ProducedBatch } from './testing/index.js';

const logger = createLogger('spec', 'silent');
const hasCluster = hasKafka('the event log against a Kafka cluster');

let mock: MockKafka;
let proxy: KafkaProxy;
let topics = 0;
const logs: KafkaEventLog[] = [];

beforeAll(async () => {
  if (!hasCluster) return;
  [mock, proxy] = await Promise.all([MockKafka.start(3), KafkaProxy.open(3)]);
  proxy.pointAt(mock.brokers);
});

afterEach(async () => {
  if (!hasCluster) return;
  proxy.fate = () => 'pass';
  proxy.leaderOf = (_, leader) => leader;
  proxy.produced.length = 0;
  await Promise.all(logs.splice(0).map((log) => log.close()));
});

afterAll(async () => {
  await proxy?.close();
  await mock?.kill();
});

const openLog = (settings: Partial<KafkaSettings> = {}): KafkaEventLog => {
  const log = new KafkaEventLog(
    {
      brokers: proxy.brokers,
      clientId: 'spec',
      tls: false,
      isIdempotent: true,
      requestTimeoutMs: 500,
      retries: 1,
      ...settings,
    },
    logger,
  );
  logs.push(log);
  return log;
};

const newTopic = (): string => `log-${(topics += 1)}`;
const KEYS = Array.from({ length: 12 }, (_, n) => `thing:${n}`);

/** `rounds` records of each key, in turn. */
const recordsOf = (topic: string, rounds: number, from = 0): LogRecord[] =>
  Array.from({ length: rounds }, (_, n) => from + n).flatMap((n) =>
    KEYS.map((key) => ({ topic, key, value: String(n), headers: { n: String(n) }, at: new Date(n) })),
  );

/** A topic that at least two brokers share, with a round of records in it. The mock cluster draws its leaders by lot. */
const sharedTopic = async (log: KafkaEventLog): Promise<{ topic: string; one: number; other: number }> => {
  for (;;) {
    const topic = newTopic();
    const nodes = new Set<number>();
    proxy.fate = (node) => {
      nodes.add(node);
      return 'pass';
    };
    await log.append(recordsOf(topic, 1));
    const [one, other] = nodes;
    if (one !== undefined && other !== undefined) return { topic, one, other };
  }
};

const valuesByKey = (consumed: readonly Consumed[]): Record<string, string[]> => {
  const values: Record<string, string[]> = {};
  for (const { key, value } of consumed) (values[key] ??= []).push(value);
  return values;
};
const firstsByKey = (consumed: readonly Consumed[]): Record<string, string[]> =>
  Object.fromEntries(Object.entries(valuesByKey(consumed)).map(([key, values]) => [key, [...new Set(values)]]));
const each = (values: readonly string[]): Record<string, string[]> => Object.fromEntries(KEYS.map((key) => [key, [...values]])); // prettier-ignore

const inKafka = (): void => {
  it('has every record once, in order for each key, acknowledged by all replicas, from an idempotent producer', async () => {
    const topic = newTopic();
    const log = openLog();
    await log.append(recordsOf(topic, 2));
    await log.append(recordsOf(topic, 2, 2));
    const consumed = await mock.read(topic);
    expect(valuesByKey(consumed)).toEqual(each(['0', '1', '2', '3']));
    expect(consumed.every(({ headers, value }) => headers['n'] === value)).toBe(true);
    expect(new Set(proxy.produced.map(({ acks }) => acks))).toEqual(new Set([-1]));
    expect(proxy.produced.every(({ producerId }) => producerId >= 0n)).toBe(true);
    expect(new Set(proxy.produced.map(({ producerId }) => producerId)).size).toBe(1);
    expect(new Set(consumed.map(({ partition }) => partition)).size).toBeGreaterThan(1);
  });

  it('sends a batch whose acknowledgement was lost again under the same numbers, by which a broker knows it', async () => {
    const topic = newTopic();
    const log = openLog();
    await log.append(recordsOf(topic, 1));
    const before = proxy.produced.length;
    let lost: number | undefined;
    proxy.fate = (_, [batch]) => {
      if (lost !== undefined || batch === undefined) return 'pass';
      lost = batch.partition;
      return 'lose-answer';
    };
    await log.append(recordsOf(topic, 1, 1));
    const [first, second] = proxy.produced.slice(before).filter(({ partition }) => partition === lost);
    expect(second).toEqual(first);
    expect(first?.baseSequence).toBeGreaterThan(0);
    // The mock cluster keeps no numbers: here the repetition shows, and only there.
    expect(firstsByKey(await mock.read(topic))).toEqual(each(['0', '1']));
  });

  it('loses nothing and keeps the order when some partitions acknowledge and others do not, call after call', async () => {
    const log = openLog();
    const { topic, one } = await sharedTopic(log);
    const lost: ProducedBatch[] = [];
    proxy.fate = (node, batches) => {
      if (node !== one) return 'pass';
      lost.push(...batches);
      return 'lose-request';
    };
    const failed = log.append(recordsOf(topic, 1, 1));
    await expect(failed).rejects.toThrow();
    proxy.fate = () => 'pass';
    const tried = proxy.produced.length;
    await log.append(recordsOf(topic, 1, 1));
    // Still under the same numbers: it is the same producer, however many calls have failed.
    expect(lost.length).toBeGreaterThan(0);
    for (const batch of lost) expect(proxy.produced.slice(tried)).toContainEqual(batch);
    await log.append(recordsOf(topic, 1, 2));
    expect(firstsByKey(await mock.read(topic))).toEqual(each(['0', '1', '2']));
  });

  it('does not believe kafkajs when a partition’s leader moved between two tries and was never sent to', async () => {
    const log = openLog();
    const { topic, one, other } = await sharedTopic(log);
    proxy.fate = (node) => {
      if (node !== one) return 'pass';
      proxy.leaderOf = (_, leader) => (leader === one ? other : leader);
      return 'lose-request';
    };
    await expect(log.append(recordsOf(topic, 1, 1))).rejects.toThrow(NotAcknowledged);
    proxy.fate = () => 'pass';
    proxy.leaderOf = (_, leader) => leader;
    await log.append(recordsOf(topic, 1, 1));
    expect(firstsByKey(await mock.read(topic))).toEqual(each(['0', '1']));
  });

  it('takes one call at a time', async () => {
    const topic = newTopic();
    const log = openLog();
    const first = log.append(recordsOf(topic, 1));
    await expect(log.append(recordsOf(topic, 1, 1))).rejects.toThrow(/one call/);
    await first;
  });

  it('speaks to brokers without idempotence when it is told to', async () => {
    const topic = newTopic();
    await openLog({ isIdempotent: false }).append(recordsOf(topic, 1));
    expect(proxy.produced.map(({ producerId }) => producerId)).toContain(-1n);
    expect(valuesByKey(await mock.read(topic))).toEqual(each(['0']));
  });
};
if (hasCluster) describe('the event log in Kafka', inKafka);

describe('the settings of Kafka', () => {
  const settingsOf = (environment: Record<string, string>): KafkaSettings | undefined =>
    kafkaSettingsOf(loadConfig(kafkaConfig, environment), 'spec');

  it('are none without brokers', () => {
    expect(settingsOf({})).toBeUndefined();
    expect(settingsOf({ KAFKA_BROKERS: ' ' })).toBeUndefined();
  });

  it('name the brokers, and an idempotent producer unless told otherwise', () => {
    expect(settingsOf({ KAFKA_BROKERS: 'one:9092, two:9092' })).toMatchObject({
      brokers: ['one:9092', 'two:9092'],
      tls: false,
      isIdempotent: true,
    });
    expect(settingsOf({ KAFKA_BROKERS: 'one:9092', KAFKA_IDEMPOTENCE: '0' })?.isIdempotent).toBe(false);
  });

  it('refuse half a login, a password in the clear, and what is no address', () => {
    const login = { KAFKA_BROKERS: 'one:9092', KAFKA_USERNAME: 'worker', KAFKA_PASSWORD: 'b7Rk20-xQ' };
    expect(settingsOf({ ...login })?.login).toMatchObject({ mechanism: 'scram-sha-512', username: 'worker' });
    expect(() => settingsOf({ ...login, KAFKA_PASSWORD: '' })).toThrow(ConfigurationError);
    expect(() => settingsOf({ ...login, KAFKA_SASL_MECHANISM: 'plain' })).toThrow(/KAFKA_TLS/);
    expect(settingsOf({ ...login, KAFKA_SASL_MECHANISM: 'plain', KAFKA_TLS: '1' })?.tls).toBe(true);
    expect(() => settingsOf({ KAFKA_BROKERS: 'kafka://one' })).toThrow(/KAFKA_BROKERS/);
  });
});
