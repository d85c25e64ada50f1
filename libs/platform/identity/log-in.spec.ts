import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { Database, type Tx } from '@base/database';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { findCustomer, type Origin, PasswordHasher } from './index.js';
import { createTestIdentity, SPEC_ORIGIN, SPEC_PASSWORD, type TestIdentity } from './testing/index.js';
import { totpCode, totpStep } from './totp.js';

const HOUR_MS = 3_600_000;

let db: TestDatabase;
let clock: ManualClock;
let identity: TestIdentity;
let people = 0;
let email: string;
let id: string;

beforeAll(async () => {
  db = await createTestDatabase();
  clock = new ManualClock();
  identity = createTestIdentity(db.app, clock);
});
afterAll(() => db.drop());
beforeEach(async () => {
  clock.advance(2 * HOUR_MS);
  email = `person-${(people += 1)}@example.com`;
  id = await identity.signUp(email);
});

const from = (address: string): Origin => ({ ...SPEC_ORIGIN, address });
const tryPassword = (password: string, origin = SPEC_ORIGIN, address = email, second?: { code: string }) =>
  identity.logIn.run({ realm: 'customer', email: address, password, second, origin });
const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** An authenticator app in force; answers how to make codes. */
async function enrol(): Promise<{ code: () => string; recoveryCodes: string[] }> {
  const { secret } = await identity.authenticatorApp.enrol({
    principalId: id,
    password: SPEC_PASSWORD,
    origin: SPEC_ORIGIN,
  });
  const code = (): string => totpCode(secret, totpStep(clock.now()));
  const { recoveryCodes } = await identity.authenticatorApp.confirm({
    principalId: id,
    code: code(),
    origin: SPEC_ORIGIN,
  });
  clock.advance(60_000);
  return { code, recoveryCodes };
}

describe('G1: nothing tells whether an address has an account', () => {
  it('sign-in answers the same, throttle included', async () => {
    const answers = async (address: string): Promise<string[]> => {
      const all: string[] = [];
      for (let n = 0; n < 12; n += 1) {
        const call = tryPassword('a wrong guess 1', from('198.51.100.1'), address);
        all.push(
          await call.then(
            () => 'ok',
            (refusal: Error) => JSON.stringify({ ...refusal, message: refusal.message }),
          ),
        );
      }
      return all;
    };
    expect(await answers(email)).toEqual(await answers('nobody@example.com'));
  });

  it('registration, resend and reset answer the same, and only the mailbox is told', async () => {
    const register = (address: string) =>
      identity.registerCustomer.run({ email: address, password: 'osier kestrel lantern', origin: SPEC_ORIGIN });
    const reset = (address: string) => identity.requestPasswordReset.run({ email: address, origin: SPEC_ORIGIN });
    const resend = (address: string) => identity.verifyEmail.resend({ email: address, origin: SPEC_ORIGIN });
    for (const ask of [register, reset, resend])
      expect(await ask(email)).toBe(await ask(`nobody-${people}@example.com`));
    const subjects = (await identity.mailsTo(email)).map(({ subject }) => subject).sort();
    expect(subjects).toEqual(['Choose a new password', 'Confirm your e-mail address', 'You already have an account']);
    expect(await codeOf(tryPassword('osier kestrel lantern'))).toBe('credentials_refused');
    expect(await codeOf(tryPassword(SPEC_PASSWORD))).toBe('ok');
  });

  it('nor does the work: the same statements, and one hash', async () => {
    class CountedHasher extends PasswordHasher {
      hashes = 0;
      override verify(password: string, encoded: string | null | undefined): Promise<boolean> {
        this.hashes += 1;
        return super.verify(password, encoded);
      }
    }
    class CountedDatabase extends Database {
      readonly statements: string[] = [];
      override query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
        this.statements.push(sql);
        return super.query<Row>(sql, values);
      }
      override transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
        this.statements.push('BEGIN');
        return super.transaction(work);
      }
    }
    const workFor = async (address: string) => {
      const hasher = new CountedHasher({ memoryCost: 256 });
      const database = new CountedDatabase({ url: db.appUrl, applicationName: 'spec', max: 1 });
      const counted = createTestIdentity(database, clock, { hasher });
      await codeOf(
        counted.logIn.run({ realm: 'customer', email: address, password: 'a wrong guess 1', origin: SPEC_ORIGIN }),
      );
      await database.close();
      return { hashes: hasher.hashes, statements: database.statements };
    };
    const known = await workFor(email);
    expect(known.hashes).toBe(1);
    expect(await workFor('nobody@example.com')).toEqual(known);
  });

  it('nor does the time: who goes by it is right as often as by chance', async () => {
    const samples = process.env['TORTURE'] ? 2_000 : 40;
    const timed = createTestIdentity(db.app, clock, { hasher: new PasswordHasher() });
    await timed.signUp(`timed-${email}`);
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    for (let n = 0; n < 2 * samples; n += 1) {
      if (n % 80 === 0) clock.advance(HOUR_MS);
      const kind = n % 2 === 0 ? 'known' : 'unknown';
      const address = kind === 'known' ? `timed-${email}` : `nobody-${n}@example.com`;
      const origin = from(`10.${64 + (n >> 8)}.${n & 255}.1`);
      const start = performance.now();
      expect(
        await codeOf(timed.logIn.run({ realm: 'customer', email: address, password: 'a wrong guess 1', origin })),
      ).toBe('credentials_refused');
      times[kind].push(performance.now() - start);
    }
    // The area under the ROC curve; half is chance. With few samples it strays by 0.06.
    const auc = times.known.reduce((sum, a) => sum + times.unknown.filter((b) => a > b).length, 0) / samples ** 2;
    expect(Math.abs(auc - 0.5)).toBeLessThan(process.env['TORTURE'] ? 0.05 : 0.3);
  });
});

describe('G2: guessing is limited', () => {
  it('per account and network: ten tries, whether one after the other or all at once', async () => {
    const volley = await Promise.all(
      Array.from({ length: 40 }, () => codeOf(tryPassword('a wrong guess 1', from('198.51.100.2')))),
    );
    expect(volley.filter((code) => code === 'credentials_refused')).toHaveLength(10);
    expect(await codeOf(tryPassword(SPEC_PASSWORD, from('198.51.100.77')))).toBe('too_many_attempts');
    clock.advance(15 * 60_000);
    expect(await codeOf(tryPassword(SPEC_PASSWORD, from('198.51.100.77')))).toBe('ok');
  });

  it('per account from all strange networks together, without locking the owner out at home', async () => {
    expect(await codeOf(tryPassword(SPEC_PASSWORD, from('192.0.2.7')))).toBe('ok');
    const attack: string[] = [];
    for (let network = 0; network < 60; network += 1)
      attack.push(await codeOf(tryPassword('a wrong guess 1', from(`10.1.${network}.9`))));
    expect(attack.filter((code) => code === 'credentials_refused')).toHaveLength(50);
    expect(await codeOf(tryPassword(SPEC_PASSWORD, from('10.2.0.1')))).toBe('too_many_attempts');
    expect(await codeOf(tryPassword(SPEC_PASSWORD, from('192.0.2.200')))).toBe('ok');
  });

  it('per network over all accounts, in IPv6 by the household’s block', async () => {
    const attack: string[] = [];
    for (let n = 0; n < 105; n += 1) {
      attack.push(
        await codeOf(
          tryPassword('a wrong guess 1', from(`2001:db8:77:${n.toString(16)}::1`), `victim-${n}@example.com`),
        ),
      );
    }
    expect(attack.filter((code) => code === 'too_many_attempts')).toHaveLength(5);
  });

  it('and a reset by e-mail always lets the owner in again', async () => {
    for (let network = 0; network < 60; network += 1)
      await codeOf(tryPassword('a wrong guess 1', from(`10.3.${network}.9`)));
    await identity.requestPasswordReset.run({ email, origin: from('10.9.9.9') });
    clock.advance(1);
    const { variables } = await identity.mailTo(email);
    await identity.resetPassword.run({
      token: variables['token'] ?? '',
      newPassword: 'osier kestrel lantern',
      origin: from('10.9.9.9'),
    });
    expect(await codeOf(tryPassword('osier kestrel lantern', from('10.9.9.9')))).toBe('ok');
  });
});

describe('G3: a code of an authenticator app', () => {
  it('is asked for, and counts once of fifty parallel uses', async () => {
    const { code } = await enrol();
    expect(await codeOf(tryPassword(SPEC_PASSWORD))).toBe('totp_required');
    expect(await codeOf(tryPassword(SPEC_PASSWORD, SPEC_ORIGIN, email, { code: code() }))).toBe('ok');
    clock.advance(60_000);
    const now = code();
    const volley = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        codeOf(tryPassword(SPEC_PASSWORD, from(`10.4.${n}.1`), email, { code: now })),
      ),
    );
    expect(volley.filter((each) => each === 'ok')).toHaveLength(1);
    expect(await codeOf(tryPassword(SPEC_PASSWORD, SPEC_ORIGIN, email, { code: now }))).toBe('code_refused');
  });

  it('cannot be an older one after a newer, nor somebody else’s', async () => {
    const { code } = await enrol();
    clock.advance(30_000 - (clock.now().getTime() % 30_000) + 5_000);
    const current = code();
    clock.advance(-30_000);
    const previous = code();
    clock.advance(30_000);
    expect(await codeOf(tryPassword(SPEC_PASSWORD, SPEC_ORIGIN, email, { code: current }))).toBe('ok');
    expect(await codeOf(tryPassword(SPEC_PASSWORD, SPEC_ORIGIN, email, { code: previous }))).toBe('code_refused');
    const [other, otherEmail] = [id, email];
    email = `person-${(people += 1)}@example.com`;
    id = await identity.signUp(email);
    expect(id).not.toBe(other);
    const mine = await enrol();
    expect(await codeOf(tryPassword(SPEC_PASSWORD, SPEC_ORIGIN, otherEmail, { code: mine.code() }))).toBe(
      'code_refused',
    );
  });

  it('may be replaced by a recovery code, each once, and withdrawals then wait', async () => {
    const { recoveryCodes } = await enrol();
    const [first = ''] = recoveryCodes;
    const use = (recoveryCode: string) =>
      codeOf(
        identity.logIn.run({
          realm: 'customer',
          email,
          password: SPEC_PASSWORD,
          second: { recoveryCode },
          origin: SPEC_ORIGIN,
        }),
      );
    expect(new Set(recoveryCodes).size).toBe(10);
    const volley = await Promise.all(Array.from({ length: 8 }, () => use(first.toUpperCase().replaceAll('-', ''))));
    expect(volley.filter((code) => code === 'ok')).toHaveLength(1);
    expect(await use(first)).toBe('code_refused');
    expect((await findCustomer(db.app, id))?.withdrawalsHeldUntil).toEqual(
      new Date(clock.now().getTime() + 24 * HOUR_MS),
    );
  });

  it('is stored sealed to its owner', async () => {
    const { secret } = await identity.authenticatorApp.enrol({
      principalId: id,
      password: SPEC_PASSWORD,
      origin: SPEC_ORIGIN,
    });
    const rows = await db.owner.query<{ text: string }>(
      `SELECT encode(sealed, 'escape') AS text FROM identity.totp WHERE principal_id = $1`,
      [id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain(secret);
  });
});

describe('G5: recovery', () => {
  it('a mailbox alone never lifts the second factor; withdrawals wait a day and the owner is told', async () => {
    const { code } = await enrol();
    await identity.requestPasswordReset.run({ email, origin: SPEC_ORIGIN });
    clock.advance(1);
    const { variables } = await identity.mailTo(email);
    clock.advance(1);
    await identity.resetPassword.run({
      token: variables['token'] ?? '',
      newPassword: 'osier kestrel lantern',
      origin: SPEC_ORIGIN,
    });
    expect((await findCustomer(db.app, id))?.withdrawalsHeldUntil).toEqual(
      new Date(clock.now().getTime() + 24 * HOUR_MS),
    );
    expect((await identity.mailTo(email)).subject).toBe('Your account was changed');
    expect(await codeOf(tryPassword('osier kestrel lantern'))).toBe('totp_required');
    expect(await codeOf(tryPassword('osier kestrel lantern', SPEC_ORIGIN, email, { code: code() }))).toBe('ok');
  });

  it('a link works once, for an hour, and a refused password does not use it up', async () => {
    const link = async (): Promise<string> => {
      await identity.requestPasswordReset.run({ email, origin: SPEC_ORIGIN });
      clock.advance(1);
      return (await identity.mailTo(email)).variables['token'] ?? '';
    };
    const reset = (token: string, newPassword = 'osier kestrel lantern') =>
      codeOf(identity.resetPassword.run({ token, newPassword, origin: SPEC_ORIGIN }));
    const older = await link();
    const newer = await link();
    expect(await reset(older)).toBe('token_refused');
    expect(await reset(newer, 'password123456')).toBe('password_too_weak');
    expect((await Promise.all([reset(newer), reset(newer), reset(newer)])).sort()).toEqual([
      'ok',
      'token_refused',
      'token_refused',
    ]);
    const late = await link();
    clock.advance(HOUR_MS);
    expect(await reset(late)).toBe('token_refused');
  });
});

describe('a password hash', () => {
  it('is argon2id at the floor of ASVS, and renewed at the next sign-in when the floor rises', async () => {
    const encoded = await new PasswordHasher().hash(SPEC_PASSWORD);
    expect(encoded).toMatch(/^\$argon2id\$v=19\$m=47104,t=1,p=1\$/);
    const stronger = createTestIdentity(db.app, clock, { hasher: new PasswordHasher({ memoryCost: 512 }) });
    await stronger.signIn(email);
    const { hash } = await db.app.one<{ hash: string }>(
      'SELECT password_hash AS hash FROM identity.principal WHERE id = $1',
      [id],
    );
    expect(hash).toContain('m=512,');
    expect(await codeOf(tryPassword(SPEC_PASSWORD))).toBe('ok');
  });

  it('is made a few at a time: a flood is turned away, and memory stays bounded', async () => {
    const hasher = new PasswordHasher({ memoryCost: 8_192, concurrency: 2, queue: 10 });
    const flood = await Promise.allSettled(
      Array.from({ length: 60 }, () => hasher.verify('a wrong guess 1', undefined)),
    );
    const served = flood.filter(({ status }) => status === 'fulfilled');
    expect(served).toHaveLength(12);
    for (const call of flood)
      if (call.status === 'rejected')
        expect(call.reason).toMatchObject({ code: 'too_busy', options: { status: 503, retryAfterSeconds: 2 } });
    expect(await hasher.verify('a wrong guess 1', undefined)).toBe(false);
  });
});
