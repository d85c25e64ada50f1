export { createLogger, NestLogger, type Logger } from './logger.js';
export { collectProcessMetrics, counter, gauge, histogram, registry } from './metrics.js';
export { type Operations, serveOperations } from './operations-server.js';
export { carryTrace, continueTrace, inSpan, startTracing } from './tracing.js';
