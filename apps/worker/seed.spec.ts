import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { Secret } from '@base/config';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { ApiKeyStandings, listCustomers, listOperators } from '@platform/identity';
import { createTestIdentity, SPEC_ORIGIN } from '@platform/identity/testing';
import { SANDBOX_TRADERS } from './sandbox-traders.js';
import { DEMO_CUSTOMERS, DEMO_OPERATORS, seedDemo, seedTraders } from './seed-demo.js';

let db: TestDatabase;
const clock = new ManualClock();

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

describe('the people of the sandbox', () => {
  it('can sign in with what is published, and a second seeding changes nothing', async () => {
    await seedDemo(db.app, clock);
    const before = await db.owner.query('SELECT * FROM identity.principal ORDER BY id');
    await seedDemo(db.app, clock);
    expect(await db.owner.query('SELECT * FROM identity.principal ORDER BY id')).toEqual(before);

    const identity = createTestIdentity(db.app, clock);
    for (const { email, password } of DEMO_CUSTOMERS) {
      await expect(
        identity.logIn.run({ realm: 'customer', email, password, origin: SPEC_ORIGIN }),
      ).resolves.toBeDefined();
    }
    for (const { email, password } of DEMO_OPERATORS) {
      await expect(
        identity.logIn.run({ realm: 'operator', email, password, origin: SPEC_ORIGIN }),
      ).resolves.toBeDefined();
    }
    expect(await listCustomers(db.app, { limit: 9 })).toMatchObject([{ email: 'demo@strongroom.example', tier: 2 }]);
    expect(await listOperators(db.app, undefined, 9)).toHaveLength(2);
  });

  it('who trade have the key that their program was given, which may trade and no more', async () => {
    const keys = { MARKET_MAKER_SECRET: new Secret('m'.repeat(32)), MARKET_TAKER_SECRET: undefined };
    await seedTraders(db.app, clock, keys);
    await seedTraders(db.app, clock, keys);
    const [maker] = await listCustomers(db.app, { email: SANDBOX_TRADERS[0]!.email, limit: 1 });
    const standing = await new ApiKeyStandings(db.app, clock).bySecret('m'.repeat(32));
    expect(standing).toMatchObject({ customerId: maker?.id, scopes: ['view', 'trade'], isFrozen: false });
    expect(await listCustomers(db.app, { email: SANDBOX_TRADERS[1]!.email, limit: 1 })).toEqual([]);
    expect(await db.owner.query('SELECT id FROM identity.api_key')).toHaveLength(1);
  });
});
