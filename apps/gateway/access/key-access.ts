import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { counter, gauge, type Logger } from '@base/observability';
import { type ApiKeyStandings, type KeyStanding, mayComeFrom, secretFits, secretHash } from '@platform/identity';
import { allotAccount } from '@products/venue';
import { type Access, type Trader } from './access.js';

export interface KeyAccessParts {
  readonly standings: ApiKeyStandings;
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KeyAccessSettings {
  /** A standing older than this decides nothing, unless the database does not answer. */
  readonly freshMs?: number;
  /** Keys in use are looked at this often, so that the next request finds a fresh standing. */
  readonly lookMs?: number;
  /** While the database is away nobody can revoke anything in it; for so long the last standing holds. */
  readonly graceMs?: number;
  /** A key nobody has used for so long is forgotten. */
  readonly idleMs?: number;
}

interface KnownKey {
  standing: KeyStanding;
  readonly hash: string;
  readonly account: number;
  trader: Trader;
  /** By the process's own steady clock, milliseconds. */
  lookedAt: number;
  usedAt: number;
  readonly listeners: Set<(now: Trader | undefined) => void>;
}

const DEFAULTS = { freshMs: 1_000, lookMs: 400, graceMs: 60_000, idleMs: 60_000 };
/** Wrong secrets that are remembered as wrong, so that repeating one costs the database nothing. */
const MOST_UNKNOWN = 10_000;
const MOST_SECRET = 200;
const USE_NOTED_EVERY = 100;

const known = gauge({ name: 'strongroom_gateway_keys', help: 'API keys in use' });
const stale = counter({
  name: 'strongroom_gateway_stale_access_total',
  help: 'Requests admitted by a standing that the database could not confirm',
});

/**
 * Access by API keys, kept in memory. Standings are read again while their keys are in use, so a busy key costs no query of its own, and what
 * its owner or an operator takes away is gone here within a second.
 */
export class KeyAccess implements Access {
  readonly #settings: typeof DEFAULTS;
  readonly #byHash = new Map<string, KnownKey>();
  readonly #byId = new Map<string, KnownKey>();
  readonly #reading = new Map<string, Promise<KnownKey | undefined>>();
  readonly #unknown = new Map<string, number>();
  readonly #accounts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #looks = 0;
  #isStopped = false;

  constructor(
    private readonly parts: KeyAccessParts,
    settings: KeyAccessSettings = {},
  ) {
    this.#settings = { ...DEFAULTS, ...settings };
  }

  start(): void {
    const { lookMs } = this.#settings;
    this.#timer = setTimeout(() => void this.#look(), lookMs).unref();
    // By a timer of its own: a look may wait for a database that says nothing.
    this.#sweeper ??= setInterval(() => this.#forgetLapsed(), lookMs).unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#sweeper);
  }

  async byToken(token: string, address: string): Promise<Trader | undefined> {
    if (token.length > MOST_SECRET) return undefined;
    const hash = secretHash(token).toString('base64');
    const kept = this.#byHash.get(hash);
    if (kept !== undefined && this.#isFresh(kept)) return this.#admit(kept, address);
    const wrongUntil = this.#unknown.get(hash);
    if (wrongUntil !== undefined && performance.now() < wrongUntil) return undefined;
    const found = await this.#read(hash, () => this.parts.standings.bySecret(token));
    if (found === undefined) this.#noteUnknown(hash);
    return found && this.#admit(found, address);
  }

  byKey(keyId: string, secret: string, address: string): Promise<Trader | undefined> {
    if (secret.length > MOST_SECRET) return Promise.resolve(undefined);
    return this.#byProof(keyId, (standing) => secretFits(standing, secret), address);
  }

  byProof(keyId: string, isProven: (secretHash: Buffer) => boolean, address: string): Promise<Trader | undefined> {
    return this.#byProof(keyId, (standing) => isProven(standing.secretHash), address);
  }

  async #byProof(
    keyId: string,
    isProven: (standing: KeyStanding) => boolean,
    address: string,
  ): Promise<Trader | undefined> {
    const kept = this.#byId.get(keyId);
    const found =
      kept !== undefined && this.#isFresh(kept)
        ? kept
        : await this.#read(keyId, async () => (await this.parts.standings.byIds([keyId]))[0]);
    return found !== undefined && isProven(found.standing) ? this.#admit(found, address) : undefined;
  }

  onChanged(keyId: string, listener: (now: Trader | undefined) => void): () => void {
    const kept = this.#byId.get(keyId);
    if (kept === undefined) {
      // Its owner has just come in by it, so it has gone since.
      queueMicrotask(() => listener(undefined));
      return () => undefined;
    }
    kept.listeners.add(listener);
    return () => void kept.listeners.delete(listener);
  }

  /** Whether it has ended, or was confirmed too long ago to go on by. */
  #hasLapsed({ standing, lookedAt }: KnownKey): boolean {
    return standing.expiresAt <= this.parts.clock.now() || performance.now() - lookedAt > this.#settings.graceMs;
  }

  /** Whoever came in by such a key is told, with the database or without it. */
  #forgetLapsed(): void {
    for (const key of [...this.#byId.values()]) if (this.#hasLapsed(key)) this.#forget(key);
  }

  #isFresh({ lookedAt }: KnownKey): boolean {
    return performance.now() - lookedAt < this.#settings.freshMs;
  }

  #admit(key: KnownKey, address: string): Trader | undefined {
    if (key.standing.expiresAt <= this.parts.clock.now() || !mayComeFrom(key.standing, address)) return undefined;
    key.usedAt = performance.now();
    return key.trader;
  }

  /** Two who ask for the same at once share one look. */
  #read(name: string, find: () => Promise<KeyStanding | undefined>): Promise<KnownKey | undefined> {
    const underWay = this.#reading.get(name);
    if (underWay !== undefined) return underWay;
    const reading = this.#find(name, find).finally(() => this.#reading.delete(name));
    this.#reading.set(name, reading);
    return reading;
  }

  async #find(name: string, find: () => Promise<KeyStanding | undefined>): Promise<KnownKey | undefined> {
    const before = this.#byHash.get(name) ?? this.#byId.get(name);
    try {
      const standing = await find();
      if (standing === undefined) {
        if (before !== undefined) this.#forget(before);
        return undefined;
      }
      return this.#keep(standing, await this.#accountOf(standing.customerId));
    } catch (error) {
      if (before === undefined) throw error;
      if (this.#hasLapsed(before)) {
        this.#forget(before);
        throw error;
      }
      stale.inc();
      return before;
    }
  }

  #keep(standing: KeyStanding, account: number): KnownKey {
    const now = performance.now();
    const before = this.#byId.get(standing.keyId);
    if (before !== undefined) {
      this.#update(before, standing, now);
      return before;
    }
    const hash = standing.secretHash.toString('base64');
    const made: KnownKey = {
      standing,
      hash,
      account,
      trader: traderOf(standing, account),
      lookedAt: now,
      usedAt: now,
      listeners: new Set(),
    };
    this.#byHash.set(hash, made);
    this.#byId.set(standing.keyId, made);
    known.set(this.#byId.size);
    return made;
  }

  #update(key: KnownKey, standing: KeyStanding, now: number): void {
    key.standing = standing;
    key.lookedAt = now;
    const trader = traderOf(standing, key.account);
    if (isSame(trader, key.trader)) return;
    key.trader = trader;
    this.#tell(key, trader);
  }

  #forget(key: KnownKey): void {
    if (this.#byId.get(key.standing.keyId) !== key) return;
    this.#byHash.delete(key.hash);
    this.#byId.delete(key.standing.keyId);
    known.set(this.#byId.size);
    this.#tell(key, undefined);
  }

  #tell(key: KnownKey, now: Trader | undefined): void {
    for (const listener of [...key.listeners]) listener(now);
  }

  async #accountOf(customerId: string): Promise<number> {
    const kept = this.#accounts.get(customerId);
    if (kept !== undefined) return kept;
    const { database, clock } = this.parts;
    const account = await database.transaction((tx) => allotAccount(tx, customerId, clock.now()));
    this.#accounts.set(customerId, account);
    return account;
  }

  #noteUnknown(hash: string): void {
    if (this.#unknown.size >= MOST_UNKNOWN) this.#unknown.clear();
    this.#unknown.set(hash, performance.now() + this.#settings.freshMs);
  }

  /** All keys in use at once: one query, however many requests there are. */
  async #look(): Promise<void> {
    try {
      const begun = performance.now();
      for (const key of [...this.#byId.values()])
        if (key.listeners.size === 0 && begun - key.usedAt > this.#settings.idleMs) this.#forget(key);
      const looked = [...this.#byId.values()];
      const found = new Map((await this.parts.standings.byIds([...this.#byId.keys()])).map((it) => [it.keyId, it]));
      for (const key of looked) {
        const standing = found.get(key.standing.keyId);
        if (standing === undefined) this.#forget(key);
        else this.#update(key, standing, begun);
      }
      this.#looks += 1;
      if (this.#looks % USE_NOTED_EVERY === 1)
        await this.parts.standings.noteUse(looked.map(({ standing }) => standing.keyId));
    } catch (error) {
      this.parts.logger.warn({ err: error }, 'the standing of API keys cannot be read');
    }
    if (!this.#isStopped) this.start();
  }
}

const traderOf = ({ customerId, keyId, scopes, isFrozen }: KeyStanding, account: number): Trader => ({
  customerId,
  account,
  keyId,
  scopes,
  isFrozen,
});

const isSame = (a: Trader, b: Trader): boolean =>
  a.isFrozen === b.isFrozen && a.scopes.length === b.scopes.length && a.scopes.every((scope) => b.scopes.includes(scope)); // prettier-ignore
