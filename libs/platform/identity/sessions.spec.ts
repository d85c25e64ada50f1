import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { listAuditRecords } from '@platform/audit';
import { listSessions } from './index.js';
import { createTestIdentity, SPEC_ORIGIN, SPEC_PASSWORD, type TestIdentity } from './testing/index.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let db: TestDatabase;
let clock: ManualClock;
let identity: TestIdentity;
let id: string;
let people = 0;
let email: string;

beforeAll(async () => {
  db = await createTestDatabase();
  clock = new ManualClock();
  identity = createTestIdentity(db.app, clock);
});
afterAll(() => db.drop());
beforeEach(async () => {
  email = `person-${(people += 1)}@example.com`;
  id = await identity.signUp(email);
});

const alive = async (accessToken: string): Promise<boolean> =>
  (await identity.authenticate.customerBySession(accessToken)) !== undefined;
const refresh = (refreshToken: string) =>
  identity.refreshSession.run({ realm: 'customer', refreshToken, origin: SPEC_ORIGIN });
const outcomes = async (calls: Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(calls)).map((result) =>
    result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code,
  );

describe('a session', () => {
  it('serves its owner until the access token is 15 minutes old, and goes on after a refresh', async () => {
    const session = await identity.signIn(email);
    expect(await identity.authenticate.customerBySession(session.accessToken)).toMatchObject({
      id,
      sessionId: session.sessionId,
      frozen: false,
    });
    clock.advance(15 * MINUTE_MS);
    expect(await alive(session.accessToken)).toBe(false);
    const next = await refresh(session.refreshToken);
    expect(next.sessionId).toBe(session.sessionId);
    expect(await alive(next.accessToken)).toBe(true);
  });

  it('ends after an hour without a request', async () => {
    let session = await identity.signIn(email);
    for (let round = 0; round < 3; round += 1) {
      clock.advance(59 * MINUTE_MS);
      session = await refresh(session.refreshToken);
    }
    clock.advance(HOUR_MS);
    await expect(refresh(session.refreshToken)).rejects.toMatchObject({ code: 'session_refused' });
  });

  it('ends after a day, however busy', async () => {
    let session = await identity.signIn(email);
    for (let busy = 0; busy < 47; busy += 1) {
      clock.advance(30 * MINUTE_MS);
      session = await refresh(session.refreshToken);
    }
    clock.advance(29 * MINUTE_MS);
    expect(await alive(session.accessToken)).toBe(false);
    session = await refresh(session.refreshToken);
    expect(await alive(session.accessToken)).toBe(true);
    clock.advance(MINUTE_MS);
    expect(await alive(session.accessToken)).toBe(false);
    await expect(refresh(session.refreshToken)).rejects.toMatchObject({ code: 'session_refused' });
  });

  it('does not answer to the other kind of token, nor to the other realm', async () => {
    const session = await identity.signIn(email);
    expect(await alive(session.refreshToken)).toBe(false);
    await expect(refresh(session.accessToken)).rejects.toMatchObject({ code: 'session_refused' });
    expect(await identity.authenticate.operatorBySession(session.accessToken)).toBeUndefined();
    const asOperator = identity.refreshSession.run({
      realm: 'operator',
      refreshToken: session.refreshToken,
      origin: SPEC_ORIGIN,
    });
    await expect(asOperator).rejects.toMatchObject({ code: 'session_refused' });
    expect(await alive(session.accessToken)).toBe(true);
  });

  it('is listed to its owner alone, and ended one by one', async () => {
    const [laptop, phone] = [await identity.signIn(email), await identity.signIn(email)];
    const stranger = await identity.signUp(`stranger-${people}@example.com`);
    expect((await listSessions(db.app, id, 'customer', clock.now())).map((session) => session.id).sort()).toEqual(
      [laptop.sessionId, phone.sessionId].sort(),
    );
    await expect(identity.revokeSessions.revokeOne(stranger, phone.sessionId)).rejects.toMatchObject({
      code: 'session_not_found',
    });
    await identity.revokeSessions.revokeOne(id, phone.sessionId);
    expect([await alive(laptop.accessToken), await alive(phone.accessToken)]).toEqual([true, false]);
    await identity.revokeSessions.logOut(id, laptop.sessionId);
    await identity.revokeSessions.logOut(id, laptop.sessionId);
    expect(await listSessions(db.app, id, 'customer', clock.now())).toEqual([]);
  });
});

describe('G6: refresh tokens', () => {
  it('a token used again kills the whole family, and it is on record', async () => {
    const first = await identity.signIn(email);
    const other = await identity.signIn(email);
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    await expect(refresh(first.refreshToken)).rejects.toMatchObject({ code: 'session_refused' });
    expect(await Promise.all([first, second, third].map(({ accessToken }) => alive(accessToken)))).toEqual([
      false,
      false,
      false,
    ]);
    await expect(refresh(third.refreshToken)).rejects.toMatchObject({ code: 'session_refused' });
    expect(await alive(other.accessToken)).toBe(true);
    const records = await listAuditRecords(db.app, { subject: { kind: 'session', id: first.sessionId }, limit: 9 });
    expect(records.map(({ action }) => action)).toEqual(['identity.refresh-token-reused']);
  });

  it('of two parallel refreshes with one token at most one is served, and the family is dead', async () => {
    const session = await identity.signIn(email);
    const calls = await Promise.allSettled(Array.from({ length: 8 }, () => refresh(session.refreshToken)));
    const served = calls.filter((call) => call.status === 'fulfilled').map(({ value }) => value);
    expect(served).toHaveLength(1);
    expect(await Promise.all(served.map(({ accessToken }) => alive(accessToken)))).toEqual([false]);
  });

  it('a new sign-in has a new id each time, whatever came before', async () => {
    const ids = [await identity.signIn(email), await identity.signIn(email)].map(({ sessionId }) => sessionId);
    expect(new Set(ids).size).toBe(2);
  });

  it.each(['logout', 'password change', 'password reset', 'sign out everywhere', 'second factor added'])(
    'no token of before survives: %s',
    async (what) => {
      const session = await identity.signIn(email);
      const { secret } = await identity.authenticatorApp.enrol({
        principalId: id,
        password: SPEC_PASSWORD,
        origin: SPEC_ORIGIN,
      });
      const actions: Record<string, () => Promise<unknown>> = {
        logout: () => identity.revokeSessions.logOut(id, session.sessionId),
        'sign out everywhere': () => identity.revokeSessions.revokeAll({ id, realm: 'customer' }, SPEC_ORIGIN),
        'password change': () => identity.changePassword.run({ principalId: id, password: SPEC_PASSWORD, newPassword: 'osier kestrel lantern', sessionId: session.sessionId, origin: SPEC_ORIGIN }), // prettier-ignore
        'password reset': async () => {
          clock.advance(1);
          await identity.requestPasswordReset.run({ email, origin: SPEC_ORIGIN });
          const { variables } = await identity.mailTo(email);
          await identity.resetPassword.run({
            token: variables['token'] ?? '',
            newPassword: 'osier kestrel lantern',
            origin: SPEC_ORIGIN,
          });
        },
        'second factor added': async () => {
          const { totpCode, totpStep } = await import('./totp.js');
          await identity.authenticatorApp.confirm({
            principalId: id,
            code: totpCode(secret, totpStep(clock.now())),
            origin: SPEC_ORIGIN,
          });
        },
      };
      expect(await alive(session.accessToken)).toBe(true);
      await actions[what]?.();
      expect(await alive(session.accessToken)).toBe(false);
      await expect(refresh(session.refreshToken)).rejects.toMatchObject({ code: 'session_refused' });
    },
  );
});

describe('C8: what was revoked stays revoked', () => {
  it('although the sessions are replaced by an older copy: the epoch outranks them', async () => {
    const session = await identity.signIn(email);
    const copy = await db.owner.query<object>(`SELECT * FROM identity.session WHERE principal_id = $1`, [id]);
    await identity.revokeSessions.revokeAll({ id, realm: 'customer' }, SPEC_ORIGIN);
    await db.owner.query('DELETE FROM identity.session WHERE principal_id = $1', [id]);
    await db.owner.query(
      'INSERT INTO identity.session SELECT * FROM jsonb_populate_recordset(NULL::identity.session, $1)',
      [JSON.stringify(copy)],
    );
    expect(await alive(session.accessToken)).toBe(false);
    expect(await listSessions(db.app, id, 'customer', clock.now())).toEqual([]);
  });

  it('and no process may bring an epoch back', async () => {
    await identity.revokeSessions.revokeAll({ id, realm: 'customer' }, SPEC_ORIGIN);
    for (const role of [db.app, db.owner]) {
      await expect(role.query('UPDATE identity.principal SET session_epoch = 1 WHERE id = $1', [id])).rejects.toThrow(
        'never falls',
      );
    }
  });

  it('and every process says so at once: nothing is cached', async () => {
    const session = await identity.signIn(email);
    const elsewhere = createTestIdentity(db.app, clock);
    expect(await elsewhere.authenticate.customerBySession(session.accessToken)).toBeDefined();
    await identity.revokeSessions.logOut(id, session.sessionId);
    expect(await elsewhere.authenticate.customerBySession(session.accessToken)).toBeUndefined();
  });
});

describe('a closed account', () => {
  it('is shut out at once; a frozen one may look', async () => {
    const session = await identity.signIn(email);
    const order = { operatorId: id, customerId: id, reason: 'spec', origin: SPEC_ORIGIN };
    await db.app.transaction((tx) => identity.administerCustomer.changeStatus(tx, 'freeze', order));
    expect(await identity.authenticate.customerBySession(session.accessToken)).toMatchObject({ frozen: true });
    await db.app.transaction((tx) => identity.administerCustomer.changeStatus(tx, 'close', order));
    expect(await alive(session.accessToken)).toBe(false);
    expect(await outcomes([refresh(session.refreshToken), identity.signIn(email)])).toEqual([
      'session_refused',
      'credentials_refused',
    ]);
  });
});
