import { createHash, randomBytes } from 'node:crypto';
import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { type AssetCode } from '@core/money';
import { ApiKeyStandings, type ApiKeyScope } from '@platform/identity';
import { readVenueSnapshot } from '@products/venue';
import { exchangeKey, VenueBench } from '@products/venue/testing';
import { KeyAccess } from '../access/key-access.js';
import { LiveVenue, type LiveVenueOptions } from '../desk/live-venue.js';
import { type PlaceOutcome, type PlaceRequest } from '../desk/order-desk.js';
import { type GatewayParts } from '../parts.js';

/** A key that can withdraw must say where from. */
const HOME = ['127.0.0.0/8', '::1/128'];
const KEY_LIFE_MS = 3_600_000;

export interface RoomKey {
  readonly keyId: string;
  readonly secret: string;
}

/** A customer with money on the exchange. */
export interface RoomTrader {
  readonly customerId: string;
  /** His number in the engine. */
  readonly account: number;
  readonly keys: {
    readonly view: RoomKey;
    /** May look and trade. */
    readonly trade: RoomKey;
    /** May do everything. */
    readonly withdraw: RoomKey;
  };
}

/** In minor units of the ledger: cents, satoshis, wei. */
export type Money = Partial<Record<AssetCode, bigint>>;

const PURSE: Money = { USD: 100_000_000n, BTC: 1_000_000_000n };

export interface RoomSettings {
  readonly fees?: { readonly makerPpm: number; readonly takerPpm: number };
  readonly venue?: Partial<LiveVenueOptions>;
}

/**
 * What a door's spec stands in: a real exchange in a process of its own with every planned instrument open, a database, settlement running, access
 * by API keys, and this process connected to the exchange as a gateway is. Open one for a spec file, and close it.
 */
export class Room {
  readonly bench: VenueBench;
  readonly access: KeyAccess;
  readonly #settings: RoomSettings;
  #venue: LiveVenue | undefined;
  readonly #others: LiveVenue[] = [];
  #names = 0;

  private constructor(bench: VenueBench, settings: RoomSettings) {
    this.bench = bench;
    this.#settings = settings;
    const { database, logger } = bench;
    const standings = new ApiKeyStandings(database, systemClock);
    this.access = new KeyAccess({ standings, database, clock: systemClock, logger }, { lookMs: 100 });
  }

  static async open(settings: RoomSettings = {}): Promise<Room> {
    const room = new Room(await VenueBench.open(settings.fees), settings);
    try {
      room.showExchange();
      room.bench.startSettler();
      room.access.start();
      room.#venue = await room.#connect();
      return room;
    } catch (error) {
      await room.close();
      throw error;
    }
  }

  get venue(): LiveVenue {
    if (this.#venue === undefined) throw new Error('the room is not open');
    return this.#venue;
  }

  /** What a door is opened with. */
  get parts(): GatewayParts {
    const { bench, access, venue } = this;
    const { database, logger } = bench;
    return { desk: venue.desk, feed: venue.feed, access, database, clock: systemClock, logger };
  }

  /** Another gateway at the same exchange; closed with the room. */
  async anotherGateway(): Promise<LiveVenue> {
    const venue = await this.#connect();
    this.#others.push(venue);
    return venue;
  }

  /** Somebody new with this money on the exchange, and a key of each kind. */
  async trader(money: Money = PURSE): Promise<RoomTrader> {
    const customerId = await this.bench.customer(money);
    const moves = Object.entries(money) as [AssetCode, bigint][];
    await Promise.all(moves.map(([asset, amount]) => this.bench.moved('in', customerId, asset, amount)));
    const account = await this.bench.engineAccount(customerId);
    const keys = {
      view: await this.key(customerId, ['view']),
      trade: await this.key(customerId, ['view', 'trade']),
      withdraw: await this.key(customerId, ['view', 'trade', 'transfer', 'withdraw'], HOME),
    };
    // The desk must know the money before an order asks for it.
    await this.until(() => moves.length === 0 || this.venue.feed.balances(account).length >= moves.length);
    return { customerId, account, keys };
  }

  async key(customerId: string, scopes: readonly ApiKeyScope[], networks: readonly string[] = []): Promise<RoomKey> {
    const secret = randomBytes(32).toString('base64url');
    const now = systemClock.now();
    const keyId = uuidV7(now.getTime());
    const hash = createHash('sha256').update(secret).digest();
    await this.bench.database.query(
      `INSERT INTO identity.api_key (id, customer_id, label, secret_hash, scopes, networks, created_at, expires_at)
       VALUES ($1, $2, 'room', $3, $4, $5::text[]::cidr[], $6, $7)`,
      [keyId, customerId, hash, [...scopes], [...networks], now, new Date(now.getTime() + KEY_LIFE_MS)],
    );
    return { keyId, secret };
  }

  /** Places an order for somebody: a limit buy of a hundredth of a bitcoin at 30,000 dollars, but for what is given. */
  place(trader: RoomTrader, given: Partial<PlaceRequest> = {}): Promise<PlaceOutcome> {
    return this.venue.desk.place({
      account: trader.account,
      instrument: 0,
      clientText: `room-${(this.#names += 1)}`,
      side: 'buy',
      type: 'limit',
      timeInForce: 'gtc',
      quantity: 1_000_000n,
      ...((given.type ?? 'limit') === 'limit' ? { price: 300_000 } : {}),
      ...given,
    });
  }

  /** No gateway of the room finds the exchange any more, though those that are connected stay so. */
  hideExchange(): void {
    rmSync(this.#way, { force: true });
  }

  showExchange(): void {
    this.hideExchange();
    symlinkSync(this.bench.exchange.address.path, this.#way);
  }

  /** Ends the exchange as a power cut does, and starts it again on the same journal. */
  async restartExchange(): Promise<void> {
    await this.bench.exchange.kill();
    await this.bench.exchange.start();
  }

  until(isTrue: () => boolean): Promise<true> {
    return this.bench.eventually(() => Promise.resolve(isTrue() ? (true as const) : undefined));
  }

  async close(): Promise<void> {
    this.access.stop();
    for (const venue of [...this.#others, this.#venue]) await venue?.close();
    await this.bench.close();
  }

  get #way(): string {
    return join(this.bench.exchange.folder, 'gateway.sock');
  }

  #connect(): Promise<LiveVenue> {
    const { database, logger } = this.bench;
    return LiveVenue.connect({
      addresses: [{ path: this.#way }],
      key: exchangeKey('gateway'),
      readSnapshot: () => readVenueSnapshot(database),
      logger,
      ...this.#settings.venue,
    });
  }
}

export const openRoom = (settings?: RoomSettings): Promise<Room> => Room.open(settings);
