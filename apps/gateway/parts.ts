import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Logger } from '@base/observability';
import { type Access } from './access/access.js';
import { type OrderDesk } from './desk/order-desk.js';
import { type VenueFeed } from './desk/venue-feed.js';

/** What every door stands on. */
export interface GatewayParts {
  readonly desk: OrderDesk;
  readonly feed: VenueFeed;
  readonly access: Access;
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A listening door of the venue. */
export interface Door {
  readonly port: number;
  /** Takes nobody new, lets what is under way end, and cuts off what has not after `graceMs`. */
  close(graceMs: number): Promise<void>;
}
