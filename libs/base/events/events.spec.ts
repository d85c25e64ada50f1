import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { sqlState } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createLogger } from '@base/observability';
import { Events } from './index.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.owner.query(
    'CREATE TABLE seen (consumer text, n int); GRANT SELECT, INSERT ON seen TO strongroom_app',
  );
});

afterAll(() => database.drop());

const events = (): Events =>
  new Events({ database: database.app, clock: systemClock, logger: createLogger('spec', 'silent') });

const happen = (n: number, type: string): Promise<void> =>
  database.app.transaction((tx) =>
    events().append(tx, { type, aggregate: 'thing', aggregateId: String(n), payload: { n } }),
  );

const note = (consumer: string, types: string[], refuse?: number) => ({
  consumer,
  types,
  handle: async (tx: { query: (sql: string, values: unknown[]) => Promise<object[]> }, event: { payload: unknown }) => {
    const { n } = event.payload as { n: number };
    await tx.query('INSERT INTO seen VALUES ($1, $2)', [consumer, n]);
    if (n === refuse) throw new Error('poison');
  },
});

const seen = async (consumer: string): Promise<number[]> =>
  (await database.owner.query<{ n: number }>('SELECT n FROM seen WHERE consumer = $1', [consumer])).map((row) => row.n);

/** Events are final once every transaction of the cluster that began before them has ended; other specs have some, too. */
const until = async (condition: () => Promise<boolean>): Promise<void> => {
  for (const deadline = Date.now() + 30_000; !(await condition()); await sleep(25)) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
  }
};

describe('the event log', () => {
  it('gives each event once and in order to each consumer, however many processes follow', async () => {
    const followers = [events(), events(), events()];
    for (const follower of followers) follower.consume(note('racing', ['race']));
    for (const follower of followers) follower.start();
    for (let n = 0; n < 60; n += 1) await happen(n, 'race');
    await until(async () => (await seen('racing')).length >= 60);
    await Promise.all(followers.map((follower) => follower.stop()));
    expect(await seen('racing')).toEqual(Array.from({ length: 60 }, (_, n) => n));
  });

  it('does not skip an event whose transaction commits late', async () => {
    const follower = events();
    follower.consume(note('patient', ['late']));
    await database.app.transaction(async (tx) => {
      await events().append(tx, { type: 'late', aggregate: 'thing', aggregateId: '1', payload: { n: 1 } });
      await happen(2, 'late');
      await follower.runPending();
      expect(await seen('patient')).toEqual([]);
    });
    await until(async () => (await follower.runPending(), (await seen('patient')).length === 2));
    expect(await seen('patient')).toEqual([1, 2]);
  });

  it('C5: an event that always fails is parked after eight tries and the consumer goes on', async () => {
    const follower = events();
    follower.consume(note('careful', ['mixed'], 2));
    for (const n of [1, 2, 3]) await happen(n, 'mixed');
    await until(async () => {
      await database.owner.query('UPDATE base.event_consumer SET retry_at = NULL');
      await follower.runPending();
      return (await seen('careful')).includes(3);
    });
    expect(await seen('careful')).toEqual([1, 3]);
    expect(await database.owner.one(`SELECT consumer, error FROM base.event_parked`)).toEqual({
      consumer: 'careful',
      error: 'Error: poison',
    });
  });

  it('B8: an event is never changed, by anybody', async () => {
    for (const [who, expected] of [
      [database.app, '42501'],
      [database.owner, '23001'],
    ] as const) {
      expect(await who.query(`UPDATE base.event SET type = 'other'`).catch(sqlState)).toBe(expected);
      expect(await who.query('DELETE FROM base.event').catch(sqlState)).toBe(expected);
    }
  });
});
