import { type GatewayParts } from '../parts.js';
import { type History, type MissedReports } from './application/history.js';
import { type ClientOrderIds } from './client-order-ids.js';
import { type ReportTap } from './report-tap.js';
import { type SessionStore } from './session-store.js';

export interface FixSettings {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** PEM; without them the door speaks plain TCP and belongs behind something that does TLS. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Ours: what clients put into TargetCompID. */
  readonly compId: string;
  readonly clockSkewMaxMs: number;
  /** From the connection to a Logon that is right. */
  readonly logonTimeoutMs: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** Beyond this rate the socket is not read. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Requests that wait for the venue; with more the socket is not read. */
  readonly inFlightMax: number;
  /** A request that the venue does not answer for so long ends the connection, unanswered. */
  readonly venuePatienceMs: number;
  /** How long a logon waits for settlement to come to where memory begins. */
  readonly catchUpPatienceMs: number;
  /** How long a logon waits for another connection or gateway to let go of the CompID. */
  readonly heldPatienceMs: number;
  readonly marketDataIntervalMs: number;
  /** How long what was sent can be sent again; a gap fill stands for what is older. */
  readonly messagesKeptMs: number;
  readonly now: () => number;
}

export const FIX_DEFAULTS: FixSettings = {
  host: '127.0.0.1',
  port: 3012,
  compId: 'EXCHANGE',
  clockSkewMaxMs: 120_000,
  logonTimeoutMs: 10_000,
  connectionsMax: 2_000,
  connectionsPerAddressMax: 200,
  messagesPerSecond: 1_000,
  messageBurst: 2_000,
  inFlightMax: 500,
  venuePatienceMs: 20_000,
  catchUpPatienceMs: 15_000,
  heldPatienceMs: 3_000,
  marketDataIntervalMs: 50,
  messagesKeptMs: 7 * 86_400_000,
  now: Date.now,
};

/** What every connection of the door shares. */
export interface FixParts extends GatewayParts {
  readonly store: SessionStore;
  readonly ids: ClientOrderIds;
  readonly tap: ReportTap;
  readonly history: History;
  readonly missed: MissedReports;
}
