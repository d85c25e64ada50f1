import { createPayments, railsOf, termsOf } from '@platform/payments';
import { createPricing, priceSourcesOf, registerPricingJobs } from '@platform/pricing';
import { createBrokerage, IdentityTiers, PlatformPayments, registerBrokerageJobs } from '@products/brokerage';
import { openHedgeVenue } from './hedge/appoint-member.js';
import { type WorkerParts } from './worker.js';

/** Prices, their closes, and orders that go on without their customer. Answers how to let go of the price sources. */
export async function registerBrokerageWork(parts: WorkerParts): Promise<() => Promise<void>> {
  const { config, database, clock, logger, ledger, outbox, events, jobs } = parts;
  const pricing = createPricing(parts, { sources: priceSourcesOf(config, logger) });
  registerPricingJobs(jobs, pricing);
  const payments = createPayments(
    { database, clock, logger, ledger, outbox, events, ...railsOf(config) },
    { terms: termsOf(config) },
  );
  const brokerage = createBrokerage(
    {
      ...parts,
      pricing,
      payments: new PlatformPayments(payments, clock),
      tiers: new IdentityTiers(config.SANDBOX ? 3 : 0),
      hedgeVenue: await openHedgeVenue(parts, config),
    },
    { quoteSigningKey: config.QUOTE_SIGNING_KEY },
  );
  registerBrokerageJobs({ jobs, events }, brokerage);
  await pricing.start();
  return () => pricing.stop();
}
