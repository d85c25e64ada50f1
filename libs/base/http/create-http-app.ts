import { randomUUID } from 'node:crypto';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { histogram, inSpan, type Logger, NestLogger } from '@base/observability';
import { AccessGuard } from './access-guard.js';
import { type Authenticator, type HttpRequest } from './caller.js';
import { CommandResultInterceptor } from './command-result-interceptor.js';
import { HealthController, READINESS, type ReadinessCheck } from './health.js';
import { parseJsonBody } from './json-body.js';
import { ProblemFilter } from './problem-filter.js';
import { refuse } from './refusal.js';
import { requireDeclaredAccess } from './require-declared-access.js';
import { validationPipe } from './validation.js';

export interface HttpAppOptions {
  readonly title: string;
  readonly module: Type | DynamicModule;
  readonly authenticator: Authenticator;
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  readonly sandbox: boolean;
  readonly logger: Logger;
  /** How many proxies stand before us and may speak for the client's address; none unless told. */
  readonly trustedProxies?: number;
  readonly version?: string;
}

const BODY_LIMIT = 256 * 1024;

/** Node's defaults would let a slow client hold a connection for minutes (row F10). */
const TIMEOUTS = { requestTimeout: 15_000, keepAliveTimeout: 65_000, connectionTimeout: 0 } as const;
const HTTP_TIMEOUTS = { headersTimeout: 10_000, connectionsCheckingInterval: 2_000, maxHeaderSize: 16_384 } as const;

const seconds = histogram({
  name: 'strongroom_http_request_seconds',
  help: 'Requests by route and status',
  labels: ['method', 'route', 'status'],
});

@Module({})
class ShellModule {}

/**
 * One application as `main` and specs both build it: guard, validation, problem documents, idempotent results, health, metrics, OpenAPI. It is
 * initialised but does not listen yet.
 * @throws UndeclaredAccess when an operation does not say who may call it
 */
export async function createHttpApp(options: HttpAppOptions): Promise<NestFastifyApplication> {
  const filter = new ProblemFilter(options.logger);
  const adapter = new FastifyAdapter({
    ...TIMEOUTS,
    // What the router itself refuses, before any handler, is a problem document too.
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      filter.answer(error, request, reply),
    http: HTTP_TIMEOUTS,
    bodyLimit: BODY_LIMIT,
    trustProxy: (_address, hop) => hop <= (options.trustedProxies ?? 0) - 1,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    logger: false,
    routerOptions: { maxParamLength: 200 },
  });
  const shell: DynamicModule = {
    module: ShellModule,
    imports: [options.module],
    controllers: [HealthController],
    providers: [{ provide: READINESS, useValue: options.readiness }],
  };
  const fastify = adapter.getInstance<FastifyInstance>();
  acceptJsonOnly(fastify);
  observe(fastify);
  refuseNul(fastify, filter);
  const app = await NestFactory.create<NestFastifyApplication>(shell, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(options.logger),
  });
  requireDeclaredAccess(app);
  app.useGlobalGuards(new AccessGuard(options.authenticator, options.sandbox));
  app.useGlobalPipes(validationPipe());
  app.useGlobalInterceptors(new CommandResultInterceptor());
  app.useGlobalFilters(filter);
  serveOpenApi(app, options);
  await app.init();
  await fastify.ready();
  return app;
}

/** The OpenAPI document of an application, generated from its controllers and their zod schemas. */
export function openApiOf(app: NestFastifyApplication, options: { title: string; version?: string }): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle(options.title)
    .setVersion(options.version ?? '1')
    .addBearerAuth()
    .addApiKey({ type: 'apiKey', name: 'X-API-Key', in: 'header' }, 'api-key')
    .build();
  return SwaggerModule.createDocument(app, description);
}

function serveOpenApi(app: NestFastifyApplication, options: HttpAppOptions): void {
  SwaggerModule.setup('docs', app, () => openApiOf(app, options), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
  });
}

function acceptJsonOnly(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(
    ['application/json', 'application/problem+json'],
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
      (request as HttpRequest).rawBody = body;
      try {
        done(null, parseJsonBody(body));
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

/** PostgreSQL's text cannot hold NUL, and no URL of ours needs one. */
function refuseNul(fastify: FastifyInstance, filter: ProblemFilter): void {
  const malformed = refuse('malformed_url', { status: 400, title: 'The URL holds the character NUL' });
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    if (/%00/.test(request.url)) filter.answer(malformed, request, reply);
    else done();
  });
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=31536000',
  'cross-origin-resource-policy': 'same-origin',
} as const;

function observe(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    const name = `${request.method} ${request.routeOptions.url ?? 'unknown'}`;
    void inSpan(
      name,
      { 'http.request.id': request.id },
      () =>
        new Promise<void>((resolve) => {
          reply.raw.once('close', resolve);
          done();
        }),
    );
  });
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const labels = {
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: String(reply.statusCode),
    };
    seconds.observe(labels, reply.elapsedTime / 1000);
    done();
  });
}
