/** FIX 4.4 on TCP or TLS. See README.md for what it speaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type AddressInfo } from 'node:net';
import { type Door, type GatewayParts } from '../parts.js';
import { type History, type MissedReports } from './application/history.js';
import { ClientOrderIds } from './client-order-ids.js';
import { FixConnection } from './fix-connection.js';
import { fixMetrics } from './fix-metrics.js';
import { FIX_DEFAULTS, type FixParts, type FixSettings } from './fix-settings.js';
import { ReportTap } from './report-tap.js';
import { SessionStore } from './session-store.js';
import { SettledHistory } from './settled-history.js';

const TICK_MS = 250;
const PURGE_MS = 60_000;
/** Between two batches, which others may need the database for. */
const PURGE_PAUSE_MS = 50;

export interface FixDoorParts extends GatewayParts {
  /** The product's history unless a spec gives its own. */
  readonly history?: History & MissedReports;
}

/**
 * Opens the door. Sessions, their numbers and what they are to be sent are in the database, so that a client may come back to any gateway;
 * one process at a time speaks for a CompID.
 */
export async function openFixDoor(given: FixDoorParts, chosen: Partial<FixSettings> = {}): Promise<Door> {
  const settings: FixSettings = { ...FIX_DEFAULTS, ...chosen };
  const door = new FixDoor(given, settings, await SessionStore.open(given.database, given.logger));
  await door.listen();
  return door;
}

class FixDoor implements Door {
  readonly #settings: FixSettings;
  readonly #parts: FixParts;
  readonly #server: Server;
  readonly #connections = new Set<FixConnection>();
  readonly #perAddress = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stopListening: () => void;
  #purging: Promise<void> | undefined;
  #isClosing = false;
  #allGone: () => void = () => undefined;

  constructor(given: FixDoorParts, settings: FixSettings, store: SessionStore) {
    this.#settings = settings;
    const history = given.history ?? new SettledHistory(given.database);
    const tap = new ReportTap(given.feed, () => this.#logoutAll('the exchange’s state was read anew: log on again'));
    const ids = new ClientOrderIds(given.database);
    this.#parts = { ...given, store, ids, tap, history, missed: history };
    const adopt = (socket: Socket): void => this.#adopt(socket);
    this.#server =
      settings.tls === undefined
        ? createServer({ noDelay: true }, adopt)
        : createTlsServer({ ...settings.tls, handshakeTimeout: settings.logonTimeoutMs }, adopt);
    this.#server.on('tlsClientError', () => undefined);
    this.#server.maxConnections = settings.connectionsMax;
    this.#stopListening = given.feed.listen((effects) => {
      for (const connection of this.#connections) connection.venueChanged(effects);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    const { host, port, marketDataIntervalMs, now } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    this.#every(TICK_MS, () => {
      for (const connection of this.#connections) connection.tick(now());
    });
    this.#every(marketDataIntervalMs, () => {
      for (const connection of this.#connections) connection.flushMarketData();
    });
    this.#every(PURGE_MS, () => {
      this.#purging ??= this.#purge().finally(() => (this.#purging = undefined));
    });
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    const stopped = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#logoutAll('the gateway is going down: log on again, at another one or in a moment');
    const gone = this.#connections.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => (this.#allGone = resolve)); // prettier-ignore
    const cut = setTimeout(() => {
      for (const connection of this.#connections) connection.cut('the gateway is going down');
    }, graceMs);
    await gone;
    clearTimeout(cut);
    await stopped;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#purging;
    this.#stopListening();
    this.#parts.tap.close();
    await this.#parts.store.close();
  }

  /** On a timer and not at logon: the oldest messages are those of sessions that do not come back, and nobody's logon is to pay for them. */
  async #purge(): Promise<void> {
    const { store, logger } = this.#parts;
    const { now, messagesKeptMs } = this.#settings;
    try {
      while (!this.#isClosing && (await store.purge(now(), messagesKeptMs))) await sleep(PURGE_PAUSE_MS);
    } catch (error) {
      logger.warn({ err: error }, 'old FIX messages could not be deleted');
    }
  }

  #adopt(socket: Socket): void {
    const connection = new FixConnection(socket, {
      parts: this.#parts,
      settings: this.#settings,
      released: (it) => this.#released(it, address),
    });
    const { address } = connection;
    const open = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, open);
    this.#connections.add(connection);
    fixMetrics.connections(this.#connections.size);
    if (this.#isClosing || open > this.#settings.connectionsPerAddressMax) connection.cut('too many connections');
  }

  #released(connection: FixConnection, address: string): void {
    this.#connections.delete(connection);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(address, left);
    else this.#perAddress.delete(address);
    fixMetrics.connections(this.#connections.size);
    if (this.#connections.size === 0) this.#allGone();
  }

  #logoutAll(text: string): void {
    for (const connection of this.#connections) connection.logout(text);
  }

  #every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms);
    timer.unref();
    this.#timers.push(timer);
  }
}
