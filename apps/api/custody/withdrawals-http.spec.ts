import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { parseRate } from '@core/money';
import { account, Ledger } from '@platform/ledger';
import { defineTestKinds, fund } from '@platform/ledger/testing';
import { PAYMENTS, type Payments } from '@platform/payments';
import { placeValueHold } from '@platform/payments/testing';
import { pairOf, Prices } from '@platform/pricing';
import { startApi, type TestApi } from '../testing/start-api.js';

const DAY_MS = 86_400_000;
/** The example of BIP-173, on the regression test network: nobody's here. */
const OUTSIDE = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';

let api: TestApi;
let ledger: Ledger;

beforeAll(async () => {
  api = await startApi();
  ledger = api.app.get(Ledger);
  await defineTestKinds(api.db.owner);
});
afterAll(() => api.stop());

// Prices and fees are refused once they are old, and the machine may be slow.
beforeEach(async () => {
  for (const source of ['alpha', 'bravo']) {
    const { base, quote } = pairOf('BTC-USD');
    api.app.get(Prices).observe(source, 'BTC-USD', parseRate('60000', base, quote));
  }
  await api.db.owner.query(
    `INSERT INTO custody.fee_rate (chain_id, rate, at) VALUES ('bitcoin:regtest', 1000, $1)
     ON CONFLICT (chain_id) DO UPDATE SET at = EXCLUDED.at`,
    [api.process.clock.now()],
  );
});

interface Holder {
  readonly id: string;
  readonly withdraw: (amount: string) => Promise<{ status: number; body: { code?: string; field?: string } }>;
  /** What a withdrawal would have written. */
  readonly written: () => Promise<{ intents: bigint; jobs: bigint; held: bigint; available: bigint }>;
}

async function holderOf(satoshi: bigint): Promise<Holder> {
  const email = `${randomUUID()}@example.com`;
  const id = await api.identity.signUp(email);
  const { accessToken } = await api.identity.signIn(email);
  await fund(ledger, account('customer_available', 'BTC', id), satoshi);
  return {
    id,
    withdraw: async (amount) => {
      const headers = { authorization: `Bearer ${accessToken}`, 'idempotency-key': randomUUID() };
      const payload = { asset: 'BTC', destination: OUTSIDE, amount };
      const answer = await api.app.inject({ method: 'POST', url: '/v1/withdrawals', headers, payload });
      return { status: answer.statusCode, body: answer.json() };
    },
    written: async () => ({
      ...(await api.db.owner.one<{ intents: bigint; jobs: bigint }>(
        `SELECT (SELECT count(*) FROM custody.intent WHERE customer_id = $1) AS intents,
                (SELECT count(*) FROM base.outbox WHERE kind = 'custody.drive-withdrawals') AS jobs`,
        [id],
      )),
      held: await ledger.balance(account('customer_hold', 'BTC', id)),
      available: await ledger.balance(account('customer_available', 'BTC', id)),
    }),
  };
}

/** So many cents came by card a moment ago, and the card may take them back. */
const keepIn = (customerId: string, cents: bigint): Promise<void> => {
  const startsAt = api.process.clock.now();
  const expiresAt = new Date(startsAt.getTime() + DAY_MS);
  const from = { reason: 'card_payment', source: 'card-payment', sourceId: randomUUID() } as const;
  return api.db.app.transaction(async (tx) => {
    // Payments gets to know the customer by it.
    await api.app.get<Payments>(PAYMENTS).depositReferences.standing(tx, customerId);
    await placeValueHold(tx, { customerId, asset: 'USD', amount: cents, startsAt, expiresAt, ...from });
  });
};

// One bitcoin at 60,000 USD covers 48,000 of a hold, for coins count for four fifths of their price.
describe('coins bought with money that a card can still take back', () => {
  it('stay: the withdrawal is refused and nothing is written', async () => {
    const ada = await holderOf(10n ** 8n);
    await keepIn(ada.id, 48_000_00n);
    const before = await ada.written();
    const { status, body } = await ada.withdraw('0.00100000');
    expect([status, body.code, body.field]).toEqual([422, 'funds_on_hold', 'amount']);
    expect(await ada.written()).toEqual(before);
  });

  it('leave where there is no hold', async () => {
    const ada = await holderOf(10n ** 8n);
    expect(await ada.withdraw('0.90000000')).toMatchObject({ status: 201, body: { state: 'requested' } });
    expect(await ada.written()).toMatchObject({ intents: 1n });
  });

  it('leave as far as the rest covers the hold, and the fee counts for what leaves', async () => {
    const ada = await holderOf(10n ** 8n);
    // What is free is worth 4,800 USD: a tenth of a bitcoin, less what the network costs.
    await keepIn(ada.id, 43_200_00n);
    expect(await ada.withdraw('0.10000000')).toMatchObject({ status: 422, body: { code: 'funds_on_hold' } });
    expect(await ada.withdraw('0.09900000')).toMatchObject({ status: 201 });
  });

  it('are not counted twice by withdrawals that come at once', async () => {
    const ada = await holderOf(10n ** 8n);
    await keepIn(ada.id, 40_000_00n);
    const answers = await Promise.all(Array.from({ length: 6 }, () => ada.withdraw('0.06000000')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 422, 422, 422, 422]);
    for (const { status, body } of answers) if (status === 422) expect(body.code).toBe('funds_on_hold');
    expect(await ada.written()).toMatchObject({ intents: 2n });
  });
});
