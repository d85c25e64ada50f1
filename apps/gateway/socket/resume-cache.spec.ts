/** What clients resume from, in memory and shared through a real Redis. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Secret } from '@base/config';
import { leaveOut, onPath } from '@base/config/testing';
import { createLogger } from '@base/observability';
import { RedisResumeCache } from './redis-resume-cache.js';
import { lastPositionOf, MemoryResumeCache, type PlacedMessage, type ResumeCache } from './resume-cache.js';
import { SharedMessage } from './shared-message.js';

const placed = (position: bigint, sequence = position): PlacedMessage => ({ position, message: new SharedMessage(`,"n":${position}`, sequence) }); // prettier-ignore
const say = (cache: ResumeCache, topic: string, sequences: readonly bigint[]): void => {
  for (const sequence of sequences) cache.add(topic, placed(sequence));
  cache.reached(sequences.at(-1) ?? 0n);
};
const positions = (found: readonly PlacedMessage[] | undefined): bigint[] | undefined => found?.map(({ position }) => position); // prettier-ignore

describe('in memory', () => {
  test('a position is answered with all that came after it, or not at all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ topic: fc.constantFrom('l2 A', 'l2 B', 'l2 C', 'l2 D'), step: fc.integer({ min: 1, max: 4 }) }), { maxLength: 60 }), // prettier-ignore
        fc.integer({ min: 0, max: 120 }),
        (said, from) => {
          const cache = new MemoryResumeCache(5, 3);
          cache.begin(10n);
          const all = new Map<string, bigint[]>();
          let sequence = 10n;
          for (const { topic, step } of said) {
            sequence += BigInt(step);
            cache.add(topic, placed(sequence));
            all.set(topic, [...(all.get(topic) ?? []), sequence]);
          }
          for (const topic of ['l2 A', 'l2 B', 'l2 C', 'l2 D']) {
            const found = positions(cache.after(topic, BigInt(from)));
            if (found === undefined) continue;
            expect(from).toBeGreaterThanOrEqual(10);
            expect(found).toEqual((all.get(topic) ?? []).filter((position) => position > BigInt(from)));
          }
        },
      ),
    );
  });

  test('the newest messages are always known', () => {
    const cache = new MemoryResumeCache(5, 3);
    cache.begin(0n);
    say(cache, 'l2 A', [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(positions(cache.after('l2 A', 3n))).toEqual([4n, 5n, 6n, 7n, 8n]);
    expect(cache.after('l2 A', 2n)).toBeUndefined();
    expect(positions(cache.after('l2 B', 0n))).toEqual([]);
  });

  test('positions of trades and reports are beyond their command’s last event', () => {
    expect([lastPositionOf('l2 A', 7n), lastPositionOf('trades A', 7n), lastPositionOf('trading 17', 7n)]).toEqual([7n, 8n * 65_536n - 1n, 16n * 65_536n - 1n]); // prettier-ignore
  });
});

const withRedis = onPath('redis-server');
if (!withRedis) leaveOut('redis', 'resuming through a shared cache was not tried: no redis-server on the PATH');
const sharedThroughRedis = (): void => {
  let server: ChildProcess;
  let url: string;
  let inspector: Redis;
  const caches: RedisResumeCache[] = [];

  beforeAll(async () => {
    const port = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const found = (probe.address() as AddressInfo).port;
        probe.close(() => resolve(found));
      });
    });
    url = `redis://127.0.0.1:${port}`;
    server = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' }); // prettier-ignore
    inspector = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    inspector.on('error', () => undefined);
    await inspector.ping();
  });

  afterEach(async () => {
    await Promise.all(caches.splice(0).map((cache) => cache.close()));
    if (inspector.status === 'ready') await inspector.flushall();
  });

  afterAll(() => {
    inspector.disconnect();
    server.kill('SIGKILL');
  });

  const open = (begun: bigint, messages = 5, topics = 3): RedisResumeCache => {
    const cache = new RedisResumeCache({ url: new Secret(url), logger: createLogger('resume-spec', 'silent'), messages, topics }); // prettier-ignore
    cache.begin(begun);
    caches.push(cache);
    return cache;
  };

  const sharedUpTo = async (top: bigint): Promise<void> => {
    for (let k = 0; k < 500 && (await inspector.hget('strongroom:venue:covered', 'top')) !== String(top); k += 1) await wait(10); // prettier-ignore
  };

  test('what one gateway said, another that began later gives to the client; what both said is there once', async () => {
    const first = open(0n);
    say(first, 'l2 A', [1n, 2n, 3n]);
    await sharedUpTo(3n);
    const second = open(3n);
    for (const cache of [first, second]) say(cache, 'l2 A', [4n, 5n]);
    await sharedUpTo(5n);
    expect(positions(await second.after('l2 A', 1n))).toEqual([2n, 3n, 4n, 5n]);
    expect(await inspector.zcard('strongroom:venue:topic l2 A')).toBe(5);
    const [message] = (await second.after('l2 A', 2n)) ?? [];
    expect(message?.message.bytes(true).toString()).toBe(',"n":3,"venueSequence":3}');
  });

  test('after a time in which nobody listened to the venue nothing before it is answered', async () => {
    const first = open(0n);
    say(first, 'l2 A', [1n, 2n]);
    await sharedUpTo(2n);
    const second = open(4n);
    expect(await second.after('l2 A', 1n)).toBeUndefined();
    say(second, 'l2 A', [5n]);
    await sharedUpTo(5n);
    const third = open(5n);
    expect(await third.after('l2 A', 3n)).toBeUndefined();
    expect(positions(await third.after('l2 A', 4n))).toEqual([5n]);
  });

  test('what made room is not answered as if it had never been', async () => {
    const first = open(0n);
    say(first, 'l2 A', [1n, 2n, 3n, 4n, 5n, 6n, 7n]);
    for (const [at, topic] of ['l2 B', 'l2 C', 'l2 D'].entries()) say(first, topic, [8n + BigInt(at)]);
    await sharedUpTo(10n);
    const later = open(10n);
    expect(await later.after('l2 A', 1n)).toBeUndefined();
    expect(await later.after('l2 A', 6n)).toBeUndefined();
    expect(positions(await later.after('l2 A', 7n))).toEqual([]);
    expect(positions(await later.after('l2 B', 7n))).toEqual([8n]);
  });

  test('without Redis a gateway goes on from memory alone', async () => {
    const cache = open(0n);
    say(cache, 'l2 A', [1n, 2n]);
    await sharedUpTo(2n);
    server.kill('SIGKILL');
    await wait(50);
    say(cache, 'l2 A', [3n]);
    expect(positions(await cache.after('l2 A', 1n))).toEqual([2n, 3n]);
    await expect(Promise.resolve(open(3n).after('l2 A', 1n))).rejects.toThrow();
  });
};

if (withRedis) describe('shared through Redis', sharedThroughRedis);
