import { z } from 'zod';
import { loadConfig, port, secretText, type Secret } from '@base/config';
import { LINK_ROLES, type LinkRole } from '@core/contracts';
import { type ExchangeSettings } from './exchange-settings.js';
import { type LinkKey } from './link.js';
import { type Peer } from './standby/announce-term.js';

const KEY_LENGTH = 24;
const MIB = 1024 * 1024;
const count = (fallback: number) => z.coerce.number().int().min(1).default(fallback);

const flag = z.enum(['0', '1']).default('0');

const shape = {
  EXCHANGE_DATA_DIR: z.string().min(1),
  EXCHANGE_SOCKET: z.string().min(1).optional(),
  EXCHANGE_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  LISTEN_ADDRESS: z.string().min(1).default('127.0.0.1'),
  EXCHANGE_METRICS_PORT: port(3003),
  EXCHANGE_GATEWAY_KEY: secretText(KEY_LENGTH),
  EXCHANGE_SETTLEMENT_KEY: secretText(KEY_LENGTH),
  EXCHANGE_OPERATOR_KEY: secretText(KEY_LENGTH),
  EXCHANGE_OBSERVER_KEY: secretText(KEY_LENGTH),
  EXCHANGE_STANDBY_KEY: secretText(KEY_LENGTH),
  EXCHANGE_JOURNAL_MODE: z.enum(['inline', 'thread', 'adaptive']).default('adaptive'),
  EXCHANGE_SEGMENT_MIB: count(64),
  EXCHANGE_EVENTS_MIB: count(64),
  EXCHANGE_HEARTBEAT_MS: count(1_000),
  EXCHANGE_SNAPSHOT_COMMANDS: count(1_000_000),
  EXCHANGE_SNAPSHOT_MINUTES: count(10),
  EXCHANGE_SNAPSHOT_PAUSE_US: count(1_000),
  EXCHANGE_FOLLOWS: z.string().min(1).optional(),
  EXCHANGE_SYNCHRONOUS: flag,
  EXCHANGE_DISCARD_TAIL: flag,
  EXCHANGE_COMPARE_COMMANDS: count(100_000),
};

export interface ExchangeConfiguration {
  readonly metrics: { readonly host: string; readonly port: number };
  /** The other one of the pair, when there is one. */
  readonly peer: Peer | undefined;
  readonly discardsTail: boolean;
  readonly settings: Omit<ExchangeSettings, 'say' | 'alert' | 'onFatal' | 'history' | 'watch'>;
}

/** The exchange's whole environment; docs/configuration.md says what each variable means. @throws ConfigurationError */
export function readConfiguration(environment?: Record<string, string | undefined>): ExchangeConfiguration {
  const config = loadConfig(shape, environment);
  const secrets: Record<LinkRole, Secret> = {
    gateway: config.EXCHANGE_GATEWAY_KEY,
    settlement: config.EXCHANGE_SETTLEMENT_KEY,
    operator: config.EXCHANGE_OPERATOR_KEY,
    observer: config.EXCHANGE_OBSERVER_KEY,
    standby: config.EXCHANGE_STANDBY_KEY,
  };
  const host = config.LISTEN_ADDRESS;
  const segmentBytes = config.EXCHANGE_SEGMENT_MIB * MIB;
  return {
    metrics: { host, port: config.EXCHANGE_METRICS_PORT },
    peer: config.EXCHANGE_FOLLOWS === undefined ? undefined : peerAt(config.EXCHANGE_FOLLOWS, secrets.standby),
    discardsTail: config.EXCHANGE_DISCARD_TAIL === '1',
    settings: {
      folder: config.EXCHANGE_DATA_DIR,
      socketPath: config.EXCHANGE_SOCKET,
      tcp: config.EXCHANGE_PORT === undefined ? undefined : { host, port: config.EXCHANGE_PORT },
      keys: new Map(LINK_ROLES.map((role): [string, LinkKey] => [role, { role, key: secrets[role] }])),
      heartbeatMs: config.EXCHANGE_HEARTBEAT_MS,
      ringBytes: config.EXCHANGE_EVENTS_MIB * MIB,
      snapshots: {
        everyCommands: config.EXCHANGE_SNAPSHOT_COMMANDS,
        everyMs: config.EXCHANGE_SNAPSHOT_MINUTES * 60_000,
        pauseMs: config.EXCHANGE_SNAPSHOT_PAUSE_US / 1_000,
      },
      replication: {
        mode: config.EXCHANGE_SYNCHRONOUS === '1' ? 'synchronous' : 'asynchronous',
        compareEvery: config.EXCHANGE_COMPARE_COMMANDS,
        compareSliceMs: config.EXCHANGE_SNAPSHOT_PAUSE_US / 2_000,
      },
      journal: {
        mode: config.EXCHANGE_JOURNAL_MODE,
        segmentBytes,
        reserveBytes: Math.min(4 * MIB, segmentBytes / 4),
      },
    },
  };
}

/** `host:port`, or the path of a Unix socket. */
export function addressOf(text: string): Peer['address'] {
  const [, host, digits] = /^(?!\/)(.+):(\d{1,5})$/.exec(text) ?? [];
  return host === undefined ? { path: text } : { host, port: Number(digits) };
}

const peerAt = (address: string, key: Secret): Peer => ({ address: addressOf(address), keyName: 'standby', key });
