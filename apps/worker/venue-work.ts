import { custodySettingsOf, RequestWithdrawal } from '@platform/custody';
import { createPayments, railsOf, termsOf } from '@platform/payments';
import { ContinueWithdrawal, MOVE_ENDED, MoveToExchange, settlerSettingsOf, startVenueWork } from '@products/venue';
import { type WorkerParts } from './worker.js';

/** The exchange's settlement, when there is an exchange, and withdrawals that wait for it. Answers how to stop it. */
export function registerVenueWork(parts: WorkerParts): () => Promise<void> {
  const settings = settlerSettingsOf(parts.config);
  if (settings === undefined) return () => Promise.resolve();
  continueWithdrawals(parts);
  return startVenueWork(parts, { ...settings, terms: parts.terms });
}

const SWEEP_MS = 15_000;

function continueWithdrawals({ config, database, clock, logger, ledger, outbox, events, jobs }: WorkerParts): void {
  const { withdrawable } = createPayments(
    { database, clock, logger, ledger, outbox, events, ...railsOf(config) },
    { terms: termsOf(config) },
  );
  const continuing = new ContinueWithdrawal(
    new RequestWithdrawal(ledger, withdrawable, outbox, custodySettingsOf(config), clock),
    new MoveToExchange(database, ledger, clock),
    clock,
  );
  events.consume({
    consumer: 'venue.withdrawals',
    types: MOVE_ENDED,
    handle: (tx, event) => continuing.follow(tx, event),
  });
  jobs.every({
    kind: 'venue.continue-withdrawals',
    everyMs: SWEEP_MS,
    run: () =>
      continuing.sweep(database, (transfer, error) => logger.error({ transfer, err: error }, 'a withdrawal from the exchange does not go on')), // prettier-ignore
  });
}
