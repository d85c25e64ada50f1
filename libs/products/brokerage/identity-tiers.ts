import { type Queryable } from '@base/database';
import { findCustomer } from '@platform/identity';
import { type CustomerTiers, type Tier } from './limits.js';

/**
 * Tiers as identity keeps them. `atLeast` lifts every customer with a verified address: a sandbox has nobody who checks documents, and its
 * customers must be able to try everything.
 */
export class IdentityTiers implements CustomerTiers {
  constructor(private readonly atLeast: Tier = 0) {}

  async tierOf(db: Queryable, customerId: string): Promise<Tier> {
    const customer = await findCustomer(db, customerId);
    if (!customer || customer.emailVerifiedAt === null) return 0;
    return Math.max(customer.tier, this.atLeast) as Tier;
  }
}
