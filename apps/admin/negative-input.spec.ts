import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPERATOR_ROLES } from '@base/http';
import { negativeInput } from '@base/http/testing';
import { SPEC_ORIGIN, SPEC_PASSWORD } from '@platform/identity/testing';
import { startAdmin, type TestAdmin } from './testing/start-admin.js';

/** Grows with every operation that is added, and the machine may be busy. */
const SLOW_MS = 300_000;

let admin: TestAdmin;

beforeAll(async () => {
  admin = await startAdmin();
  await admin.identity.hire('all@strongroom.example', OPERATOR_ROLES);
});
afterAll(() => admin.stop());

describe('E1–E3, H3, H12, I1–I4, I10: hostile input to every operation of the operators’ API', () => {
  it(
    'is a 4xx that names the field, and never a 5xx, a hang or an inside view',
    async () => {
      const signIn = {
        realm: 'operator',
        email: 'all@strongroom.example',
        password: SPEC_PASSWORD,
        origin: SPEC_ORIGIN,
      } as const;
      const { requests, wrong } = await negativeInput(admin.app, async () => ({
        authorization: `Bearer ${(await admin.identity.logIn.run(signIn)).accessToken}`,
      }));
      expect(wrong).toEqual([]);
      expect(requests).toBeGreaterThan(700);
    },
    SLOW_MS,
  );
});
