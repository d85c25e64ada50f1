import { collectProcessMetrics, createLogger, serveOperations } from '@base/observability';
import { readConfiguration } from './configuration.js';
import { EventHistory } from './event-history.js';
import { type ExchangeSettings } from './exchange-settings.js';
import { refreshGauges, watch } from './metrics.js';
import { PairMember } from './standby/pair-member.js';
import { readinessOf, refreshStandbyGauges } from './standby/standby-metrics.js';

/** A stop that does not come to its end in this time is given up; the journal is sound either way. */
const STOP_WITHIN_MS = 9_000;

/**
 * The whole process: configuration, recovery, doors, health, signals. `journal` is for specs, which put another disk under it.
 * @throws ConfigurationError, JournalFault
 */
export async function runExchange(journal: ExchangeSettings['journal'] = {}): Promise<PairMember> {
  const logger = createLogger('exchange');
  const { metrics, settings, peer, discardsTail } = readConfiguration();
  collectProcessMetrics('exchange');
  const started: { member?: PairMember } = {};
  const operations = await serveOperations(metrics, {
    ready: () => (started.member === undefined ? { isReady: false, told: {} } : readinessOf(started.member)),
    refresh: () => {
      const { member } = started;
      if (member?.exchange !== undefined) refreshGauges(member.exchange);
      if (member !== undefined) refreshStandbyGauges(member);
    },
  });
  const exchange: ExchangeSettings = {
    ...settings,
    journal: { ...settings.journal, ...journal },
    history: new EventHistory(settings.folder),
    watch,
    say: (line) => logger.info(line),
    alert: (line) => logger.error(line),
    onFatal: (error) => {
      // What was not durable was told to nobody. Another sync could lie about it, so there is none: the next process looks at the disk.
      logger.fatal({ err: error }, `the exchange ends at once: ${error.message}`);
      process.exit(1);
    },
  };
  const running = await PairMember.start({ exchange, peer, discardsTail });
  started.member = running;
  const stop = (): void => {
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    void running.stop().then(() => {
      operations.close();
      process.exit(0);
    });
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const standing = running.exchange === undefined ? 'follower' : 'primary';
  const { addresses, term } = running;
  logger.info({ addresses, standing, term: term?.term, health: operations.port }, 'exchange ready');
  return running;
}
