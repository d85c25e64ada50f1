import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { type IssuedSession, type Operation, operationDigest } from './index.js';
import { createTestIdentity, SPEC_ORIGIN, SPEC_PASSWORD, type TestIdentity } from './testing/index.js';
import { totpCode, totpStep } from './totp.js';

let db: TestDatabase;
let clock: ManualClock;
let identity: TestIdentity;
let id: string;
let session: IssuedSession;
let code: () => string;

const withdrawal: Operation = {
  method: 'POST',
  path: '/v1/withdrawals',
  body: { asset: 'BTC', amount: '0.5', to: 'bcrt1qexample' },
};

beforeAll(async () => {
  db = await createTestDatabase();
  clock = new ManualClock();
  identity = createTestIdentity(db.app, clock);
  id = await identity.signUp('ada@example.com');
  const { secret } = await identity.authenticatorApp.enrol({
    principalId: id,
    password: SPEC_PASSWORD,
    origin: SPEC_ORIGIN,
  });
  code = () => totpCode(secret, totpStep(clock.now()));
  ({ session } = await identity.authenticatorApp.confirm({ principalId: id, code: code(), origin: SPEC_ORIGIN }));
});
afterAll(() => db.drop());

const issue = (operation: Operation, proof: Parameters<TestIdentity['stepUp']['issue']>[0]['proof']) =>
  identity.stepUp.issue({ principalId: id, sessionId: session.sessionId, operation, proof, origin: SPEC_ORIGIN });
const freshToken = async (): Promise<string> => {
  clock.advance(30_000);
  return (await issue(withdrawal, { code: code() })).token;
};
const demand = (operation: Operation, token: string | undefined, sessionId: string | undefined = session.sessionId) =>
  db.app.transaction((tx) =>
    identity.stepUp.demandWhereEnrolled(tx, { principalId: id, sessionId }, { operation, token }),
  );

describe('G11: a step-up', () => {
  it('is demanded, fits exactly the request it was given for, and counts once', async () => {
    await expect(demand(withdrawal, undefined)).rejects.toMatchObject({ code: 'step_up_required' });
    const token = await freshToken();
    await demand({ ...withdrawal, body: { to: 'bcrt1qexample', amount: '0.5', asset: 'BTC' } }, token);
    await expect(demand(withdrawal, token)).rejects.toMatchObject({ code: 'step_up_refused' });
  });

  it.each<[string, Operation]>([
    ['another amount', { ...withdrawal, body: { asset: 'BTC', amount: '0.50', to: 'bcrt1qexample' } }],
    ['another address', { ...withdrawal, body: { asset: 'BTC', amount: '0.5', to: 'bcrt1qexamp1e' } }],
    ['another asset', { ...withdrawal, body: { asset: 'ETH', amount: '0.5', to: 'bcrt1qexample' } }],
    ['one field more', { ...withdrawal, body: { asset: 'BTC', amount: '0.5', to: 'bcrt1qexample', fee: 'high' } }],
    ['another path', { ...withdrawal, path: '/v1/beneficiaries' }],
    ['another method', { ...withdrawal, method: 'PUT' }],
  ])('fits no other: %s', async (_name, other) => {
    const token = await freshToken();
    await expect(demand(other, token)).rejects.toMatchObject({ code: 'step_up_refused' });
    await demand(withdrawal, token);
  });

  it('is not spent by an operation that is refused afterwards', async () => {
    const token = await freshToken();
    const refused = db.app.transaction(async (tx) => {
      await identity.stepUp.demandWhereEnrolled(
        tx,
        { principalId: id, sessionId: session.sessionId },
        { operation: withdrawal, token },
      );
      throw new Error('insufficient funds');
    });
    await expect(refused).rejects.toThrow('insufficient funds');
    await demand(withdrawal, token);
  });

  it('lives two minutes, in its own session', async () => {
    const late = await freshToken();
    clock.advance(120_000);
    await expect(demand(withdrawal, late)).rejects.toMatchObject({ code: 'step_up_refused' });
    const token = await freshToken();
    clock.advance(30_000);
    const other = await identity.logIn.run({
      realm: 'customer',
      email: 'ada@example.com',
      password: SPEC_PASSWORD,
      second: { code: code() },
      origin: SPEC_ORIGIN,
    });
    await expect(demand(withdrawal, token, other.sessionId)).rejects.toMatchObject({ code: 'step_up_refused' });
    await demand(withdrawal, token);
  });

  it('takes the app’s code where one is enrolled, and never the password instead', async () => {
    await expect(issue(withdrawal, { password: SPEC_PASSWORD })).rejects.toMatchObject({ code: 'totp_required' });
    clock.advance(30_000);
    const now = code();
    const calls = await Promise.allSettled(Array.from({ length: 10 }, () => issue(withdrawal, { code: now })));
    expect(calls.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is not asked of those without an app, nor of API keys', async () => {
    const plain = await identity.signUp('bob@example.com');
    await db.app.transaction((tx) =>
      identity.stepUp.demandWhereEnrolled(
        tx,
        { principalId: plain, sessionId: session.sessionId },
        { operation: withdrawal, token: undefined },
      ),
    );
    await db.app.transaction((tx) =>
      identity.stepUp.demandWhereEnrolled(
        tx,
        { principalId: id, sessionId: undefined },
        { operation: withdrawal, token: undefined },
      ),
    );
  });
});

describe('the digest of an operation', () => {
  it('is the same however members are ordered, and another for anything that means something else', () => {
    const body = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(body, body, (one, other) => {
        const [a, b] = [one, other].map((each) => operationDigest({ ...withdrawal, body: each }).toString('hex'));
        expect(a === b).toBe(JSON.stringify(sorted(one)) === JSON.stringify(sorted(other)));
        expect(operationDigest({ ...withdrawal, body: reversed(one) }).toString('hex')).toBe(a);
      }),
    );
  });
});

const mapMembers = (value: unknown, order: (a: [string, unknown][]) => [string, unknown][]): unknown => {
  if (Array.isArray(value)) return value.map((each) => mapMembers(each, order));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(order(Object.entries(value)).map(([name, member]) => [name, mapMembers(member, order)]));
};
const sorted = (value: unknown): unknown =>
  mapMembers(value, (members) => members.sort(([a], [b]) => (a < b ? -1 : 1)));
const reversed = (value: unknown): unknown => mapMembers(value, (members) => members.reverse());
