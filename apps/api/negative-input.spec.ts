import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rowCounts } from '@base/database/testing';
import { amountsAndNumbers, amountsAsNumbers, amountsAsStrings, negativeInput } from '@base/http/testing';
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
      expect(requests).toBeGreaterThan(3_000);
    },
    SLOW_MS,
  );
});

describe('E2: an amount as a JSON number, in every operation of the customers’ API', () => {
  it('E2: is refused by name, is never rounded into one, and writes no row', async () => {
    const { amounts, numbers } = await amountsAndNumbers(api.app);
    expect(amounts).toEqual(
      expect.arrayContaining([
        'POST /v1/brokerage/orders/{id}/accept-reprice minimumOut',
        'POST /v1/brokerage/quotes amount',
        'POST /v1/payments/card-payments amount',
        'POST /v1/payments/withdrawals amount',
        'POST /v1/withdrawals amount',
        'POST /v1/withdrawals maxFee',
      ]),
    );
    // A count and a rate. Whoever adds a number decides here that it is no amount.
    expect(numbers).toEqual(['POST /v1/api-keys expiresInDays', 'POST /v1/brokerage/orders toleranceBps']);

    const { accessToken } = await api.identity.signIn('owner@example.com');
    const headersFor = (): Promise<Record<string, string>> =>
      Promise.resolve({ authorization: `Bearer ${accessToken}` });
    const before = await rowCounts(api.db.owner);
    expect(await amountsAsNumbers(api.app, headersFor)).toEqual([]);
    expect(await rowCounts(api.db.owner)).toEqual(before);
    expect(await amountsAsStrings(api.app, headersFor)).toEqual([]);
  });
});
