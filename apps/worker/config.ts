import { flag, loadConfig, port, secretUrl } from '@base/config';

/** What the worker reads of its environment; docs/configuration.md says what each means. */
export const loadWorkerConfig = (environment?: Record<string, string | undefined>) =>
  loadConfig(
    {
      DATABASE_URL: secretUrl('postgres', 'postgresql'),
      REDIS_URL: secretUrl('redis', 'rediss').optional(),
      WORKER_METRICS_PORT: port(3002),
      SANDBOX: flag(),
    },
    environment,
  );

export type WorkerConfig = ReturnType<typeof loadWorkerConfig>;
