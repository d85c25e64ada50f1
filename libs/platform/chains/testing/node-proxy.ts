import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface ProxiedCall {
  readonly method: string;
  readonly params: readonly unknown[];
  /** The real node's whole answer. */
  forward(): Promise<{ result?: unknown; error?: unknown }>;
}

/** What the proxy does instead of passing the answer on: another answer, raw bytes, silence, or a cut connection. */
export type Interference =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string } }
  | { readonly status?: number; readonly text: string }
  | { readonly flood: number }
  | 'silence'
  | 'cut';

/** A node between us and a real one, for specs: it may lie, stall, flood or break off, call by call. */
export interface NodeProxy {
  readonly url: string;
  /** `undefined` passes the call on. */
  interfere: ((call: ProxiedCall) => Interference | undefined | Promise<Interference | undefined>) | undefined;
  /** Methods in the order in which they came. */
  readonly calls: string[];
  close(): Promise<void>;
}

export async function startNodeProxy(target: string): Promise<NodeProxy> {
  const { username, password, origin, pathname } = new URL(target);
  const authorization = `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`;
  const state: { interfere: NodeProxy['interfere']; calls: string[] } = { interfere: undefined, calls: [] };

  const answer = async (body: string, response: ServerResponse): Promise<void> => {
    const request = JSON.parse(body) as { id: number; method: string; params: unknown[] };
    state.calls.push(request.method);
    const forward = async (): Promise<{ result?: unknown; error?: unknown }> => {
      const headers = { 'content-type': 'application/json', ...(username ? { authorization } : {}) };
      const upstream = await fetch(`${origin}${pathname}`, { method: 'POST', headers, body });
      return (await upstream.json()) as { result?: unknown; error?: unknown };
    };
    const instead = await state.interfere?.({ method: request.method, params: request.params, forward });
    if (instead === 'silence') return;
    if (instead === 'cut') return void response.destroy();
    if (instead !== undefined && 'flood' in instead) return flood(response, instead.flood);
    if (instead !== undefined && 'text' in instead)
      return void response.writeHead(instead.status ?? 200).end(instead.text);
    const message = instead ?? (await forward());
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...message }));
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void answer(Buffer.concat(chunks).toString(), response).catch(() => response.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

/** A body that goes on for `bytes`, as long as anybody reads it. */
function flood(response: ServerResponse, bytes: number): void {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  response.writeHead(200, { 'content-type': 'application/json' });
  let sent = 0;
  const more = (): void => {
    while (sent < bytes) {
      sent += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  response.on('error', () => undefined);
  more();
}
