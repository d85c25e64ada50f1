import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { OPERATOR_ROLES } from '@base/http';
import { PasswordHasher, SeedPeople, type SeededCustomer, type SeededOperator } from '@platform/identity';

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
