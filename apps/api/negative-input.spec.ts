import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { negativeInput } from '@base/http/testing';
import { startApi, type TestApi } from './testing/start-api.js';

/** Grows with every operation that is added, and the machine may be busy. */
const SLOW_MS = 300_000;

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
  await api.identity.signUp('owner@example.com');
});
afterAll(() => api.stop());

describe('E1–E3, H3, H12, I1–I4, I10: hostile input to every operation of the customers’ API', () => {
  it(
    'is a 4xx that names the field, and never a 5xx, a hang or an inside view',
    async () => {
      const { requests, wrong } = await negativeInput(api.app, async () => ({
        authorization: `Bearer ${(await api.identity.signIn('owner@example.com')).accessToken}`,
      }));
      expect(wrong).toEqual([]);
      expect(requests).toBeGreaterThan(700);
    },
    SLOW_MS,
  );
});
