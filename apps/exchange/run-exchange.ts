import { collectProcessMetrics, createLogger } from '@base/observability';
import { readConfiguration } from './configuration.js';
import { EventHistory } from './event-history.js';
import { Exchange, type ExchangeSettings } from './exchange.js';
import { refreshGauges, watch } from './metrics.js';
import { serveOperations } from './operations-server.js';

/** A stop that does not come to its end in this time is given up; the journal is sound either way. */
const STOP_WITHIN_MS = 9_000;

/**
 * The whole process: configuration, recovery, doors, health, signals. `journal` is for specs, which put another disk under it.
 * @throws ConfigurationError, JournalFault
 */
export async function runExchange(journal: ExchangeSettings['journal'] = {}): Promise<Exchange> {
  const logger = createLogger('exchange');
  const { metrics, settings } = readConfiguration();
  collectProcessMetrics('exchange');
  const started: { exchange?: Exchange } = {};
  const operations = await serveOperations(metrics, {
    ready: () => started.exchange?.isStopping === false,
    refresh: () => started.exchange && refreshGauges(started.exchange),
  });
  const running = await Exchange.start({
    ...settings,
    journal: { ...settings.journal, ...journal },
    history: new EventHistory(settings.folder),
    watch,
    say: (line) => logger.info(line),
    onFatal: (error) => {
      // What was not durable was told to nobody. Another sync could lie about it, so there is none: the next process looks at the disk.
      logger.fatal({ err: error }, `the exchange ends at once: ${error.message}`);
      process.exit(1);
    },
  });
  started.exchange = running;
  const stop = (): void => {
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    void running.stop().then(() => {
      operations.close();
      process.exit(0);
    });
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  logger.info({ addresses: running.addresses, epoch: running.epoch, health: operations.port }, 'exchange ready');
  return running;
}
