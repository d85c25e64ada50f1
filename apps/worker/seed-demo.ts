import { randomBytes } from 'node:crypto';
import { type Clock } from '@base/clock';
import { type Secret } from '@base/config';
import { type Database } from '@base/database';
import { OPERATOR_ROLES } from '@base/http';
import { PasswordHasher, SeedPeople, type SeededCustomer, type SeededOperator } from '@platform/identity';
import { SANDBOX_TRADERS, type TraderKey } from './sandbox-traders.js';

/** Published, and therefore never made outside of a sandbox. `npm start` prints them. */
export const DEMO_CUSTOMERS: readonly SeededCustomer[] = [
  { email: 'demo@strongroom.example', password: 'sandbox-harbour-lantern-27', tier: 2 },
];

/** Two, because what needs four eyes needs another pair of them. */
export const DEMO_OPERATORS: readonly SeededOperator[] = [
  {
    email: 'operator@strongroom.example',
    password: 'sandbox-osier-kestrel-31',
    displayName: 'Demo operator',
    roles: OPERATOR_ROLES,
  },
  {
    email: 'approver@strongroom.example',
    password: 'sandbox-tulip-anvil-58',
    displayName: 'Second pair of eyes',
    roles: OPERATOR_ROLES,
  },
];

/** The people of the sandbox. A second run finds them there and changes nothing. */
export async function seedDemo(database: Database, clock: Clock): Promise<void> {
  const people = new SeedPeople(database, new PasswordHasher(), clock);
  for (const customer of DEMO_CUSTOMERS) await people.customer(customer);
  for (const operator of DEMO_OPERATORS) await people.operator(operator);
}

const KEY_DAYS = 3_650;

/** The sandbox's own traders, each with the key that its program is given. Nobody signs in as them: their passwords are forgotten at once. */
export async function seedTraders(
  database: Database,
  clock: Clock,
  keys: Readonly<Partial<Record<TraderKey, Secret | undefined>>>,
): Promise<void> {
  const people = new SeedPeople(database, new PasswordHasher(), clock);
  for (const { email, key, label } of SANDBOX_TRADERS) {
    const secret = keys[key]?.reveal();
    if (secret === undefined) continue;
    await people.customer({ email, password: randomBytes(24).toString('base64url'), tier: 3 });
    await people.apiKey({ email, label, secret, scopes: ['view', 'trade'], expiresInDays: KEY_DAYS });
  }
}
