import { Module } from '@nestjs/common';
import { createHttpApp, nobody, serve } from '@base/http';
import { collectProcessMetrics, createLogger, startTracing } from '@base/observability';
import { loadWorkerConfig } from './config.js';
import { startWorker } from './worker.js';

@Module({})
class WorkerModule {}

const logger = createLogger('worker');
const config = loadWorkerConfig();
collectProcessMetrics('worker');
const flushTraces = await startTracing('worker');
const worker = await startWorker(config, logger);
const app = await createHttpApp({
  title: 'Strongroom worker',
  module: WorkerModule,
  authenticator: nobody,
  readiness: { database: () => worker.ready() },
  sandbox: config.SANDBOX,
  logger,
});
await serve(app, {
  port: config.WORKER_METRICS_PORT,
  logger,
  close: async () => {
    await worker.stop();
    await flushTraces();
  },
});
