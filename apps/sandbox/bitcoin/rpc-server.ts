import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { writeJson, type Json } from './exact-json.js';
import { RpcArguments } from './rpc-arguments.js';
import { RpcCode, RpcError } from './rpc-error.js';

/** One method: its parameters' names in order, and what it does. */
export interface RpcMethod {
  readonly params: readonly string[];
  run(args: RpcArguments): Promise<Json> | Json;
}

export interface RpcServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly user: string;
  readonly password: string;
  readonly methods: Readonly<Record<string, RpcMethod>>;
}

const MAX_BODY = 4_000_000;
const MAX_BATCH = 1_000;
const REQUEST_TIMEOUT_MS = 30_000;

interface Answer {
  readonly status: number;
  readonly body?: string;
}

/**
 * JSON-RPC over HTTP as Bitcoin Core 28 speaks it: basic authentication; version 1 answers errors with HTTP 500 (404 for
 * an unknown method, 400 for a malformed request), version 2.0 with 200; a batch is always 200.
 */
export class RpcServer {
  private readonly server: Server;
  private readonly secret: Buffer;

  private constructor(private readonly options: RpcServerOptions) {
    this.secret = digest(`Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`);
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.requestTimeout = REQUEST_TIMEOUT_MS;
  }

  static async listen(options: RpcServerOptions): Promise<RpcServer> {
    const rpc = new RpcServer(options);
    await new Promise<void>((resolve, reject) => {
      rpc.server.once('error', reject);
      rpc.server.listen(options.port, options.host, resolve);
    });
    return rpc;
  }

  /** With the credentials in it, as the platform's BITCOIN_RPC_URL carries them. */
  get url(): string {
    const { port } = this.server.address() as AddressInfo;
    const { user, password } = this.options;
    return `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { status, body } = await this.answer(request, response);
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(body === undefined ? undefined : `${body}\n`);
    } catch {
      // The connection broke while it was read; there is nobody to answer.
      response.destroy();
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    if (request.method !== 'POST') return { status: 405, body: 'JSONRPC server handles only POST requests' };
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), this.secret)) {
      response.setHeader('www-authenticate', 'Basic realm="jsonrpc"');
      return { status: 401 };
    }
    const text = await readBody(request);
    if (text === undefined) {
      response.setHeader('connection', 'close');
      return { status: 413 };
    }
    const parsed = parse(text);
    if (!parsed) return failure(null, new RpcError(RpcCode.parseError, 'Parse error'), false);
    return Array.isArray(parsed.value) ? this.batch(parsed.value) : this.single(parsed.value);
  }

  private async batch(requests: readonly unknown[]): Promise<Answer> {
    if (requests.length > MAX_BATCH) {
      return failure(null, new RpcError(RpcCode.invalidRequest, `a batch holds at most ${MAX_BATCH} requests`), false);
    }
    const bodies: string[] = [];
    for (const request of requests) {
      const { body } = await this.single(request);
      if (body !== undefined) bodies.push(body);
    }
    return requests.length > 0 && bodies.length === 0
      ? { status: 204 }
      : { status: 200, body: `[${bodies.join(',')}]` };
  }

  private async single(request: unknown): Promise<Answer> {
    const fields: Readonly<Record<string, unknown>> = isObject(request) ? request : {};
    const { jsonrpc, method, params } = fields;
    const id = asId(fields['id']);
    const isV2 = jsonrpc === '2.0';
    try {
      if (!isObject(request)) throw new RpcError(RpcCode.invalidRequest, 'Invalid Request object');
      if (method === undefined) throw new RpcError(RpcCode.invalidRequest, 'Missing method');
      if (typeof method !== 'string') throw new RpcError(RpcCode.invalidRequest, 'Method must be a string');
      const result = await this.call(method, params);
      if (isV2 && !('id' in fields)) return { status: 204 };
      const answer = isV2 ? { jsonrpc: '2.0', result, id } : { result, error: null, id };
      return { status: 200, body: writeJson(answer) };
    } catch (error) {
      if (isV2 && isObject(request) && !('id' in fields)) return { status: 204 };
      return failure(id, asRpcError(error), isV2);
    }
  }

  private async call(name: string, params: unknown): Promise<Json> {
    const method = Object.hasOwn(this.options.methods, name) ? this.options.methods[name] : undefined;
    if (!method) throw new RpcError(RpcCode.methodNotFound, 'Method not found');
    return method.run(new RpcArguments(method.params, params));
  }
}

function failure(id: Json, { code, message }: RpcError, isV2: boolean): Answer {
  const error = { code, message };
  if (isV2) return { status: 200, body: writeJson({ jsonrpc: '2.0', error, id }) };
  const status = code === RpcCode.invalidRequest ? 400 : code === RpcCode.methodNotFound ? 404 : 500;
  return { status, body: writeJson({ result: null, error, id }) };
}

function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return new RpcError(RpcCode.misc, error instanceof Error ? error.message : 'internal error');
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asId = (id: unknown): Json => (typeof id === 'string' || typeof id === 'number' ? id : null);

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The body as text, or undefined when it is longer than the limit. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
