import { Global, Module } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Outbox } from '@base/jobs';
import { Audit } from '@platform/audit';
import { DecideApproval } from './decide-approval.js';
import { RequestApproval } from './request-approval.js';

/** Asking and deciding; execution happens in the worker. */
@Global()
@Module({
  providers: [
    {
      provide: RequestApproval,
      useFactory: (audit: Audit, clock: Clock) => new RequestApproval(audit, clock),
      inject: [Audit, CLOCK],
    },
    {
      provide: DecideApproval,
      useFactory: (outbox: Outbox, audit: Audit, clock: Clock) => new DecideApproval(outbox, audit, clock),
      inject: [Outbox, Audit, CLOCK],
    },
  ],
  exports: [RequestApproval, DecideApproval],
})
export class ApprovalsModule {}
