import { Audit } from '@platform/audit';
import { ExecuteApprovals } from '@platform/approvals';
import { BUST_TRADE, BustTrade, executeBust, executeRelease, OperateVenue, OperatorLink, operatorSettingsOf, RELEASE_KILL_SWITCH } from '@products/venue'; // prettier-ignore
import { type WorkerParts } from './worker.js';

/** What operators approved is carried out here; a line for each kind of request. */
export function registerApprovalsWork({ config, database, clock, events, jobs }: WorkerParts): void {
  const audit = new Audit(clock);
  const executions = new ExecuteApprovals({ database, clock, audit });
  const settings = operatorSettingsOf(config);
  const venue = new OperateVenue(database, settings && new OperatorLink(settings), audit, clock);
  executions.register(BUST_TRADE, executeBust(new BustTrade(database, events, clock)));
  executions.registerOutside(RELEASE_KILL_SWITCH, executeRelease(database, venue));
  executions.registerJobs(jobs);
}
