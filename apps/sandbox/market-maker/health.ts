import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';

/** `GET /health` on loopback, or where LISTEN_ADDRESS says: that the program runs, and what it does. */
export async function serveHealth(
  port: number,
  state: () => Readonly<Record<string, unknown>>,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const isAsked = request.method === 'GET' && request.url === '/health';
    response.writeHead(isAsked ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isAsked ? { status: 'ok', ...state() } : { error: 'GET /health' }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, process.env['LISTEN_ADDRESS'] ?? '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
