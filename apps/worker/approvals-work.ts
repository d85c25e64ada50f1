import { Audit } from '@platform/audit';
import { ExecuteApprovals } from '@platform/approvals';
import { type WorkerParts } from './worker.js';

/** What operators approved is carried out here; each library's owner adds the executors of its actions. */
export function registerApprovalsWork({ database, clock, jobs }: WorkerParts): ExecuteApprovals {
  const executions = new ExecuteApprovals({ database, clock, audit: new Audit(clock) });
  executions.registerJobs(jobs);
  return executions;
}
