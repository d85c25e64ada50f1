import { Redis } from 'ioredis';
import { type Secret } from '@base/config';
import { type Logger } from '@base/observability';
import { lastPositionOf, MemoryResumeCache, messagesOf, type PlacedMessage, RESUME_LIMITS, type ResumeCache, type ResumeLimits } from './resume-cache.js'; // prettier-ignore
import { SharedMessage } from './shared-message.js';

export interface RedisResumeCacheParts {
  readonly url: Secret;
  readonly logger: Logger;
  /** Of one venue: what another wrote must not be met. */
  readonly prefix?: string;
  readonly limits?: ResumeLimits;
}

interface Entry {
  readonly topic: string;
  readonly placed: PlacedMessage;
}

/** What is said waits so long before it is shared, so that a round trip carries what many commands brought. */
const SHARE_MS = 20;
/** More than this unshared, and what could not be shared is given up: there is a hole then, and the cache says so. */
const MOST_UNSHARED_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 1_000;

/**
 * Adds what a gateway said about commands (from, to]. All gateways say the same about a command, so a message is a member of its topic's set once, however many
 * bring it. `floor` and `top` are the commands that all is known about: who begins beyond `top` leaves a hole, and what was before it counts no more.
 * What makes room raises the floor of its topic, or of all when it is a whole topic, the one that has been silent longest.
 */
const SHARE = `
local prefix, from, to = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local covered, topics, floors = prefix .. 'covered', prefix .. 'topics', prefix .. 'floors'
local top = tonumber(redis.call('HGET', covered, 'top') or '-1')
if from > top then redis.call('HSET', covered, 'floor', ARGV[2]) end
if to > top then redis.call('HSET', covered, 'top', ARGV[3]) end
for i = 5, #ARGV, 5 do
  local topic, position, sequence = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local key = prefix .. 'topic ' .. topic
  redis.call('ZADD', key, position, position .. ' ' .. sequence .. ' ' .. ARGV[i + 4])
  redis.call('ZADD', topics, sequence, topic)
  local over = redis.call('ZCARD', key) - tonumber(ARGV[i + 3])
  if over > 0 then
    local gone = redis.call('ZPOPMIN', key, over)
    redis.call('HSET', floors, topic, string.match(gone[#gone - 1], '^%d+'))
  end
end
local over = redis.call('ZCARD', topics) - tonumber(ARGV[4])
if over > 0 then
  local gone = redis.call('ZPOPMIN', topics, over)
  for i = 1, #gone, 2 do
    redis.call('DEL', prefix .. 'topic ' .. gone[i])
    redis.call('HDEL', floors, gone[i])
    if tonumber(gone[i + 1]) > tonumber(redis.call('HGET', covered, 'floor')) then redis.call('HSET', covered, 'floor', gone[i + 1]) end
  end
end
return 1`;

/** All of a topic after a position, with how far back and how far on the set can be relied on. */
const READ = `
local prefix, topic = ARGV[1], ARGV[2]
local known = redis.call('HMGET', prefix .. 'covered', 'floor', 'top')
return { known[1], known[2], redis.call('HGET', prefix .. 'floors', topic), redis.call('ZRANGEBYSCORE', prefix .. 'topic ' .. topic, '(' .. ARGV[3], '+inf') }`;

type ReadAnswer = [floor: string | null, top: string | null, topicFloor: string | null, members: string[]];

/**
 * Memory first; what this process has not heard itself, other gateways or an earlier process of this one may have said: that comes from Redis, which is never
 * waited for by anybody but a client that resumes. Without Redis, or with a hole in it, a client gets a snapshot.
 */
export class RedisResumeCache implements ResumeCache {
  readonly #memory: MemoryResumeCache;
  readonly #limits: Required<ResumeLimits>;
  readonly #redis: Redis;
  readonly #prefix: string;
  #unshared: Entry[] = [];
  #unsharedBytes = 0;
  #sharedTo = 0n;
  /** How often something was given up: what is under way then no longer says how far all is shared. */
  #holes = 0;
  #reached = 0n;
  #timer: NodeJS.Timeout | undefined;
  #sharing: Promise<void> = Promise.resolve();
  #isFailing = false;
  #isClosing = false;

  constructor(private readonly parts: RedisResumeCacheParts) {
    this.#limits = { ...RESUME_LIMITS, ...parts.limits };
    this.#memory = new MemoryResumeCache(this.#limits);
    this.#prefix = `${parts.prefix ?? 'strongroom:venue'}:`;
    const options = { maxRetriesPerRequest: 1, commandTimeout: TIMEOUT_MS, enableOfflineQueue: true };
    this.#redis = new Redis(parts.url.reveal(), options);
    this.#redis.on('error', (error) => this.#failed(error));
  }

  begin(sequence: bigint): void {
    this.#memory.begin(sequence);
    this.#reached = sequence;
    this.#giveUp(sequence);
  }

  add(topic: string, placed: PlacedMessage): void {
    this.#memory.add(topic, placed);
    this.#unshared.push({ topic, placed });
    this.#unsharedBytes += placed.message.keptBytes;
    if (this.#unsharedBytes > MOST_UNSHARED_BYTES) this.#giveUp(placed.message.sequence);
  }

  reached(sequence: bigint): void {
    this.#reached = sequence;
    if (!this.#isClosing) this.#timer ??= setTimeout(() => void (this.#sharing = this.#share()), SHARE_MS);
  }

  after(topic: string, from: bigint): readonly PlacedMessage[] | Promise<readonly PlacedMessage[] | undefined> {
    return this.#memory.after(topic, from) ?? this.#read(topic, from);
  }

  /** What was said last is shared, if Redis takes it: once what is under way has ended, since that may leave something to share. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    await this.#sharing;
    if (this.#reached > this.#sharedTo && !this.#isFailing) await this.#share();
    this.#redis.disconnect();
    await this.#memory.close();
  }

  async #share(): Promise<void> {
    const [from, to, holes] = [this.#sharedTo, this.#reached, this.#holes];
    const [entries, bytes] = [this.#unshared, this.#unsharedBytes];
    this.#unshared = [];
    const limits = this.#limits;
    const told = entries.flatMap(({ topic, placed: { position, message } }) => [topic, String(position), String(message.sequence), messagesOf(topic, limits), message.body]); // prettier-ignore
    try {
      await this.#redis.eval(SHARE, 0, this.#prefix, String(from), String(to), limits.topics, ...told);
      this.#isFailing = false;
      if (this.#holes === holes) {
        this.#sharedTo = to;
        this.#unsharedBytes -= bytes;
      }
    } catch (error) {
      this.#failed(error);
      if (this.#holes === holes) this.#unshared = [...entries, ...this.#unshared];
    }
    this.#timer = undefined;
    if (this.#reached > to && !this.#isFailing) this.reached(this.#reached);
  }

  /** Commands up to this one are not shared any more: who looks there finds the hole. */
  #giveUp(sequence: bigint): void {
    this.#unshared = [];
    this.#unsharedBytes = 0;
    this.#sharedTo = sequence;
    this.#holes += 1;
  }

  async #read(topic: string, from: bigint): Promise<readonly PlacedMessage[] | undefined> {
    const answer = (await this.#redis.eval(READ, 0, this.#prefix, topic, String(from))) as ReadAnswer;
    const [floor, top, topicFloor, members] = answer;
    if (floor === null || top === null) return undefined;
    const here = this.#memory.reachesBackTo(topic);
    const isKnown = lastPositionOf(topic, BigInt(floor)) <= from && BigInt(topicFloor ?? 0) <= from;
    if (!isKnown || lastPositionOf(topic, BigInt(top)) < here) return undefined;
    const later = this.#memory.after(topic, from > here ? from : here);
    if (later === undefined) return undefined;
    return [...members.map(placedOf).filter(({ position }) => position <= here), ...later];
  }

  /** Once for each time that it stops working. */
  #failed(error: unknown): void {
    if (!this.#isFailing)
      this.parts.logger.warn({ err: error }, 'what clients resume from is not shared: Redis failed');
    this.#isFailing = true;
  }
}

function placedOf(member: string): PlacedMessage {
  const first = member.indexOf(' ');
  const second = member.indexOf(' ', first + 1);
  const message = new SharedMessage(member.slice(second + 1), BigInt(member.slice(first + 1, second)));
  return { position: BigInt(member.slice(0, first)), message };
}
