import { Audit } from '@platform/audit';
import { ExecuteApprovals } from '@platform/approvals';
import { BUST_TRADE, BustTrade, executeBust } from '@products/venue';
import { type WorkerParts } from './worker.js';

/** What operators approved is carried out here; a line for each kind of request. */
export function registerApprovalsWork({ database, clock, events, jobs }: WorkerParts): void {
  const executions = new ExecuteApprovals({ database, clock, audit: new Audit(clock) });
  executions.register(BUST_TRADE, executeBust(new BustTrade(database, events, clock)));
  executions.registerJobs(jobs);
}
