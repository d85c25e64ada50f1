import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { listCustomers, listOperators } from '@platform/identity';
import { createTestIdentity, SPEC_ORIGIN } from '@platform/identity/testing';
import { DEMO_CUSTOMERS, DEMO_OPERATORS, seedDemo } from './seed-demo.js';

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
});
