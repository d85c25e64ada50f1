import { z } from 'zod';
import { type Events } from '@base/events';
import { type Jobs } from '@base/jobs';
import { type Brokerage } from './create-brokerage.js';
import { PAYMENT_EVENTS, TREASURY_EVENTS } from './follow-payments.js';
import { CLAW_BACK } from './reverse-order.js';

const REAP_EVERY_MS = 1_000;
const HEDGE_EVERY_MS = 2_000;

export interface BrokerageJobsParts {
  readonly jobs: Jobs;
  readonly events: Events;
}

/** What a worker does for the brokerage: reapers, claw-backs, and the consumers of what payments and custody tell. */
export function registerBrokerageJobs({ jobs, events }: BrokerageJobsParts, brokerage: Brokerage): void {
  jobs.every({
    kind: 'brokerage.reap-orders',
    everyMs: REAP_EVERY_MS,
    run: async () => void (await brokerage.reap.run()),
  });
  jobs.every({
    kind: 'brokerage.expire-quotes',
    everyMs: REAP_EVERY_MS,
    run: async () => void (await brokerage.reap.expireQuotes(brokerage.quotes)),
  });
  jobs.register({
    kind: CLAW_BACK,
    schema: z.strictObject({ orderId: z.uuid() }),
    handle: async (tx, { orderId }) => void (await brokerage.reverseOrder.clawBack(tx, orderId)),
  });
  const { followPayments, hedgeHouse } = brokerage;
  if (hedgeHouse) jobs.every({ kind: 'brokerage.hedge', everyMs: HEDGE_EVERY_MS, run: () => hedgeHouse.run() });
  events.consume({
    consumer: 'brokerage.follow-payments',
    types: PAYMENT_EVENTS,
    handle: (tx, event) => followPayments.payment(tx, event),
  });
  events.consume({
    consumer: 'brokerage.follow-treasury',
    types: TREASURY_EVENTS,
    handle: (tx, event) => followPayments.treasury(tx, event),
  });
}
