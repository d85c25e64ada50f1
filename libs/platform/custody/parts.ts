import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Events } from '@base/events';
import { type Logger } from '@base/observability';
import { type Ledger } from '@platform/ledger';

/** What every step of custody stands on. */
export interface CustodyParts {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly events: Events;
  readonly clock: Clock;
  readonly logger: Logger;
}
