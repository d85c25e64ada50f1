import { type AddressInfo } from 'node:net';
import { type OutsideServer } from './server.js';

/** Serves on loopback, or where LISTEN_ADDRESS says, until SIGTERM or SIGINT, and says where on its first line of output. */
export async function serve(name: string, port: number, { app, webhooks }: OutsideServer): Promise<void> {
  await app.listen({ host: process.env['LISTEN_ADDRESS'] ?? '127.0.0.1', port });
  webhooks.start();
  const { port: taken } = app.server.address() as AddressInfo;
  process.stdout.write(`${name} listening on http://127.0.0.1:${taken}\n`);
  const stop = (): void => void app.close().then(() => process.exit(0));
  process.once('SIGTERM', stop).once('SIGINT', stop);
}
