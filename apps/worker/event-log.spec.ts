import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { ConfigurationError, loadConfig } from '@base/config';
import {
  kafkaConfig,
  KafkaEventLog,
  type RecordSource,
  type RecordStream,
  Relay,
  type StreamName,
} from '@base/event-log';
import { type Consumed, hasKafka, KafkaProxy, MockKafka } from '@base/event-log/testing';
import { armFailpoint } from '@base/failpoints';
import { createLogger } from '@base/observability';
import { type EngineEvent } from '@core/contracts';
import { engineEventJson, EngineEventSource, keyOf, parseEngineEvent } from '@platform/event-log';
import { HighestTerm } from '@platform/venue-link';
import { cancelAll, exchangeKey, order, VenueBench } from '@products/venue/testing';
import { registerEventLogWork } from './event-log-work.js';

const CONSUMER = join(import.meta.dirname, '../../tools/consume-event-log.mjs');
const DOMAIN = 'strongroom.domain.v1';
const ENGINE = 'strongroom.engine.v1';
const BITCOIN = 100_000_000n;
const logger = createLogger('spec', 'silent');
const hasCluster = hasKafka('the worker’s event log against a Kafka cluster');

const configOf = (environment: Record<string, string>) => ({
  ...loadConfig(kafkaConfig, environment),
  EXCHANGE_ADDRESSES: [{ path: '/nowhere' }],
});

describe('the worker’s event log', () => {
  it('is not there without brokers, and wants the key to the exchange with them', async () => {
    const parts = { clock: systemClock, logger } as Parameters<typeof registerEventLogWork>[0];
    await registerEventLogWork({ ...parts, config: configOf({}) })();
    const config = configOf({ KAFKA_BROKERS: 'one:9092' });
    expect(() => registerEventLogWork({ ...parts, config })).toThrow(ConfigurationError);
  });
});

const onRealParts = (): void => {
  const state = mkdtempSync(join(tmpdir(), 'event-log-'));
  let bench: VenueBench;
  let mock: MockKafka;
  let proxy: KafkaProxy;
  let buyer: number;
  let seller: number;
  const running: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    [bench, mock, proxy] = await Promise.all([VenueBench.open(), MockKafka.start(3), KafkaProxy.open(3)]);
    proxy.pointAt(mock.brokers);
    bench.startSettler();
    const [rich, owner] = [await bench.customer({ USD: 100_000_000n }), await bench.customer({ BTC: 50n * BITCOIN })];
    await Promise.all([bench.moved('in', rich, 'USD', 100_000_000n), bench.moved('in', owner, 'BTC', 50n * BITCOIN)]);
    [buyer, seller] = [await bench.engineAccount(rich), await bench.engineAccount(owner)];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((stop) => stop()));
  });
  afterAll(async () => {
    await bench?.close();
    await proxy?.close();
    await mock?.kill();
    rmSync(state, { recursive: true, force: true });
  });

  const trade = (rounds: number): Promise<number> =>
    bench.exchange.do(
      'gateway',
      Array.from({ length: rounds }, (_, n) => [
        order({ account: buyer, quantity: 100_000n, price: 300_000 + n }),
        order({ account: seller, side: 'sell', quantity: 100_000n, price: 300_000 + n }),
      ]).flat(),
    );

  /** Every event that the engine has told of, as another observer gets them. */
  const told = async (): Promise<EngineEvent[]> => {
    // One event each: when it has come, all before it have.
    const last = await bench.exchange.do('operator', [{ kind: 'audit' }]);
    const events: EngineEvent[] = [];
    const link = await bench.exchange.connect('observer', { onEvent: (event) => void events.push(event) });
    link.subscribe(1);
    await until(() => Number(events.at(-1)?.sequence ?? 0) >= last);
    link.close();
    return events;
  };

  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    for (const deadline = Date.now() + 30_000; !(await condition()); await sleep(20)) {
      if (Date.now() > deadline) throw new Error('it did not happen in time');
    }
  };

  const relayedUpTo = (stream: StreamName, major: bigint): Promise<void> =>
    until(async () => {
      const [row] = await bench.database.query<{ major: bigint }>(
        `SELECT major FROM base.event_log_checkpoint WHERE stream = $1`,
        [stream],
      );
      return (row?.major ?? 0n) >= major;
    });

  /** The example, running; answers what it has printed by now. */
  const startConsumer = (topic: string): (() => string[]) => {
    const child = spawn(process.execPath, [CONSUMER, topic, '--group', 'spec', '--state', join(state, 'places.json')], {
      env: { ...process.env, KAFKA_BROKERS: mock.brokers.join(',') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (text) => (printed += String(text)));
    running.push(async () => {
      if (child.kill('SIGTERM')) await once(child, 'exit');
    });
    return () => printed.split('\n').slice(0, -1);
  };

  const firstAppearances = (records: readonly Consumed[]): Record<string, string[]> => {
    const byKey: Record<string, string[]> = {};
    for (const { key, value } of records) {
      const seen = (byKey[key] ??= []);
      if (!seen.includes(value)) seen.push(value);
    }
    return byKey;
  };
  const expected = (events: readonly EngineEvent[]): Record<string, string[]> => {
    const byKey: Record<string, string[]> = {};
    for (const event of events) (byKey[keyOf(event)] ??= []).push(engineEventJson(event));
    return byKey;
  };

  it('has every event of the engine and of the domain, each once, in the order of its key; and a consumer reads them', async () => {
    const config = {
      ...loadConfig(kafkaConfig, { KAFKA_BROKERS: proxy.brokers.join(',') }),
      EXCHANGE_ADDRESSES: [bench.exchange.address],
      EXCHANGE_OBSERVER_KEY: exchangeKey('observer'),
    };
    const terms = new HighestTerm();
    const stop = registerEventLogWork({ config, database: bench.database, clock: systemClock, terms, logger });
    running.push(stop);
    await relayedUpTo('engine', 1n);
    const printed = startConsumer(ENGINE);
    await bench.settledUpTo(await trade(20));
    const events = await told();
    await relayedUpTo('engine', events.at(-1)?.sequence ?? 0n);
    const written = await bench.database.query<{ id: string; xid: bigint; key: string }>(
      `SELECT id, xid::text::numeric AS xid, aggregate || ':' || aggregate_id AS key FROM base.event ORDER BY base.event.xid, seq`,
    );
    await relayedUpTo('domain', written.at(-1)?.xid ?? 0n);
    await stop();

    const engine = await mock.read(ENGINE);
    expect(engine.length).toBe(events.length);
    expect(firstAppearances(engine)).toEqual(expected(events));
    for (const { value, headers } of engine) {
      const { kind, sequence, origin } = parseEngineEvent(value);
      expect(headers).toEqual({
        schema: 'strongroom.engine/1',
        kind,
        sequence: String(sequence),
        index: String(origin),
      });
    }
    const domain = await mock.read(DOMAIN);
    expect(domain.length).toBe(written.length);
    const byKey = (rows: readonly { key: string; id?: string }[]): string[] => rows.map(({ key, id }) => `${key} ${id}`).sort(); // prettier-ignore
    expect(byKey(domain.map(({ key, headers }) => ({ key, id: headers['id'] ?? '' })))).toEqual(byKey(written));

    await until(() => printed().length >= events.length);
    const lines = printed();
    expect(lines.length).toBe(events.length);
    expect(new Set(lines)).toEqual(new Set(events.map(engineEventJson)));
  });

  it('a dead Kafka and an exchange that is killed meanwhile: trading and settlement go on, memory is bounded, nothing is lost', async () => {
    const before = (await mock.read(ENGINE)).length;
    proxy.pointAt([]);
    const streams: (RecordStream & { readonly waiting: number })[] = [];
    const settings = { topic: ENGINE, addresses: [bench.exchange.address], key: exchangeKey('observer') };
    const inner = new EngineEventSource({ ...settings, batch: 50, mostWaiting: 100 });
    const source: RecordSource = {
      stream: 'engine',
      open: async (after) => {
        const stream = await inner.open(after);
        streams.push(stream);
        return stream;
      },
    };
    const common = { clientId: 'spec', tls: false, isIdempotent: true, requestTimeoutMs: 500, retries: 1 };
    const log = new KafkaEventLog({ ...common, brokers: proxy.brokers }, logger);
    const parts = { database: bench.database, clock: systemClock, logger, openLog: () => log, source };
    const relay = new Relay(parts, { retryMs: 20, longestRetryMs: 100 });
    running.push(() => relay.stop());
    relay.start();
    await until(() => streams.length === 1);

    const places = Array.from({ length: 800 }, () => order({ account: buyer, quantity: 50_000n, price: 200_000 }));
    const last = await bench.exchange.do('gateway', [...places, cancelAll(buyer)]);
    await bench.settledUpTo(last);
    await until(() => (streams[0]?.waiting ?? 0) >= 100);
    // What is in one read of the socket may still come when the link is not to be read any more.
    expect(streams[0]?.waiting).toBeLessThan(100 + 65_536 / 64);
    await bench.exchange.kill();
    await bench.exchange.start();
    await bench.settledUpTo(await trade(5));
    expect(streams[0]?.waiting).toBeLessThan(100 + 65_536 / 64);

    // The first time that it is acknowledged again, the relay dies before it can say so.
    let died = false;
    const disarm = armFailpoint('event-log.acknowledged', () => {
      if (died) return;
      died = true;
      throw new Error('dead');
    });
    proxy.pointAt(mock.brokers);
    const events = await told();
    await relayedUpTo('engine', events.at(-1)?.sequence ?? 0n);
    disarm();
    await relay.stop();
    const engine = await mock.read(ENGINE);
    expect(events.length).toBeGreaterThan(before + 1_600);
    expect(firstAppearances(engine)).toEqual(expected(events));
    // It shows: the batch before the death is there twice.
    expect(engine.length).toBeGreaterThanOrEqual(events.length + 50);
  });
};
if (hasCluster) describe('the worker’s event log on an exchange, a database and Kafka', onRealParts);
