import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { uuidV7 } from '@base/database';
import { createLogger } from '@base/observability';
import { ApiKeyStandings } from '@platform/identity';
import { createTestIdentity } from '@platform/identity/testing';
import { type Trader } from './access.js';
import { KeyAccess } from './key-access.js';

const HOME = '203.0.113.9';
const WITHIN_MS = 30_000;

let db: TestDatabase;
let access: KeyAccess;
let queries = 0;

/** Counts what is asked, so that "no query of its own" is a number. */
class CountedStandings extends ApiKeyStandings {
  override bySecret(secret: string): ReturnType<ApiKeyStandings['bySecret']> {
    queries += 1;
    return super.bySecret(secret);
  }
}

class MortalStandings extends ApiKeyStandings {
  isAway = false;

  override bySecret(secret: string): ReturnType<ApiKeyStandings['bySecret']> {
    return this.isAway ? Promise.reject(new Error('away')) : super.bySecret(secret);
  }

  /** A database that cannot be reached may as well say nothing at all. */
  override byIds(keyIds: readonly string[]): ReturnType<ApiKeyStandings['byIds']> {
    return this.isAway ? new Promise(() => undefined) : super.byIds(keyIds);
  }
}

beforeAll(async () => {
  db = await createTestDatabase({ max: 4 });
  const standings = new CountedStandings(db.app, systemClock);
  access = new KeyAccess({ standings, database: db.app, clock: systemClock, logger: createLogger('spec', 'silent') }, { lookMs: 100 }); // prettier-ignore
  access.start();
});
afterAll(async () => {
  access.stop();
  await db.drop();
});

interface MadeKey {
  readonly customerId: string;
  readonly keyId: string;
  readonly secret: string;
}

let customers = 0;
async function makeKey(
  given: { scopes?: string[]; networks?: string[]; endsInMs?: number; of?: string } = {},
): Promise<MadeKey> {
  const customerId =
    given.of ?? (await createTestIdentity(db.app, systemClock).signUp(`key-${(customers += 1)}@example.com`));
  const secret = randomBytes(32).toString('base64url');
  const now = systemClock.now();
  const keyId = uuidV7(now.getTime());
  await db.app.query(
    `INSERT INTO identity.api_key (id, customer_id, label, secret_hash, scopes, networks, created_at, expires_at)
     VALUES ($1, $2, 'spec', $3, $4, $5::text[]::cidr[], $6, $7)`,
    [keyId, customerId, createHash('sha256').update(secret).digest(), given.scopes ?? ['view', 'trade'], given.networks ?? [], now, new Date(now.getTime() + (given.endsInMs ?? 60_000))],
  ); // prettier-ignore
  return { customerId, keyId, secret };
}

const changeOf = (keyId: string): Promise<Trader | undefined> =>
  new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('nobody was told')), WITHIN_MS);
    access.onChanged(keyId, (now) => (clearTimeout(late), resolve(now)));
  });

describe('access by API key', () => {
  it('finds the customer, the scopes and one engine account for all keys of a customer', async () => {
    const first = await makeKey();
    const second = await makeKey({ of: first.customerId, scopes: ['view'] });
    const trader = await access.byToken(first.secret, HOME);
    expect(trader).toMatchObject({ customerId: first.customerId, keyId: first.keyId, scopes: ['view', 'trade'], isFrozen: false }); // prettier-ignore
    expect(trader?.account).toBeGreaterThanOrEqual(16);
    const other = await access.byKey(second.keyId, second.secret, HOME);
    expect(other).toMatchObject({ account: trader?.account, scopes: ['view'] });
    const stranger = await makeKey();
    expect((await access.byToken(stranger.secret, HOME))?.account).not.toBe(trader?.account);
  });

  it('asks the database once for a key, however often it is used, and once for a wrong secret', async () => {
    const { secret } = await makeKey();
    const before = queries;
    await Promise.all(Array.from({ length: 20 }, () => access.byToken(secret, HOME)));
    for (let use = 0; use < 50; use += 1) await access.byToken(secret, HOME);
    for (let use = 0; use < 50; use += 1) expect(await access.byToken('not a secret of anybody', HOME)).toBeUndefined();
    expect(queries - before).toBe(2);
  });

  it('refuses a wrong secret for a key, an address outside its networks, and a key past its end', async () => {
    const { keyId, secret } = await makeKey({ networks: ['198.51.100.0/24', '2001:db8::/32'] });
    expect(await access.byKey(keyId, 'wrong', '198.51.100.7')).toBeUndefined();
    const isIts = (hash: Buffer): boolean => hash.equals(createHash('sha256').update(secret).digest());
    expect(await access.byProof(keyId, isIts, '198.51.100.7')).toMatchObject({ keyId });
    expect(await access.byProof(keyId, (hash) => !isIts(hash), '198.51.100.7')).toBeUndefined();
    expect(await access.byProof(keyId, isIts, '2001:db9::1')).toBeUndefined();
    expect(await access.byToken(secret, '198.51.100.7')).toBeDefined();
    expect(await access.byToken(secret, '::ffff:198.51.100.8')).toBeDefined();
    expect(await access.byToken(secret, '2001:db8:1::1')).toBeDefined();
    expect(await access.byToken(secret, '198.51.101.7')).toBeUndefined();
    expect(await access.byKey(keyId, secret, '2001:db9::1')).toBeUndefined();
    const brief = await makeKey({ endsInMs: 300 });
    expect(await access.byToken(brief.secret, HOME)).toBeDefined();
    const end = changeOf(brief.keyId);
    await sleep(310);
    expect(await access.byToken(brief.secret, HOME)).toBeUndefined();
    expect(await end).toBeUndefined();
  });

  it('F9: tells within a second that a key was revoked or its customer frozen', async () => {
    const key = await makeKey();
    await access.byToken(key.secret, HOME);
    const frozen = changeOf(key.keyId);
    await db.app.query(`UPDATE identity.principal SET status = 'frozen' WHERE id = $1`, [key.customerId]);
    expect(await frozen).toMatchObject({ isFrozen: true });
    expect(await access.byToken(key.secret, HOME)).toMatchObject({ isFrozen: true });
    const revoked = changeOf(key.keyId);
    await db.app.query('UPDATE identity.api_key SET revoked_at = $2 WHERE id = $1', [key.keyId, systemClock.now()]);
    expect(await revoked).toBeUndefined();
    expect(await access.byToken(key.secret, HOME)).toBeUndefined();
    expect(await access.byKey(key.keyId, key.secret, HOME)).toBeUndefined();
  });

  it('goes on by what it knew while the database is away, no longer than its bound, and never beyond a key’s end', async () => {
    const [lasting, brief] = [await makeKey(), await makeKey({ endsInMs: 250 })];
    const standings = new MortalStandings(db.app, systemClock);
    access.stop();
    access = new KeyAccess({ standings, database: db.app, clock: systemClock, logger: createLogger('spec', 'silent') }, { lookMs: 20, freshMs: 30, graceMs: 500 }); // prettier-ignore
    access.start();
    for (const { secret } of [lasting, brief]) expect(await access.byToken(secret, HOME)).toBeDefined();
    const [end, lapse] = [changeOf(brief.keyId), changeOf(lasting.keyId)];
    standings.isAway = true;
    await sleep(60);
    expect(await access.byToken(lasting.secret, HOME)).toMatchObject({ keyId: lasting.keyId });
    expect(await end).toBeUndefined();
    await expect(access.byToken(brief.secret, HOME)).rejects.toThrow('away');
    expect(await access.byToken(lasting.secret, HOME)).toMatchObject({ keyId: lasting.keyId });
    expect(await lapse).toBeUndefined();
    await expect(access.byToken(lasting.secret, HOME)).rejects.toThrow('away');
    standings.isAway = false;
    expect(await access.byToken(lasting.secret, HOME)).toMatchObject({ keyId: lasting.keyId });
    expect(await access.byToken(brief.secret, HOME)).toBeUndefined();
    access.stop();
  });
});
