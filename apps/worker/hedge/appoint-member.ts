import { z } from 'zod';
import { ConfigurationError, type Secret, secretText } from '@base/config';
import { ApiKeyStandings } from '@platform/identity';
import { appointHedgeMember, type HedgeVenue } from '@products/brokerage';
import { type WorkerParts } from '../worker.js';
import { MemberApi } from './member-api.js';
import { OwnVenue } from './own-venue.js';

/** Without them the house holds its positions within their limits. */
export const hedgeConfig = {
  HEDGE_REST_URL: z.url({ protocol: /^https?$/ }).optional(),
  HEDGE_API_SECRET: secretText(24).optional(),
};

/**
 * The venue that the environment names. The house trades in the name of the customer whose key it was given, and of no other from then on.
 * @throws ConfigurationError when the key is nobody's, or may not trade
 */
export async function openHedgeVenue(
  { database, ledger, clock }: WorkerParts,
  { HEDGE_REST_URL: url, HEDGE_API_SECRET: secret }: { HEDGE_REST_URL?: string | undefined; HEDGE_API_SECRET?: Secret | undefined }, // prettier-ignore
): Promise<HedgeVenue | undefined> {
  if (url === undefined || secret === undefined) return undefined;
  const standing = await new ApiKeyStandings(database, clock).bySecret(secret.reveal());
  if (standing === undefined || !standing.scopes.includes('trade'))
    throw new ConfigurationError('HEDGE_API_SECRET is no key that may trade');
  const venue = new OwnVenue({ database, ledger, clock }, new MemberApi(url, secret));
  await appointHedgeMember(database, ledger, { customerId: standing.customerId, venue: venue.name, at: clock.now() });
  return venue;
}
