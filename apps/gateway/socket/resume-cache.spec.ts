/** What clients resume from, in memory and shared through a real Redis. */
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Secret } from '@base/config';
import { leaveOut, onPath } from '@base/config/testing';
import { createLogger } from '@base/observability';
import { RedisResumeCache } from './redis-resume-cache.js';
import { lastPositionOf, MemoryResumeCache, type PlacedMessage, type ResumeCache } from './resume-cache.js';
import { SharedMessage } from './shared-message.js';

const placed = (position: bigint, sequence = position): PlacedMessage => ({ position, message: new SharedMessage(`,"n":${position}`, sequence) }); // prettier-ignore
const long = (position: bigint, length: number): PlacedMessage => ({ position, message: new SharedMessage('x'.repeat(length), position) }); // prettier-ignore
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
          const cache = new MemoryResumeCache({ messages: 5, topics: 3 });
          cache.begin(10n);
          const all = new Map<string, bigint[]>();
          let sequence = 10n;
          for (const { topic, step } of said) {
            // What is answered is shared by those who ask next, and must not outlive what comes or goes in between.
            const before = positions(cache.after(topic, sequence - BigInt(step)));
            if (before !== undefined) expect(before).toEqual((all.get(topic) ?? []).filter((position) => position > sequence - BigInt(step))); // prettier-ignore
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

  test('those who resume together share what they missed, wherever each of them stopped', () => {
    const cache = new MemoryResumeCache();
    cache.begin(0n);
    say(cache, 'l2 A', [1n, 2n, 3n, 4n]);
    const answered = [2n, 3n, 0n, 2n].map((from) => cache.after('l2 A', from) ?? []);
    expect(answered.map((found) => positions(found))).toEqual([[3n, 4n], [4n], [1n, 2n, 3n, 4n], [3n, 4n]]);
    expect(new Set(answered.map((found) => found.at(-1)?.message)).size).toBe(1);
    say(cache, 'l2 A', [5n]);
    expect(positions(cache.after('l2 A', 3n))).toEqual([4n, 5n]);
  });

  test('the newest messages are always known', () => {
    const cache = new MemoryResumeCache({ messages: 5, topics: 3 });
    cache.begin(0n);
    say(cache, 'l2 A', [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
    expect(positions(cache.after('l2 A', 3n))).toEqual([4n, 5n, 6n, 7n, 8n]);
    expect(cache.after('l2 A', 2n)).toBeUndefined();
    expect(positions(cache.after('l2 B', 0n))).toEqual([]);
  });

  test('all topics together keep no more than the budget; the longest silent makes room, its oldest message first', () => {
    // Two of these fill a block.
    const half = 4_000;
    const block = new MemoryResumeCache();
    block.add('l2 A', long(1n, half));
    const cache = new MemoryResumeCache({ bytes: 3 * block.bytes });
    cache.begin(0n);
    for (const [topic, position] of [['l2 A', 1n], ['l2 A', 2n], ['l2 A', 3n], ['l2 B', 4n]] as const) cache.add(topic, long(position, half)); // prettier-ignore
    expect(cache.bytes).toBe(3 * block.bytes);
    expect(positions(cache.after('l2 A', 0n))).toEqual([1n, 2n, 3n]);
    cache.add('l2 C', long(5n, half));
    expect(cache.bytes).toBe(3 * block.bytes);
    expect([cache.after('l2 A', 1n), positions(cache.after('l2 A', 2n)), positions(cache.after('l2 B', 3n)), positions(cache.after('l2 C', 4n))]).toEqual([undefined, [3n], [4n], [5n]]); // prettier-ignore
    cache.add('l2 C', long(6n, 3 * block.bytes));
    expect(cache.bytes).toBe(0);
    expect([cache.after('l2 C', 5n), positions(cache.after('l2 C', 6n)), positions(cache.after('l2 D', 6n))]).toEqual([undefined, [], []]); // prettier-ignore
  });

  test('what is kept is what was said, byte for byte, of whatever length', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 12 }), fc.nat(11), (lengths, from) => {
        const cache = new MemoryResumeCache({ messages: 8 });
        cache.begin(0n);
        const said = lengths.map((length, k) => long(BigInt(k + 1), length));
        for (const one of said) cache.add('l2 A', one);
        const found = cache.after('l2 A', BigInt(from));
        const due = said.slice(from);
        if (from < said.length - 8) expect(found).toBeUndefined();
        else expect(found?.map(({ message }) => [message.sequence, String(message.bytes(false))])).toEqual(due.map(({ message }) => [message.sequence, String(message.bytes(false))])); // prettier-ignore
      }),
    );
  });

  test('of an account’s reports less is kept than of what is public', () => {
    const cache = new MemoryResumeCache({ messages: 5, reports: 2 });
    cache.begin(0n);
    for (const k of [1n, 2n, 3n]) cache.add('trading 17', placed(k * 131_072n, k));
    expect(cache.after('trading 17', 131_071n)).toBeUndefined();
    expect(positions(cache.after('trading 17', 131_072n))).toEqual([262_144n, 393_216n]);
  });

  test('what is kept is no object that the garbage collector would have to carry along', () => {
    const cache = new MemoryResumeCache({ messages: 100 });
    cache.begin(0n);
    const kept: WeakRef<PlacedMessage>[] = [];
    const add = (position: bigint): void => {
      const one = placed(position);
      kept.push(new WeakRef(one));
      cache.add('l2 A', one);
    };
    for (let k = 1n; k <= 150n; k += 1n) add(k);
    expect(positions(cache.after('l2 A', 50n))).toHaveLength(100);
    expect(cache.after('l2 A', 49n)).toBeUndefined();
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      setFlagsFromString('--expose-gc');
      (runInNewContext('gc') as () => void)();
      expect(kept.filter((one) => one.deref() !== undefined)).toHaveLength(0);
    });
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

  const logger = createLogger('resume-spec', 'silent');
  const open = (begun: bigint, messages = 5, topics = 3): RedisResumeCache => {
    const cache = new RedisResumeCache({ url: new Secret(url), logger, limits: { messages, topics } }); // prettier-ignore
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

  test('what was said last is shared when it is closed, also while a share is under way; none comes after that', async () => {
    const warn = jest.spyOn(logger, 'warn');
    const first = open(0n);
    say(first, 'l2 A', [1n, 2n]);
    await wait(25);
    say(first, 'l2 A', [3n]);
    await first.close();
    say(first, 'l2 A', [4n]);
    await wait(40);
    expect(await inspector.hget('strongroom:venue:covered', 'top')).toBe('3');
    expect(positions(await open(3n).after('l2 A', 0n))).toEqual([1n, 2n, 3n]);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
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
