import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Ledger } from './ledger.js';
import { LedgerAuditor } from './ledger-auditor.js';

/** The process's one ledger, by its class, for the modules of an app. */
@Global()
@Module({
  providers: [
    {
      provide: Ledger,
      useFactory: (database: Database, clock: Clock) => new Ledger(database, clock),
      inject: [Database, CLOCK],
    },
    {
      provide: LedgerAuditor,
      useFactory: (database: Database, clock: Clock) => new LedgerAuditor(database, clock),
      inject: [Database, CLOCK],
    },
  ],
  exports: [Ledger, LedgerAuditor],
})
export class LedgerModule implements OnApplicationShutdown {
  constructor(@Inject(Ledger) private readonly ledger: Ledger) {}

  /** What waits in the poster is posted before the database's connections go. */
  onApplicationShutdown(): Promise<void> {
    return this.ledger.close();
  }
}
