import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { type Database, sqlState } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { Events } from '@base/events';
import { armFailpoint } from '@base/failpoints';
import { Wake } from '@base/jobs';
import { createLogger, registry } from '@base/observability';
import { DomainEventSource, type EventLog, KafkaEventLog, type LogRecord, Relay } from './index.js';
import { type Gap, gapName } from './gaps.js';
import { hasKafka, KafkaProxy, MemoryLog, MockKafka } from './testing/index.js';

const ROUNDS = Number(process.env['RELAY_KILLS'] ?? (process.env['TORTURE'] === '1' ? 40 : 2));
const logger = createLogger('spec', 'silent');
const AGGREGATES = ['one', 'two', 'three', 'four', 'five'];
const hasCluster = hasKafka('the relay to the event log against a Kafka cluster');

let database: TestDatabase;
let events: Events;
let wake: Wake;
let happened = 0;
let round = 0;
const relays: Relay[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(async () => {
  events = new Events({ database: database.app, clock: systemClock, logger });
  wake = new Wake(database.app, 'event');
  // Each test begins behind what was before it.
  await database.owner.query(`UPDATE base.event_log_checkpoint SET major = last.xid, minor = last.seq
    FROM (SELECT xid::text::numeric AS xid, seq FROM base.event ORDER BY base.event.xid DESC, seq DESC LIMIT 1) AS last
    WHERE stream = 'domain' AND (major, minor) < (last.xid, last.seq)`);
  round += 1;
  happened = 0;
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
});
afterAll(() => database.drop());

const topic = (): string => `spec-${round}.domain.v1`;
const startRelay = (log: EventLog, openLog = (): EventLog => log, on: Database = database.app): Relay => {
  const parts = { database: on, clock: systemClock, logger, openLog, source: new DomainEventSource(on, topic()) };
  const relay = new Relay(parts, { retryMs: 10, longestRetryMs: 50 });
  relays.push(relay);
  relay.start();
  return relay;
};

/** So many events, in several transactions, the aggregates in turn. */
const happen = async (count: number): Promise<void> => {
  for (const end = happened + count; happened < end;) {
    const next = Math.min(happened + 25, end);
    await database.app.query(
      `INSERT INTO base.event (id, type, aggregate, aggregate_id, payload, at)
       SELECT gen_random_uuid(), $1, 'thing', ($2::text[])[1 + n % $3], jsonb_build_object('n', n), $4
         FROM generate_series($5::int, $6::int) AS n`,
      [`spec.happened-${round}`, AGGREGATES, AGGREGATES.length, new Date(), happened, next - 1],
    );
    happened = next;
    wake.signal();
  }
};

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 20_000; !(await condition()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
  }
};

interface Arrived {
  readonly key: string;
  readonly value: string;
}
const numberOf = ({ value }: Arrived): number => (JSON.parse(value) as { payload: { n: number } }).payload.n;
const distinct = (records: readonly Arrived[]): Set<number> => new Set(records.map(numberOf));
/** By key, the order in which each event was first there. */
const firsts = (records: readonly Arrived[]): Record<string, number[]> => {
  const byKey: Record<string, Set<number>> = {};
  for (const record of records) (byKey[record.key] ??= new Set()).add(numberOf(record));
  return Object.fromEntries(Object.entries(byKey).map(([key, seen]) => [key, [...seen]]));
};
const expected = (from = 0): Record<string, number[]> => {
  const byKey: Record<string, number[]> = {};
  for (let n = from; n < happened; n += 1) (byKey[`thing:${AGGREGATES[n % AGGREGATES.length]}`] ??= []).push(n);
  return byKey;
};

/** The relay dies there, once: what it has not written down is lost. */
const dieOnceIn = (gap: Gap): { hasDied: () => boolean; disarm: () => void } => {
  let died = false;
  const disarm = armFailpoint(gapName(gap), () => {
    if (died) return;
    died = true;
    throw new Error('dead');
  });
  return { hasDied: () => died, disarm };
};

describe('a relay to the event log', () => {
  it('carries every domain event once, in the order of its aggregate, digit by digit, with its place in the headers', async () => {
    const log = new MemoryLog();
    startRelay(log);
    await happen(230);
    await database.owner.query(
      `INSERT INTO base.event (id, type, aggregate, aggregate_id, payload, at)
       VALUES (gen_random_uuid(), 'spec.large', 'thing', 'one', '{"n": 230, "wei": 123456789012345678901234567890.10}', now())`,
    );
    await until(() => log.records.length >= 231);
    const last = log.records.pop() as LogRecord;
    expect(log.records.map(numberOf)).toEqual(Array.from({ length: 230 }, (_, n) => n));
    expect(firsts(log.records)).toEqual(expected());
    expect(last.value).toContain('"wei": 123456789012345678901234567890.10');
    const json = JSON.parse(last.value) as Record<string, unknown>;
    expect(json).toMatchObject({ version: 1, type: 'spec.large', aggregate: 'thing', aggregateId: 'one' });
    const { id, commit, seq } = json;
    expect(last).toMatchObject({ topic: topic(), key: 'thing:one', headers: { schema: 'strongroom.domain/1', kind: 'spec.large', id, commit, seq } }); // prettier-ignore
  });

  it('neither skips nor hurries an event whose transaction commits late', async () => {
    const log = new MemoryLog();
    startRelay(log);
    await happen(1);
    await until(() => log.records.length === 1);
    await database.app.transaction(async (tx) => {
      await events.append(tx, { type: 'spec.late', aggregate: 'thing', aggregateId: 'late', payload: { n: -1 } });
      await happen(5);
      // Longer than it waits without being woken.
      await sleep(400);
      expect(log.records.length).toBe(1);
    });
    await until(() => log.records.length >= 7);
    expect(log.records.map(numberOf)).toEqual([0, -1, 1, 2, 3, 4, 5]);
  });

  it('repeats a batch when it dies between acknowledgement and checkpoint, and loses nothing', async () => {
    const log = new MemoryLog();
    const { hasDied, disarm } = dieOnceIn('acknowledged');
    await happen(5);
    startRelay(log);
    await until(() => log.records.length >= 10);
    await happen(5);
    await until(() => distinct(log.records).size === 10);
    disarm();
    expect(hasDied()).toBe(true);
    expect(log.records.map(numberOf)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('loses nothing when it dies with events in hand', async () => {
    const log = new MemoryLog();
    const { hasDied, disarm } = dieOnceIn('taken');
    await happen(5);
    startRelay(log);
    await until(() => log.records.length >= 5);
    disarm();
    expect(hasDied()).toBe(true);
    expect(log.records.map(numberOf)).toEqual([0, 1, 2, 3, 4]);
  });

  it('holds no more than one batch while the log is dead, slows nobody, tells how old it is, and goes on by itself', async () => {
    const log = new MemoryLog();
    log.mood = 'refusing';
    startRelay(log);
    await happen(500);
    const seen: number[] = [];
    const follower = new Events({ database: database.app, clock: systemClock, logger });
    follower.consume({
      consumer: 'beside',
      types: [`spec.happened-${round}`],
      handle: (_, { payload }) => Promise.resolve(void seen.push((payload as { n: number }).n)),
    });
    await until(async () => (await follower.runPending(), seen.length === 500));
    await until(() => log.calls > 3);
    expect(log.asked).toBeLessThanOrEqual(200);
    const text = await registry.getSingleMetricAsString('strongroom_event_log_following');
    expect(text).toContain('{stream="domain"} 1');
    await until(async () => {
      const lag = await registry.getSingleMetricAsString('strongroom_event_log_lag_seconds');
      return Number(/ ([\d.]+)$/m.exec(lag.split('\n').at(-1) ?? '')?.[1]) > 0;
    });
    log.mood = 'half';
    const calls = log.calls;
    await until(() => log.calls > calls + 1);
    log.mood = 'sound';
    await until(() => distinct(log.records).size === 500);
    expect(firsts(log.records)).toEqual(expected());
  });

  it('stops at once, though the log never answers, and another takes over at the checkpoint', async () => {
    const silent = new MemoryLog();
    silent.mood = 'silent';
    const relay = startRelay(silent);
    await happen(5);
    await until(() => silent.calls > 0);
    const log = new MemoryLog();
    startRelay(log);
    await sleep(100);
    expect(log.calls).toBe(0);
    await relay.stop();
    await until(() => log.records.length >= 5);
    expect(log.records.map(numberOf)).toEqual([0, 1, 2, 3, 4]);
  });

  it('never moves its checkpoint back, and begins again where another has moved it', async () => {
    const log = new MemoryLog();
    let opened = 0;
    startRelay(log, () => ((opened += 1), log));
    await happen(1);
    await until(() => log.records.length === 1);
    const moved = `UPDATE base.event_log_checkpoint SET minor = minor + $1 WHERE stream = 'domain'`;
    await until(
      async () => (await database.owner.query('SELECT FROM base.event_log_checkpoint WHERE minor > 0')).length > 0,
    );
    expect(await database.app.query(moved, [-1]).catch(sqlState)).toBe('23001');
    await database.owner.query(moved, [0.0 + 1_000_000]);
    await happen(2);
    await until(() => log.records.length >= 5);
    // Sent, found to be overtaken, and sent again from where the checkpoint then was.
    expect(log.records.map(numberOf)).toEqual([0, 1, 2, 1, 2]);
    expect(opened).toBe(2);
  });
});

const inKafka = (): void => {
  let mock: MockKafka;
  let proxy: KafkaProxy;

  beforeAll(async () => {
    [mock, proxy] = await Promise.all([MockKafka.start(3), KafkaProxy.open(3)]);
    proxy.pointAt(mock.brokers);
  });
  afterAll(async () => {
    await proxy.close();
    await mock.kill();
  });

  /** What Kafka has acknowledged: a broker that is killed with all it has cannot be asked any more. */
  class Witness extends KafkaEventLog {
    readonly acknowledged: LogRecord[] = [];
    readonly numbers = new Set<number>();

    override async append(records: readonly LogRecord[]): Promise<void> {
      await super.append(records);
      this.acknowledged.push(...records);
      for (const record of records) this.numbers.add(numberOf(record));
    }
  }
  const openLog = (): Witness => {
    const common = { clientId: 'spec', tls: false, isIdempotent: true, requestTimeoutMs: 300, retries: 1 };
    return new Witness({ ...common, brokers: proxy.brokers }, logger);
  };

  it('goes on when brokers are killed in the middle of it and started again, and so is the relay: nothing is lost, and the order is kept', async () => {
    const logs = [openLog()];
    const acknowledged = (): LogRecord[] => logs.flatMap((log) => log.acknowledged);
    let relay = startRelay(logs[0] as Witness);
    for (let left = ROUNDS; left > 0; left -= 1) {
      // Another one each time, of the events that are about to happen.
      const moment = happened + ((left * 97) % 150);
      let killing: Promise<void> | undefined;
      proxy.fate = () => {
        if (acknowledged().length >= moment) killing ??= mock.kill();
        return 'pass';
      };
      await happen(300);
      await until(() => killing !== undefined);
      await killing;
      const before = acknowledged();
      expect(distinct(before).size).toBeLessThan(happened);
      if (left % 2 === 1) {
        await relay.stop();
        logs.push(openLog());
        relay = startRelay(logs.at(-1) as Witness);
      }
      mock = await MockKafka.start(3);
      proxy.fate = () => 'pass';
      proxy.pointAt(mock.brokers);
      await happen(50);
      await until(() => new Set(logs.flatMap(({ numbers }) => [...numbers])).size === happened);
      // What the dead ones had acknowledged died with them; all the rest is in the new ones.
      const after = await mock.read(topic());
      expect(distinct([...before, ...after]).size).toBe(happened);
      expect(firsts([...before, ...after])).toEqual(expected());
      expect(firsts(after)).toEqual(expected(Math.min(...after.map(numberOf))));
    }
  }, 600_000);

  it('waits out brokers that hang, and loses nothing', async () => {
    const log = openLog();
    startRelay(log);
    await happen(20);
    await until(() => log.acknowledged.length >= 20);
    mock.freeze();
    await happen(20);
    await sleep(400);
    expect(log.acknowledged.length).toBe(20);
    mock.thaw();
    await until(() => distinct(log.acknowledged).size === 40);
    const consumed = (await mock.read(topic())).slice();
    expect([...distinct(consumed)].filter((n) => n < 40).length).toBe(40);
  });
};
if (hasCluster) describe('a relay to Kafka', inKafka);
