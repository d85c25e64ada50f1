import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { leaveOut, onPath } from '@base/config/testing';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createLogger } from '@base/observability';
import { type ClaimedJob, ClaimLost, createWorkQueue, Jobs, Outbox, type WorkQueue } from './index.js';

const logger = createLogger('spec', 'silent');

let database: TestDatabase;
interface RedisServer {
  readonly url: string;
  readonly client: Redis;
  wipe(): Promise<void>;
  /** Only for a server that we started: a given one is not ours to kill. */
  restart?: (() => Promise<void>) | undefined;
  kill?: (() => void) | undefined;
  stop(): void;
}

let redis: RedisServer | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.owner.query('CREATE TABLE effect (job text NOT NULL, at timestamptz DEFAULT clock_timestamp())');
  await database.owner.query('GRANT SELECT, INSERT ON effect TO strongroom_app');
});

afterAll(async () => {
  redis?.stop();
  await database.drop();
});

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.end());
  });

async function startRedis(): Promise<RedisServer> {
  const given = process.env['REDIS_URL'];
  if (given) {
    const client = new Redis(given);
    return { url: given, client, wipe: async () => void (await client.flushall()), stop: () => client.disconnect() };
  }
  const port = await freePort();
  let server: ChildProcess | undefined;
  const launch = async (): Promise<void> => {
    const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    server = spawn('redis-server', options, { stdio: 'ignore' });
    while (!(await reachable(port))) await sleep(20);
  };
  await launch();
  const client = new Redis(`redis://127.0.0.1:${port}`);
  client.on('error', () => undefined);
  return {
    url: `redis://127.0.0.1:${port}`,
    client,
    wipe: async () => void (await client.flushall()),
    restart: launch,
    kill: () => void server?.kill('SIGKILL'),
    stop: () => {
      client.disconnect();
      server?.kill('SIGKILL');
    },
  };
}

const BACKENDS = ['postgres', 'redis'] as const;
const withRedis = process.env['REDIS_URL'] !== undefined || onPath('redis-server');
if (!withRedis)
  leaveOut('redis', 'the work queue was not tried on Redis: no REDIS_URL and no redis-server on the PATH');

describe.each(BACKENDS.filter((backend) => backend === 'postgres' || withRedis))('jobs on %s', (backend) => {
  const running: Jobs[] = [];
  const outbox = (): Outbox => new Outbox(database.app, systemClock);

  const openQueue = async (prefix: string): Promise<WorkQueue> => {
    if (backend === 'redis') redis ??= await startRedis();
    return createWorkQueue({ databaseUrl: database.appUrl, redisUrl: redis && backend === 'redis' ? new Secret(redis.url) : undefined, logger, prefix }); // prettier-ignore
  };

  const start = async (register: (jobs: Jobs) => void, prefix: string): Promise<Jobs> => {
    const jobs = new Jobs({ database: database.app, clock: systemClock, logger });
    register(jobs);
    jobs.start(await openQueue(prefix));
    running.push(jobs);
    return jobs;
  };

  afterEach(async () => {
    await Promise.all(running.splice(0).map((jobs) => jobs.stop()));
  });

  const enqueue = (kind: string, count: number): Promise<string[]> =>
    database.app.transaction(async (tx) => {
      const ids: string[] = [];
      for (let n = 0; n < count; n += 1) ids.push(await outbox().enqueue(tx, { kind, payload: { n } }));
      return ids;
    });

  const wipe = async (): Promise<void> => {
    if (backend === 'redis') return redis?.wipe();
    await database.owner.query('TRUNCATE bullmq.job CASCADE');
  };

  const until = async (condition: () => Promise<boolean>, seconds = 120): Promise<void> => {
    for (const deadline = Date.now() + seconds * 1000; !(await condition());) {
      if (Date.now() > deadline) throw new Error('it did not happen in time');
      await sleep(25);
    }
  };

  const counts = async (kind: string): Promise<{ done: number; effects: number; distinct: number }> => {
    const row = await database.owner.one<{ done: bigint; effects: bigint; distinct: bigint }>(
      `SELECT (SELECT count(*) FROM base.outbox WHERE kind = $1 AND done_at IS NOT NULL) AS done,
              (SELECT count(*) FROM effect WHERE job LIKE $1 || '%') AS effects,
              (SELECT count(DISTINCT job) FROM effect WHERE job LIKE $1 || '%') AS distinct`,
      [kind],
    );
    return { done: Number(row.done), effects: Number(row.effects), distinct: Number(row.distinct) };
  };

  const effectful = (kind: string) => ({
    kind,
    schema: z.object({ n: z.number() }),
    handle: async (tx: { query: (sql: string, values: unknown[]) => Promise<object[]> }, { n }: { n: number }) => {
      await tx.query('INSERT INTO effect (job) VALUES ($1)', [`${kind}-${n}`]);
    },
  });

  it('C1: every job takes effect once, although several workers race and tickets are doubled', async () => {
    const kind = `once-${backend}`;
    const ids = await enqueue(kind, 200);
    const prefix = randomUUID();
    await start((jobs) => jobs.register(effectful(kind)), prefix);
    await start((jobs) => jobs.register(effectful(kind)), prefix);
    const extra = await openQueue(prefix);
    await extra.add(ids.map((id) => ({ id, dispatch: 99 })));
    await until(async () => (await counts(kind)).done === 200);
    await extra.close();
    expect(await counts(kind)).toEqual({ done: 200, effects: 200, distinct: 200 });
  });

  it('C2: a wiped queue costs time, not jobs', async () => {
    const kind = `wiped-${backend}`;
    const prefix = randomUUID();
    await openQueue(prefix).then((queue) => queue.close());
    await enqueue(kind, 50);
    // Handed over to a queue that forgets everything before any worker looks.
    await database.owner.query(
      `UPDATE base.outbox SET dispatched_at = clock_timestamp() - interval '9 s', dispatches = 1 WHERE kind = $1`,
      [kind],
    );
    await wipe();
    await start((jobs) => jobs.register(effectful(kind)), prefix);
    await until(async () => (await counts(kind)).done === 50);
    expect(await counts(kind)).toEqual({ done: 50, effects: 50, distinct: 50 });
  });

  if (backend === 'redis') {
    it('C3: with Redis dead, commands go on and their jobs run when it is back', async () => {
      const kind = 'redis-down';
      const prefix = randomUUID();
      await start((jobs) => jobs.register(effectful(kind)), prefix);
      await enqueue(kind, 5);
      await until(async () => (await counts(kind)).done === 5);
      redis?.kill?.();
      await enqueue(kind, 5);
      await sleep(800);
      if (redis?.restart) expect((await counts(kind)).done).toBe(5);
      await redis?.restart?.();
      await until(async () => (await counts(kind)).done === 10);
      expect((await counts(kind)).effects).toBe(10);
    });

    it('C6: with Redis at its memory limit, handing over fails cleanly and the outbox keeps the rows', async () => {
      const kind = 'redis-full';
      await openQueue(randomUUID()).then((queue) => queue.close());
      const client = redis?.client;
      await client?.config('SET', 'maxmemory-policy', 'noeviction');
      await client?.config('SET', 'maxmemory', '1mb');
      await start((jobs) => jobs.register(effectful(kind)), randomUUID());
      await enqueue(kind, 20);
      await sleep(800);
      expect(await counts(kind)).toEqual({ done: 0, effects: 0, distinct: 0 });
      await client?.config('SET', 'maxmemory', '0');
      await until(async () => (await counts(kind)).done === 20);
      expect(await counts(kind)).toEqual({ done: 20, effects: 20, distinct: 20 });
    });
  }

  it('C5: a poison job backs off and dies after its last try; the others go on', async () => {
    const kind = `poison-${backend}`;
    await enqueue(kind, 1);
    await enqueue(`${kind}-sound`, 20);
    await start((jobs) => {
      jobs.register({ ...effectful(kind), maxAttempts: 2, handle: () => Promise.reject(new Error('poison')) });
      jobs.register(effectful(`${kind}-sound`));
    }, randomUUID());
    await until(async () => (await counts(`${kind}-sound`)).done === 20);
    const dead = 'SELECT attempts, last_error FROM base.outbox WHERE kind = $1 AND dead_at IS NOT NULL';
    await until(async () => (await database.owner.query(dead, [kind])).length === 1);
    expect(await database.owner.one(dead, [kind])).toEqual({ attempts: 2, last_error: 'Error: poison' });
  });

  it('C4: a worker that was taken for dead cannot finish what another one took over', async () => {
    const kind = `fenced-${backend}`;
    const [id] = await enqueue(kind, 1);
    const claims: ClaimedJob[] = [];
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (release = resolve));
    const jobs = new Jobs({ database: database.app, clock: systemClock, logger });
    jobs.registerOutside({
      kind,
      schema: z.object({ n: z.number() }),
      handle: async (_, job) => {
        claims.push(job);
        if (claims.length === 1) await blocked;
      },
    });
    const first = jobs.runPending();
    await until(() => Promise.resolve(claims.length === 1));
    await database.owner.query(
      `UPDATE base.outbox SET claimed_until = clock_timestamp() - interval '1 s' WHERE id = $1`,
      [id],
    );
    await jobs.runPending();
    release();
    await first;
    expect(claims.map((claim) => claim.fence)).toEqual([1n, 2n]);
    const late = database.app.transaction((tx) => claims[0]?.assertMine(tx) ?? Promise.resolve());
    await expect(late).rejects.toBeInstanceOf(ClaimLost);
  });

  it('runs nothing before its time', async () => {
    const kind = `later-${backend}`;
    await database.app.transaction((tx) =>
      outbox().enqueue(tx, { kind, payload: { n: 1 }, runAt: new Date(Date.now() + 600) }),
    );
    await start((jobs) => jobs.register(effectful(kind)), randomUUID());
    await sleep(300);
    expect((await counts(kind)).done).toBe(0);
    await until(async () => (await counts(kind)).done === 1);
  });
});

describe('a schedule', () => {
  it('runs in one process at a time and passes on when its holder stops', async () => {
    const ran: string[] = [];
    const make = (name: string): Jobs => {
      const jobs = new Jobs({ database: database.app, clock: systemClock, logger });
      jobs.every({ kind: 'tick', everyMs: 20, run: () => Promise.resolve(void ran.push(name)) });
      return jobs;
    };
    const idle: WorkQueue = { add: () => Promise.resolve(), work: () => undefined, close: () => Promise.resolve() };
    const [first, second] = [make('first'), make('second')];
    first.start(idle);
    await sleep(150);
    second.start(idle);
    await sleep(150);
    expect(new Set(ran)).toEqual(new Set(['first']));
    await first.stop();
    await sleep(200);
    expect(ran.at(-1)).toBe('second');
    await second.stop();
  });

  it('that is rare is not kept from the others by a holder that dies: the next one runs it within the lease', async () => {
    const ran: string[] = [];
    const idle: WorkQueue = { add: () => Promise.resolve(), work: () => undefined, close: () => Promise.resolve() };
    const make = (name: string, everyMs: number): Jobs => {
      const jobs = new Jobs({ database: database.app, clock: systemClock, logger });
      jobs.every({ kind: 'rare', everyMs, run: () => Promise.resolve(void ran.push(name)) });
      return jobs;
    };
    const dying = make('dying', 3_600_000);
    dying.start(idle);
    await sleep(200);
    // As SIGKILL leaves it, one hour on but for the lease: due, and its holder's lease as long as it ever is after a run.
    await database.owner.query(
      `UPDATE base.schedule SET next_at = '-infinity', holder = gen_random_uuid() WHERE kind = 'rare'`,
    );
    const { seconds } = await database.owner.one<{ seconds: number }>(
      `SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 AS seconds FROM base.schedule WHERE kind = 'rare'`,
    );
    expect(seconds).toBeLessThanOrEqual(10);
    await database.owner.query(
      `UPDATE base.schedule SET lease_until = lease_until - interval '10 s' WHERE kind = 'rare'`,
    );
    const heir = make('heir', 3_600_000);
    heir.start(idle);
    await sleep(300);
    expect(ran).toEqual(['dying', 'heir']);
    await Promise.all([dying.stop(), heir.stop()]);
  });

  it('runs no sooner than its interval says, in whatever process', async () => {
    const at: number[] = [];
    const idle: WorkQueue = { add: () => Promise.resolve(), work: () => undefined, close: () => Promise.resolve() };
    const workers = [1, 2].map(() => {
      const jobs = new Jobs({ database: database.app, clock: systemClock, logger });
      jobs.every({ kind: 'paced', everyMs: 300, run: () => Promise.resolve(void at.push(performance.now())) });
      jobs.start(idle);
      return jobs;
    });
    await sleep(1_500);
    await Promise.all(workers.map((jobs) => jobs.stop()));
    expect(at.length).toBeGreaterThan(1);
    expect(at.slice(1).every((time, n) => time - (at[n] ?? 0) >= 295)).toBe(true);
  });
});
