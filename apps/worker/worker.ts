import { type Clock, SandboxClock, systemClock } from '@base/clock';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { createWorkQueue, Jobs, Outbox } from '@base/jobs';
import { type Logger } from '@base/observability';
import { Ledger } from '@platform/ledger';
import { HighestTerm } from '@platform/venue-link';
import { type WorkerConfig } from './config.js';
import { registerApprovalsWork } from './approvals-work.js';
import { registerPaymentsWork } from './payments-work.js';
import { registerEventLogWork } from './event-log-work.js';
import { registerBrokerageWork } from './brokerage-work.js';
import { registerCustodyWork } from './custody-work.js';
import { registerIdentityWork } from './identity-work.js';
import { registerLedgerWork } from './ledger-work.js';
import { registerVenueWork } from './venue-work.js';

/** What every library's registration is given. */
export interface WorkerParts {
  readonly config: WorkerConfig;
  readonly database: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  readonly events: Events;
  readonly ledger: Ledger;
  /** Which of the exchange's primaries is the last: one memory for all that speak to it here. */
  readonly terms: HighestTerm;
  readonly logger: Logger;
}

export interface Worker {
  /** Rejects when what the worker stands on is not there. */
  ready(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Everything that happens later, registered and running: jobs out of the outbox, consumers of events, schedules. */
export async function startWorker(config: WorkerConfig, logger: Logger): Promise<Worker> {
  const database = new Database({ url: config.DATABASE_URL, applicationName: 'worker', max: 16 });
  // Readiness must answer when the other connections are all at work.
  const probe = new Database({ url: config.DATABASE_URL, applicationName: 'worker-probe', max: 1 });
  const sandboxClock = config.SANDBOX ? new SandboxClock(database) : undefined;
  await sandboxClock?.start();
  const clock = sandboxClock ?? systemClock;
  const jobs = new Jobs({ database, clock, logger });
  const events = new Events({ database, clock, logger });
  const ledger = new Ledger(database, clock);
  const parts: WorkerParts = {
    config,
    database,
    clock,
    jobs,
    outbox: new Outbox(database, clock),
    events,
    ledger,
    terms: new HighestTerm(),
    logger,
  };
  const stopLibraries = await register(parts);
  const queue = createWorkQueue({ databaseUrl: config.DATABASE_URL, redisUrl: config.REDIS_URL, logger });
  jobs.start(queue);
  events.start();
  return {
    ready: () => probe.query('SELECT 1'),
    stop: async () => {
      await Promise.all([jobs.stop(), events.stop()]);
      await stopLibraries();
      await ledger.close();
      sandboxClock?.stop();
      await Promise.all([database.close(), probe.close()]);
    },
  };
}

/** One line per library; answers how to stop what they started. */
async function register(parts: WorkerParts): Promise<() => Promise<void>> {
  await registerIdentityWork(parts);
  registerApprovalsWork(parts);
  registerLedgerWork(parts);
  await registerCustodyWork(parts);
  registerPaymentsWork(parts);
  const stopBrokerage = await registerBrokerageWork(parts);
  const stopVenue = registerVenueWork(parts);
  const stopEventLog = registerEventLogWork(parts);
  return async () => void (await Promise.all([stopBrokerage(), stopVenue(), stopEventLog()]));
}
