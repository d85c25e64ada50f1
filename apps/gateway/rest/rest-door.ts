import { type AddressInfo, type Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type CustodySettings } from '@platform/custody';
import { clientAddress, clientNetwork } from '../client-address.js';
import { type Door, type GatewayParts } from '../parts.js';
import { Places } from '../places.js';
import { type ThrottleLimits } from '../throttle.js';
import { AccountHistory } from './account-history.js';
import { AccountRoutes } from './account-routes.js';
import { Admission } from './admission.js';
import { RequestFields } from './json-request.js';
import { encodeInstruments, marketDataRoutes } from './market-data-routes.js';
import { requests, requestSeconds } from './metrics.js';
import { OrderRoutes } from './order-routes.js';
import { PaymentRoutes } from './payment-routes.js';
import { errorBody, notFound, refusalOf, RestRefusal } from './rest-refusal.js';
import { type RestRoute } from './rest-routes.js';

export interface RestDoorSettings {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  readonly custody: CustodySettings;
  /** What stands before every path; existing clients end their base URL with `/v3/exchange`. */
  readonly base?: string;
  /** Proxies of our own in front, whose `X-Forwarded-For` counts. */
  readonly trustedProxies?: number;
  readonly perKey?: ThrottleLimits;
  /** Of all addresses of one network: `clientNetwork`. */
  readonly perAddress?: ThrottleLimits;
  readonly mostConnections?: number;
  readonly mostConnectionsOfAddress?: number;
  /** A request must be whole after so long (row F10). */
  readonly requestMs?: number;
}

const DEFAULTS = {
  base: '/v3/exchange',
  trustedProxies: 0,
  perKey: { perSecond: 100, burst: 200 },
  perAddress: { perSecond: 400, burst: 800 },
  mostConnections: 10_000,
  mostConnectionsOfAddress: 1_000,
  requestMs: 15_000,
};

/** No request of this wire is larger. */
const BODY_BYTES = 8_192;
const HEADER_BYTES = 8_192;
const KEEP_ALIVE_MS = 65_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** Opens the REST door: exchange-api.md §2, docs/exchange-rest.md. */
export async function openRestDoor(parts: GatewayParts, settings: RestDoorSettings): Promise<Door> {
  const door = new RestDoor(parts, { ...DEFAULTS, ...settings });
  await door.listen();
  return door;
}

class RestDoor implements Door {
  readonly #app: FastifyInstance;
  readonly #admission: Admission;
  readonly #sockets = new Set<Socket>();
  readonly #places: Places;
  #isClosing = false;

  constructor(
    private readonly parts: GatewayParts,
    private readonly settings: typeof DEFAULTS & RestDoorSettings,
  ) {
    const { mostConnections, mostConnectionsOfAddress, trustedProxies } = settings;
    this.#admission = new Admission(parts.access, settings);
    this.#places = new Places(mostConnections, trustedProxies === 0 ? mostConnectionsOfAddress : mostConnections);
    this.#app = this.#serverOf();
    const { feed, database } = parts;
    const orders = new OrderRoutes(parts, new AccountHistory(feed, database));
    const payments = new PaymentRoutes(parts, settings.custody);
    const accounts = new AccountRoutes(parts);
    for (const route of [...marketDataRoutes(feed), ...orders.routes, ...accounts.routes, ...payments.routes])
      this.#serve(route);
    this.#route('GET', '/mercury-gateway/v1/instruments', {
      method: 'GET',
      path: '/instruments',
      access: 'public',
      answer: () => encodeInstruments(feed),
    });
  }

  get port(): number {
    return (this.#app.server.address() as AddressInfo).port;
  }

  async listen(): Promise<void> {
    const { host, port } = this.settings;
    await this.#app.listen({ host, port });
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    const deadline = setTimeout(() => [...this.#sockets].forEach((socket) => socket.destroy()), graceMs);
    this.#app.server.closeIdleConnections();
    await this.#app.close();
    clearTimeout(deadline);
  }

  #serverOf(): FastifyInstance {
    const { requestMs, mostConnections } = this.settings;
    const app = fastify({
      logger: false,
      bodyLimit: BODY_BYTES,
      requestTimeout: requestMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionTimeout: 0,
      forceCloseConnections: 'idle',
      exposeHeadRoutes: false,
      http: {
        headersTimeout: Math.min(10_000, requestMs),
        connectionsCheckingInterval: Math.min(2_000, requestMs),
        maxHeaderSize: HEADER_BYTES,
      },
      routerOptions: { maxParamLength: 100, ignoreTrailingSlash: true },
      frameworkErrors: (error, request, reply) => this.#refuse(error, request, reply),
    });
    app.server.maxConnections = mostConnections;
    app.server.on('connection', (socket: Socket) => this.#admitConnection(socket));
    readBodies(app);
    app.setErrorHandler((error, request, reply) => this.#refuse(error, request, reply));
    app.setNotFoundHandler((request, reply) => this.#refuse(notFound('There is nothing here'), request, reply));
    app.addHook('onResponse', (request, reply, done) => {
      const labels = { method: request.method, route: request.routeOptions.url ?? 'unknown', status: String(reply.statusCode) }; // prettier-ignore
      requests.inc(labels);
      requestSeconds.observe({ method: labels.method, route: labels.route }, reply.elapsedTime / 1_000);
      done();
    });
    return app;
  }

  /** A door has room for so many of one network: the sockets behind a proxy of ours all come from the proxy, which has its own limit. */
  #admitConnection(socket: Socket): void {
    const network = clientNetwork(socket.remoteAddress ?? '');
    if (this.#places.take(network) !== undefined) return void socket.destroy();
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#places.release(network);
    });
  }

  #serve(route: RestRoute): void {
    this.#route(route.method, `${this.settings.base}${route.path}`, route);
  }

  #route(method: RestRoute['method'], url: string, route: RestRoute): void {
    this.#app.route({
      method,
      url,
      // Before the body is read: a stranger's body is none of our business.
      onRequest: async (request, reply) => {
        const address = clientAddress(request.raw, this.settings.trustedProxies);
        await this.#admission.admit(request, reply, { address, access: route.access });
      },
      handler: async (request, reply) => {
        const asked = {
          params: request.params as Record<string, string>,
          query: new RequestFields(Object.entries(request.query as object)),
          body: request.body instanceof RequestFields ? request.body : new RequestFields([]),
          headers: request.headers,
        };
        const text =
          route.access === 'public' ? route.answer(asked) : route.answer(asked, this.#admission.traderOf(request));
        const body = typeof text === 'string' ? text : await text;
        if (this.#isClosing) void reply.header('connection', 'close');
        return reply.type(JSON_TYPE).send(body);
      },
    });
  }

  #refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = refusalOf(error);
    if (known === undefined)
      this.parts.logger.error({ err: error, route: request.routeOptions.url }, 'a request failed');
    const refusal = known ?? new RestRefusal(500, 'Something went wrong on our side');
    const { base } = this.settings;
    const url = request.url.replace(/\?.*$/s, '');
    const path = url.startsWith(base) ? url.slice(base.length) : url;
    if (refusal.retryAfterSeconds !== undefined) void reply.header('retry-after', refusal.retryAfterSeconds);
    if (this.#isClosing) void reply.header('connection', 'close');
    const body = errorBody(refusal, { now: this.parts.clock.now(), path });
    void reply.status(refusal.status).type(JSON_TYPE).send(body);
  }
}

/** JSON, whatever the method; forms too, since some clients send those where there is nothing to say. */
function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const read = (type: string, parse: (body: string) => RequestFields): void => {
    app.addContentTypeParser<string>(type, { parseAs: 'string' }, (_request, body, done) => {
      try {
        done(null, parse(body));
      } catch (error) {
        done(error as Error);
      }
    });
  };
  read('application/json', (body) => RequestFields.ofJson(body));
  read('application/x-www-form-urlencoded', (body) => RequestFields.ofForm(body));
}
