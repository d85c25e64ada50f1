import { z } from 'zod';
import { SandboxClock, systemClock, type Clock } from '@base/clock';
import { flag, secretText, secretUrl, type Secret } from '@base/config';
import { Database } from '@base/database';
import { Events } from '@base/events';
import { Outbox } from '@base/jobs';
import { collectProcessMetrics, createLogger, startTracing, type Logger } from '@base/observability';

/** What every process with a database reads of its environment; each app adds its own. */
export const processConfig = {
  DATABASE_URL: secretUrl('postgres', 'postgresql'),
  REDIS_URL: secretUrl('redis', 'rediss').optional(),
  TOKEN_KEY: secretText(24),
  /** The key that `TOKEN_KEY` replaces, while values sealed under it are still about. */
  TOKEN_KEY_PREVIOUS: secretText(24).optional(),
  SANDBOX: flag(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
};

export interface ProcessConfig {
  readonly DATABASE_URL: Secret;
  readonly TOKEN_KEY: Secret;
  readonly TOKEN_KEY_PREVIOUS?: Secret | undefined;
  readonly SANDBOX: boolean;
  readonly LOG_LEVEL: string;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
}

/** What a process stands on, opened once and closed at its end. */
export interface Process {
  readonly name: string;
  readonly database: Database;
  readonly clock: Clock;
  /** The clock that operators may move; outside a sandbox there is none. */
  readonly sandboxClock: SandboxClock | undefined;
  readonly logger: Logger;
  readonly outbox: Outbox;
  readonly events: Events;
  readonly sandbox: boolean;
  /** Rejects when the database is not there. It has a connection of its own, so it answers when all others are at work. */
  ready(): Promise<unknown>;
  close(): Promise<void>;
}

/** What opening a process needs of its configuration; `TOKEN_KEY` is for those who seal something. */
type Opening = Pick<ProcessConfig, 'DATABASE_URL' | 'SANDBOX' | 'LOG_LEVEL' | 'OTEL_EXPORTER_OTLP_ENDPOINT'>;

/**
 * @param options.connections to the database, at most
 * @param options.acquireTimeoutMs how long a request waits for one of them before it is told 503
 */
export async function openProcess(
  name: string,
  config: Opening,
  options: { connections?: number; acquireTimeoutMs?: number } = {},
): Promise<Process> {
  const logger = createLogger(name, config.LOG_LEVEL);
  const flushTraces = await startTracing(name, config.OTEL_EXPORTER_OTLP_ENDPOINT);
  collectProcessMetrics(name);
  const { connections = 20, acquireTimeoutMs } = options;
  const database = new Database({
    url: config.DATABASE_URL,
    applicationName: name,
    max: connections,
    ...(acquireTimeoutMs !== undefined && { acquireTimeoutMs }),
  });
  const probe = new Database({ url: config.DATABASE_URL, applicationName: `${name}-probe`, max: 1 });
  const sandboxClock = config.SANDBOX ? new SandboxClock(database) : undefined;
  await sandboxClock?.start();
  const clock: Clock = sandboxClock ?? systemClock;
  return {
    name,
    database,
    clock,
    sandboxClock,
    logger,
    outbox: new Outbox(database, clock),
    events: new Events({ database, clock, logger }),
    sandbox: config.SANDBOX,
    ready: () => probe.query('SELECT 1'),
    close: async () => {
      sandboxClock?.stop();
      await Promise.all([database.close(), probe.close()]);
      await flushTraces();
    },
  };
}
