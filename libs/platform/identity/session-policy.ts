import { type Realm } from './principal.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface SessionLifetimes {
  readonly accessMs: number;
  /** Without a request for this long, the session has ended. */
  readonly idleMs: number;
  /** However busy, the session ends this long after it was opened. */
  readonly absoluteMs: number;
}

/** NIST SP 800-63B-4, AAL2: at most a day over all and an hour idle; operators, who move other people's money, less. */
export const SESSION_LIFETIMES: Readonly<Record<Realm, SessionLifetimes>> = {
  customer: { accessMs: 15 * MINUTE_MS, idleMs: HOUR_MS, absoluteMs: 24 * HOUR_MS },
  operator: { accessMs: 15 * MINUTE_MS, idleMs: 30 * MINUTE_MS, absoluteMs: 12 * HOUR_MS },
};

/** How exactly the last use of a session or an API key is remembered; writing it on every request would cost more than it tells. */
export const LAST_USE_PRECISION_MS = MINUTE_MS;

/** After a change of credentials, withdrawals wait this long: whoever stole the account has not won yet, and the owner has our message. */
export const WITHDRAWAL_HOLD_MS = 24 * HOUR_MS;

/** Where an account was used within this time, it is at home. */
export const KNOWN_NETWORK_MS = 90 * 24 * HOUR_MS;
