import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Logger } from '@base/observability';

const DRAIN_MS = 10_000;

/**
 * Listens, says so in one line on stdout that a launcher can read, and on SIGTERM or SIGINT stops taking requests, lets those under way end, closes what
 * `close` names, and exits. One handler: Nest's own shutdown hooks would re-raise the signal before that is done.
 */
export async function serve(
  app: NestFastifyApplication,
  options: { port: number; host?: string; logger: Logger; close: () => Promise<void> },
): Promise<void> {
  await app.listen(options.port, options.host ?? process.env['LISTEN_ADDRESS'] ?? '127.0.0.1');
  const url = await app.getUrl();
  options.logger.info({ url }, 'listening');
  process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    options.logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), DRAIN_MS).unref();
    void app
      .close()
      .then(options.close)
      .then(
        () => process.exit(0),
        (error: unknown) => {
          options.logger.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}
