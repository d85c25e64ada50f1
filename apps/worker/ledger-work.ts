import { LedgerAuditor } from '@platform/ledger';
import { type WorkerParts } from './worker.js';

const EXPIRE_EVERY_MS = 1_000;
const SEAL_EVERY_MS = 5_000;
const AUDIT_EVERY_MS = 60_000;
const SNAPSHOT_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Giving expired holds back, sealing the history and publishing its head, daily snapshots, and watching that the books are sound. */
export function registerLedgerWork({ database, clock, jobs, events, ledger, logger }: WorkerParts): void {
  const auditor = new LedgerAuditor(database, clock);
  jobs.every({
    kind: 'ledger.expire-holds',
    everyMs: EXPIRE_EVERY_MS,
    run: async () => void (await ledger.expireHolds()),
  });
  jobs.every({
    kind: 'ledger.seal',
    everyMs: SEAL_EVERY_MS,
    run: async () => {
      const head = await auditor.seal();
      if (head === null) return;
      // The event log leaves the database, which is what shows that the chain's tail was cut off.
      const payload = { seq: head.seq.toString(), hash: head.hash };
      await database.transaction((tx) =>
        events.append(tx, { type: 'ledger.sealed', aggregate: 'ledger-chain', aggregateId: 'ledger', payload }),
      );
    },
  });
  jobs.every({
    kind: 'ledger.audit',
    everyMs: AUDIT_EVERY_MS,
    run: async () => {
      const { totals } = await ledger.trialBalance();
      for (const [asset, total] of Object.entries(totals)) {
        if (total !== 0n) logger.error({ asset, total: total.toString() }, 'the books do not sum to zero');
      }
      for (const { asset, surplus } of await auditor.solvency()) {
        if (surplus < 0n) logger.error({ asset, surplus: surplus.toString() }, 'customers are not covered');
      }
      for (const { path, overdue } of await auditor.overdueClearing()) {
        logger.warn({ account: path, overdue: overdue.toString() }, 'a clearing account is overdue');
      }
    },
  });
  jobs.every({
    kind: 'ledger.snapshot',
    everyMs: SNAPSHOT_EVERY_MS,
    run: async () => {
      const yesterday = new Date(clock.now().getTime() - DAY_MS).toISOString().slice(0, 10);
      await auditor.snapshot(yesterday);
    },
  });
}
