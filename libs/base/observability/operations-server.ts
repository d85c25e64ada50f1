import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { registry } from './metrics.js';

export interface Operations {
  /** Whether it does what it is there for, and what is told with that. */
  ready(): { readonly isReady: boolean; readonly told: object };
  /** Brings the gauges up to date. */
  refresh(): void;
}

/** Health and metrics over plain HTTP, for probes and Prometheus: the same paths as every other process of the house. */
export function serveOperations(
  at: { host: string; port: number },
  operations: Operations,
): Promise<{ port: number; close: () => void }> {
  const server = createServer((request, response) => void answer(request, response, operations));
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.off('error', reject);
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : at.port;
      resolve({ port, close: () => (server.close(), server.closeAllConnections()) });
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, operations: Operations): Promise<void> {
  if (request.method !== 'GET') return end(response, 405, '');
  switch (request.url) {
    case '/health/live':
      return end(response, 200, JSON.stringify({ status: 'ok' }), 'application/json');
    case '/health/ready':
      return answerReady(response, operations.ready());
    case '/metrics':
      operations.refresh();
      return end(response, 200, await registry.metrics(), registry.contentType);
    default:
      return end(response, 404, '');
  }
}

function answerReady(response: ServerResponse, { isReady, told }: ReturnType<Operations['ready']>): void {
  const body = JSON.stringify({ status: isReady ? 'ok' : 'error', ...told });
  end(response, isReady ? 200 : 503, body, 'application/json');
}

function end(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}
