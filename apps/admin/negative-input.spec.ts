import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OPERATOR_ROLES } from '@base/http';
import { rowCounts } from '@base/database/testing';
import { amountsAndNumbers, amountsAsNumbers, amountsAsStrings, negativeInput } from '@base/http/testing';
import { SPEC_ORIGIN, SPEC_PASSWORD } from '@platform/identity/testing';
import { startAdmin, type TestAdmin } from './testing/start-admin.js';

/** Grows with every operation that is added, and the machine may be busy. */
const SLOW_MS = 300_000;
const SHARE = process.env['TORTURE'] ? 1 : 0.35;

let admin: TestAdmin;

beforeAll(async () => {
  admin = await startAdmin();
  await admin.identity.hire('all@strongroom.example', OPERATOR_ROLES);
});
afterAll(() => admin.stop());

const credentials = {
  realm: 'operator',
  email: 'all@strongroom.example',
  password: SPEC_PASSWORD,
  origin: SPEC_ORIGIN,
} as const;
const signIn = async (): Promise<Record<string, string>> => ({
  authorization: `Bearer ${(await admin.identity.logIn.run(credentials)).accessToken}`,
});

describe('E1–E3, H3, H12, I1–I4, I10: hostile input to every operation of the operators’ API', () => {
  it(
    'is a 4xx that names the field, and never a 5xx, a hang or an inside view',
    async () => {
      const { requests, wrong } = await negativeInput(admin.app, signIn, SHARE);
      expect(wrong).toEqual([]);
      expect(requests).toBeGreaterThan(1_500);
    },
    SLOW_MS,
  );
});

describe('E2: an amount as a JSON number, in every operation of the operators’ API', () => {
  it('E2: is refused by name, is never rounded into one, and writes no row', async () => {
    const { amounts, numbers } = await amountsAndNumbers(admin.app);
    expect(amounts).toEqual(
      expect.arrayContaining([
        'POST /v1/house/inventory amount',
        'POST /v1/payments/card-payments/{id}/refunds amount',
        'PUT /v1/house/limits/{asset} hard',
        'PUT /v1/house/limits/{asset} soft',
      ]),
    );
    // Ranks, times, rates and places in a stream. Whoever adds a number decides here that it is no amount.
    expect(numbers).toEqual([
      'PUT /v1/customers/{id}/tier tier',
      'POST /v1/venue/instruments initialMarginPpm',
      'POST /v1/venue/instruments maintenanceMarginPpm',
      'PUT /v1/venue/instruments/{symbol}/fees tier',
      'PUT /v1/venue/instruments/{symbol}/fees makerPpm',
      'PUT /v1/venue/instruments/{symbol}/fees takerPpm',
      'PUT /v1/venue/instruments/{symbol}/bands pricePpm',
      'PUT /v1/venue/instruments/{symbol}/bands protectionPpm',
      'PUT /v1/venue/instruments/{symbol}/bands haltPpm',
      'PUT /v1/venue/instruments/{symbol}/bands haltWindowMs',
      'PUT /v1/venue/instruments/{symbol}/bands reopenAfterMs',
      'PUT /v1/venue/accounts/{customerId} tier',
      'POST /v1/venue/busts index',
      'POST /v1/sandbox/clock/advance milliseconds',
    ]);

    const headers = await signIn();
    const before = await rowCounts(admin.db.owner);
    expect(await amountsAsNumbers(admin.app, () => Promise.resolve(headers))).toEqual([]);
    expect(await rowCounts(admin.db.owner)).toEqual(before);
    expect(await amountsAsStrings(admin.app, () => Promise.resolve(headers))).toEqual([]);
  });
});
