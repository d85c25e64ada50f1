import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { auditInvariants, type Violation } from './audit-invariants.js';
import { type ChainHead, type ChainReport, readHead, sealBlocks, verifyChain, type VerifyOptions } from './chain.js';
import { type OverdueClearing, readOverdueClearing, readSolvency, type Solvency } from './solvency.js';

/** Looks at the ledger from outside its hot path: whether its invariants hold, its history is untouched, and its owners are covered. */
export class LedgerAuditor {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Empty when every invariant holds. */
  invariants(): Promise<Violation[]> {
    return auditInvariants(this.database);
  }

  /** Seals what has become final. Answers the new head, to be published outside; null when there was nothing to seal. */
  seal(): Promise<ChainHead | null> {
    return sealBlocks(this.database, this.clock.now());
  }

  head(): Promise<ChainHead | null> {
    return readHead(this.database);
  }

  /** Recomputes the sealed history. */
  verify(options?: VerifyOptions): Promise<ChainReport> {
    return verifyChain(this.database, options);
  }

  solvency(): Promise<Solvency[]> {
    return readSolvency(this.database);
  }

  /** Clearing accounts with something on them for longer than their type allows. */
  overdueClearing(): Promise<OverdueClearing[]> {
    return readOverdueClearing(this.database, this.clock.now());
  }

  /** Keeps each account's balance at the end of a day (UTC, `YYYY-MM-DD`); once, however often it is asked. Answers how many accounts. */
  async snapshot(day: string): Promise<bigint> {
    const row = await this.database.one<{ n: bigint }>('SELECT ledger.take_snapshot($1::date, $2) AS n', [
      day,
      this.clock.now(),
    ]);
    return row.n;
  }

  /** From now on no transfer takes effect before `through`. @throws an error with SQLSTATE LG010 when it is not over, or closed already */
  async closePeriod(through: Date, by: string): Promise<void> {
    await this.database.query('SELECT ledger.close_period($1, $2, $3)', [through, by, this.clock.now()]);
  }
}
