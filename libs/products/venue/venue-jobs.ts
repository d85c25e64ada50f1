import { type Jobs } from '@base/jobs';
import { HighestTerm, readBalances } from '@platform/venue-link';
import { measureTransfers } from './measure-settlement.js';
import { ReconcileExchange } from './reconcile.js';
import { Settler, type SettlerParts, type SettlerSettings } from './settler.js';

const RECONCILE_MS = 60_000;
const MEASURE_MS = 5_000;
const MONTHS_MS = 6 * 3_600_000;
/** Next month's partitions are made this long before it begins. */
const MONTH_AHEAD_MS = 7 * 86_400_000;

/** Follows the exchange in this process: settlement, reconciliation, partitions ahead of their month. Answers how to stop. */
export function startVenueWork(
  parts: SettlerParts & { readonly jobs: Jobs },
  given: SettlerSettings,
): () => Promise<void> {
  const { database, clock, jobs } = parts;
  const settings = { terms: new HighestTerm(), ...given };
  const { addresses, key, terms } = settings;
  const reconcile = new ReconcileExchange(parts, (sequence) =>
    readBalances({ addresses, key, keyName: 'settlement', terms }, sequence),
  );
  jobs.every({ kind: 'venue.reconcile', everyMs: RECONCILE_MS, run: async () => void (await reconcile.run()) });
  jobs.every({ kind: 'venue.measure', everyMs: MEASURE_MS, run: () => measureTransfers(database, clock.now()) });
  jobs.every({
    kind: 'venue.open-months',
    everyMs: MONTHS_MS,
    run: async () => {
      const now = clock.now();
      for (const moment of [now, new Date(now.getTime() + MONTH_AHEAD_MS)])
        await database.query('SELECT venue.open_month($1)', [moment]);
    },
  });
  const settler = new Settler(parts, settings);
  settler.start();
  return () => settler.stop();
}
