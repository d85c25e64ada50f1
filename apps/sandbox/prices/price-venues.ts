import { createServer, type IncomingMessage, type ServerResponse, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { applyControl, controlSchema } from './control.js';
import { Market, STEP_MS, VENUES, type Venue } from './market.js';

const MAX_CLIENTS = 64;
const MAX_BODY_BYTES = 4_096;
/** A client that does not read is dropped: a price that waits in a buffer is a stale price. */
const MAX_BUFFERED_BYTES = 1 << 20;

export type VenueState = 'open' | 'frozen' | 'stopped';

export interface PriceVenuesOptions {
  readonly seed: string;
  readonly now: () => number;
}

/**
 * Several price venues of one market on one loopback port: `ws://…/venues/alpha` streams `{type:'prices', venue, sequence, time, prices}`
 * each 200 ms. `POST /control` (JSON only, so that no web page can send it) makes them misbehave: freeze, stop, skew, jump, set a price.
 */
export class PriceVenues {
  readonly market: Market;
  readonly states = new Map<Venue, VenueState>(VENUES.map((venue) => [venue, 'open']));
  readonly #now: () => number;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  readonly #subscribers = new Map<Venue, Set<WebSocket>>(VENUES.map((venue) => [venue, new Set()]));
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;

  constructor({ seed, now }: PriceVenuesOptions) {
    this.market = new Market(seed);
    this.#now = now;
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
  }

  /** Listens on the loopback interface and returns the port (0 asks for a free one). */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.#timer = setInterval(() => this.#publish(), STEP_MS);
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get step(): number {
    return Market.stepAt(this.#now());
  }

  /** Opens, freezes (connected but silent) or stops (connections cut and refused) a venue. */
  setState(venue: Venue, state: VenueState): void {
    this.states.set(venue, state);
    if (state === 'stopped') for (const socket of this.#subscribers.get(venue) ?? []) socket.terminate();
  }

  #publish(): void {
    this.#sequence += 1;
    for (const [venue, sockets] of this.#subscribers) {
      if (sockets.size === 0 || this.states.get(venue) !== 'open') continue;
      const message = JSON.stringify(this.#message(venue));
      for (const socket of sockets) {
        if (socket.bufferedAmount > MAX_BUFFERED_BYTES) socket.terminate();
        else socket.send(message);
      }
    }
  }

  #message(venue: Venue): Record<string, unknown> {
    const at = this.#now();
    const prices = this.market.pricesAt(venue, Market.stepAt(at));
    return { type: 'prices', venue, sequence: this.#sequence, time: new Date(at).toISOString(), prices };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const venue = VENUES.find((name) => request.url === `/venues/${name}`);
    if (!venue || this.states.get(venue) === 'stopped' || this.#sockets.clients.size >= MAX_CLIENTS) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const subscribers = this.#subscribers.get(venue);
      subscribers?.add(client);
      client.on('error', () => client.terminate());
      client.on('close', () => subscribers?.delete(client));
    });
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const route = `${request.method} ${request.url}`;
    if (route === 'GET /health')
      return answer(response, 200, { status: 'ok', states: Object.fromEntries(this.states) });
    if (route === 'GET /prices') {
      return answer(
        response,
        200,
        Object.fromEntries(VENUES.map((venue) => [venue, this.market.pricesAt(venue, this.step)])),
      );
    }
    if (route !== 'POST /control') return answer(response, 404, { error: 'GET /health, GET /prices or POST /control' });
    if (!request.headers['content-type']?.startsWith('application/json')) {
      return answer(response, 415, { error: 'send application/json' });
    }
    readBody(request).then(
      (body) => this.#control(body, response),
      () => answer(response, 413, { error: `a command has at most ${MAX_BODY_BYTES} bytes` }),
    );
  }

  #control(body: string, response: ServerResponse): void {
    const command = controlSchema.safeParse(parseJson(body));
    if (!command.success)
      return answer(response, 400, { error: command.error.issues.map((issue) => issue.message).join('; ') });
    applyControl(this, command.data);
    answer(response, 200, { done: command.data, states: Object.fromEntries(this.states) });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
