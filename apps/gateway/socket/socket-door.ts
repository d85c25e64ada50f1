import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import { type Trader } from '../access/access.js';
import { clientAddress, clientNetwork } from '../client-address.js';
import { type Door, type GatewayParts } from '../parts.js';
import { Places } from '../places.js';
import { Throttle as HandshakeThrottle, type ThrottleLimits } from '../throttle.js';
import { Connection } from './connection.js';
import { Conversation, type ConversationParts } from './conversation.js';
import { examineHandshake } from './handshake.js';
import { MarketData } from './market-data.js';
import { backlogBytes, connections, refusedHandshakes } from './metrics.js';
import { OrderEntry } from './order-entry.js';
import { PrivateData } from './private-data.js';
import { MemoryResumeCache, type ResumeCache } from './resume-cache.js';
import { Throttle } from './throttle.js';
import { Turn } from './turn.js';

export interface SocketDoorParts extends Omit<GatewayParts, 'database'> {
  /** Of this process alone when there is none. */
  readonly cache?: ResumeCache;
}

export interface SocketDoorSettings {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly origins?: readonly string[];
  /** Proxies of our own in front, whose `X-Forwarded-For` counts. */
  readonly trustedProxies?: number;
  readonly messagesPerMinute?: number;
  readonly ignoredPerSecond?: number;
  readonly mostConnections?: number;
  /** Of all addresses of one network: `clientNetwork`. */
  readonly mostConnectionsOfAddress?: number;
  /** Handshakes of one network; at once as many as may be open, if it is left out. */
  readonly perAddress?: ThrottleLimits;
  readonly congestedBytes?: number;
  /** Of one connection, and of all of them together. */
  readonly backlogBytes?: number;
  readonly allBacklogBytes?: number;
  /** A congested connection that takes nothing for so long is hopeless. */
  readonly stalledMs?: number;
  readonly heartbeatMs?: number;
  /** Peers are probed this often, and gone when they did not answer the last one. */
  readonly probeMs?: number;
}

const DEFAULTS = {
  /** The one that the clients of this protocol send. */
  origins: ['https://exchange.blockchain.com'],
  trustedProxies: 0,
  messagesPerMinute: 1_200,
  ignoredPerSecond: 100,
  mostConnections: 10_000,
  mostConnectionsOfAddress: 1_000,
  congestedBytes: 64 * 1024,
  backlogBytes: 1024 * 1024,
  allBacklogBytes: 64 * 1024 * 1024,
  stalledMs: 30_000,
  heartbeatMs: 5_000,
  probeMs: 30_000,
};
type Settings = typeof DEFAULTS & Pick<SocketDoorSettings, 'host' | 'port' | 'perAddress'>;

const HANDSHAKES_PER_SECOND = 400;
const TICK_MS = 1_000;
const TICKER_MS = 60_000;
/** No request of this protocol is larger; `ws` answers 1009. */
const MOST_REQUEST_BYTES = 4_096;
/** A peer that does not answer a close frame is cut off. */
const CLOSE_MS = 1_000;
/** Half a handshake is not waited for longer. */
const HANDSHAKE_MS = 10_000;

export interface SocketDoor extends Door {
  readonly connectionCount: number;
}

/** Opens the WebSocket door (exchange-api.md §3, docs/exchange-websocket.md). */
export async function openSocketDoor(parts: SocketDoorParts, settings: SocketDoorSettings): Promise<SocketDoor> {
  const door = new WebSocketDoor(parts, { ...DEFAULTS, ...settings } as Settings);
  await door.listen();
  return door;
}

class WebSocketDoor implements SocketDoor {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #turn = new Turn();
  readonly #open = new Set<Connection>();
  readonly #places: Places;
  readonly #handshakes: HandshakeThrottle;
  #isClosing = false;
  readonly #marketData: MarketData;
  readonly #privateData: PrivateData;
  readonly #cache: ResumeCache;
  readonly #origins: ReadonlySet<string>;
  readonly #conversation: ConversationParts;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #stops: (() => void)[] = [];

  constructor(
    private readonly parts: SocketDoorParts,
    private readonly settings: Settings,
  ) {
    const { feed, desk, access, clock } = parts;
    const { mostConnections, mostConnectionsOfAddress } = settings;
    const { perAddress = { perSecond: HANDSHAKES_PER_SECOND, burst: mostConnectionsOfAddress } } = settings;
    this.#places = new Places(mostConnections, mostConnectionsOfAddress);
    this.#handshakes = new HandshakeThrottle(perAddress);
    const turn = this.#turn;
    const cache = parts.cache ?? new MemoryResumeCache();
    const marketData = new MarketData({ feed, cache, turn, now: () => BigInt(clock.now().getTime()) * 1000n });
    const privateData = new PrivateData({ feed, cache, turn });
    const orderEntry = new OrderEntry({ desk, feed, privateData });
    this.#cache = cache;
    this.#origins = new Set(settings.origins);
    this.#marketData = marketData;
    this.#privateData = privateData;
    this.#conversation = { feed, desk, access, cache, marketData, privateData, orderEntry };
    // Compression is not offered: it would be done again for every subscriber, and takes hundreds of kilobytes of each connection (docs/exchange-websocket.md).
    const limits = { maxPayload: MOST_REQUEST_BYTES, maxFragments: 16, maxBufferedChunks: 64, closeTimeout: CLOSE_MS };
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false, ...limits });
    this.#server = createServer(
      { headersTimeout: HANDSHAKE_MS, requestTimeout: HANDSHAKE_MS, connectionsCheckingInterval: 2_000 },
      (_, response) => {
        // prettier-ignore
        response.writeHead(426, { upgrade: 'websocket', connection: 'close' }).end();
      },
    );
    this.#server.on('upgrade', (request, socket, head) => void this.#admit(request, socket, head));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connectionCount(): number {
    return this.#open.size;
  }

  async listen(): Promise<void> {
    const { feed } = this.parts;
    this.#cache.begin(feed.position.sequence);
    const reached = (): void => this.#cache.reached(feed.position.sequence);
    this.#stops.push(
      feed.listen((effects) => {
        this.#marketData.apply(effects);
        this.#privateData.apply(effects);
        this.#turn.before(reached);
      }),
      feed.onRebuilt(() => {
        this.#cache.begin(feed.position.sequence);
        this.#marketData.rebuilt();
        this.#privateData.rebuilt();
      }),
    );
    const { heartbeatMs, probeMs, port, host } = this.settings;
    this.#timers.push(
      setInterval(() => this.#marketData.beat(), heartbeatMs),
      setInterval(() => this.#marketData.refreshTickers(), TICKER_MS),
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#open.forEach((connection) => connection.probe()), probeMs),
    );
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of [...this.#open]) connection.end('going away');
    for (const timer of this.#timers) clearInterval(timer);
    for (const stop of this.#stops) stop();
    const deadline = setTimeout(() => this.#raw.forEach((socket) => socket.destroy()), graceMs);
    await closed;
    clearTimeout(deadline);
  }

  /** Sockets that are WebSockets: the HTTP server has let go of them. */
  readonly #raw = new Set<Duplex>();

  async #admit(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    if (socket.destroyed) return;
    const address = clientAddress(request, this.settings.trustedProxies);
    const network = clientNetwork(address);
    if (!this.#handshakes.take(network, performance.now()).isAdmitted) return refuse(socket, 429);
    const handshake = examineHandshake(request, this.#origins);
    if (handshake.kind === 'refused') return refuse(socket, handshake.status);
    const lacking = this.#places.take(network);
    if (lacking !== undefined) return refuse(socket, lacking === 'full' ? 503 : 429);
    // Whatever becomes of it, it has its place until the socket is gone.
    socket.once('close', () => this.#places.release(network));
    let trader: Trader | undefined;
    if (handshake.token !== undefined) {
      try {
        trader = await this.parts.access.byToken(handshake.token, address);
      } catch (error) {
        this.parts.logger.warn({ err: error }, 'a secret could not be looked at');
        return refuse(socket, 503);
      }
      if (trader === undefined) return refuse(socket, 401);
    }
    if (this.#isClosing) return refuse(socket, 503);
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#begin(ws, socket, address, trader));
  }

  #begin(ws: WebSocket, socket: Duplex, address: string, trader: Trader | undefined): void {
    const { congestedBytes, backlogBytes, messagesPerMinute, ignoredPerSecond } = this.settings;
    this.#raw.add(socket);
    socket.once('close', () => this.#raw.delete(socket));
    const onEnd = (): void => {
      this.#left(connection);
      conversation.ended();
    };
    const limits = { congestedBytes, backlogBytes };
    const connection: Connection = new Connection(ws, socket, address, { turn: this.#turn, limits, onEnd });
    const conversation = new Conversation(connection, this.#conversation, new Throttle(messagesPerMinute, ignoredPerSecond)); // prettier-ignore
    this.#open.add(connection);
    connections.set(this.#open.size);
    ws.on('message', (data: RawData, isBinary: boolean) => {
      if (isBinary) connection.end('protocol error');
      else conversation.hear((data as Buffer).toString('utf8'));
    });
    ws.on('ping', () => conversation.admit());
    if (trader !== undefined) conversation.authenticated(trader);
  }

  #left(connection: Connection): void {
    this.#open.delete(connection);
    connections.set(this.#open.size);
    const { ending, address, trader } = connection;
    const level = ending === 'slow consumer' || ending === 'flood' ? 'warn' : 'debug';
    this.parts.logger[level]({ ending, address, keyId: trader?.keyId }, `WebSocket connection ended: ${ending ?? ''}`);
  }

  /** Candles begin, the venue's coming and going is told, stalled connections end, and what slow ones are owed together stays bounded: who is owed most goes first. */
  #tick(): void {
    this.#marketData.candles.roll();
    this.#marketData.beatIfVenueChanged();
    const now = performance.now();
    let owed = 0;
    const congested = [...this.#open].filter(({ outbox }) => outbox.congestedSince !== undefined);
    for (const connection of congested) {
      if (now - (connection.outbox.congestedSince ?? now) > this.settings.stalledMs) connection.end('slow consumer');
      else owed += connection.outbox.backlog.bytes;
    }
    congested.sort((a, b) => b.outbox.backlog.bytes - a.outbox.backlog.bytes);
    for (const connection of congested) {
      if (owed <= this.settings.allBacklogBytes) break;
      owed -= connection.outbox.backlog.bytes;
      connection.end('slow consumer');
    }
    backlogBytes.set(owed);
  }
}

function refuse(socket: Duplex, status: 400 | 401 | 403 | 404 | 429 | 503): void {
  refusedHandshakes.inc({ status });
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy()); // prettier-ignore
}
