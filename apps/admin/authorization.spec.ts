import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPERATOR_ROLES, type OperatorRole } from '@base/http';
import { type Actor, authorizationMatrix, type Operation } from '@base/http/testing';
import { type IssuedSession } from '@platform/identity';
import { forgedCredentials, SPEC_ORIGIN, SPEC_PASSWORD } from '@platform/identity/testing';
import { startAdmin, type TestAdmin } from './testing/start-admin.js';

/** Grows with every operation that is added, and the machine may be busy. */
const SLOW_MS = 300_000;

let admin: TestAdmin;

beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin.stop());

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const signIn = (email: string): Promise<IssuedSession> =>
  admin.identity.logIn.run({ realm: 'operator', email, password: SPEC_PASSWORD, origin: SPEC_ORIGIN });

/** Whether an operator with these roles is to be let in. */
function admits({ access }: Operation, roles: readonly OperatorRole[]): boolean {
  if (access.audience !== 'operator' && access.audience !== 'sandbox') return false;
  if (access.roles === 'any') return true;
  return roles.includes('admin') || access.roles.some((role) => roles.includes(role));
}

async function actors(): Promise<Actor[]> {
  for (const role of OPERATOR_ROLES) await admin.identity.hire(`${role}@strongroom.example`, [role]);
  const dismissed = await admin.identity.hire('dismissed@strongroom.example', ['admin']);
  const dismissedSession = await signIn('dismissed@strongroom.example');
  await admin.db.app.transaction((tx) =>
    admin.identity.manageOperators.disable(tx, dismissed, { actor: { kind: 'system' }, origin: undefined }),
  );
  await admin.identity.signUp('ada@example.com');
  const customer = await admin.identity.signIn('ada@example.com');
  const ended = await signIn('admin@strongroom.example');
  await admin.identity.revokeSessions.logOut(
    (await admin.identity.authenticate.operatorBySession(ended.accessToken))?.id ?? '',
    ended.sessionId,
  );
  const session = await signIn('admin@strongroom.example');
  const { 'an API key with another secret': key, ...forged } = forgedCredentials({
    session,
    ended,
    otherRealm: customer.accessToken,
    keyId: session.sessionId,
  });

  const refused = (name: string, headers: Record<string, string>, code: string): Actor => ({
    name,
    headers: () => Promise.resolve(headers),
    verdict: () => 401,
    code: () => code,
  });
  return [
    refused('nobody', {}, 'not_signed_in'),
    // Operators have no API keys, so one is as good as nothing; beside a session it changes nothing.
    refused('an API key', key ?? {}, 'not_signed_in'),
    refused('a dismissed operator', bearer(dismissedSession.accessToken), 'credentials_not_accepted'),
    ...Object.entries(forged)
      .filter(([name]) => name !== 'an API key beside a session')
      .map(([name, headers]) => refused(name, headers, 'credentials_not_accepted')),
    ...OPERATOR_ROLES.map((role): Actor => ({
      name: `${role} operator`,
      headers: async () => bearer((await signIn(`${role}@strongroom.example`)).accessToken),
      verdict: (operation) => (admits(operation, [role]) ? 'in' : 403),
      code: () => 'not_allowed',
    })),
  ];
}

describe('H1: every operation of the operators’ API as everyone', () => {
  it(
    'lets in whom it says and nobody else, before it looks at the body',
    async () => {
      const everyone = await actors();
      const { operations, cells, due, wrong } = await authorizationMatrix(admin.app, everyone);
      expect(wrong).toEqual([]);
      expect(cells).toBe(operations * everyone.length);
      for (const { name } of everyone.filter((actor) => actor.name !== 'admin operator')) {
        expect({ name, refusals: (due[`${name}: 401`] ?? 0) + (due[`${name}: 403`] ?? 0) }).not.toMatchObject({
          refusals: 0,
        });
      }
      for (const role of OPERATOR_ROLES) expect(due[`${role} operator: in`]).toBeGreaterThan(0);
      expect(due['admin operator: in']).toBe(operations);
    },
    SLOW_MS,
  );
});
