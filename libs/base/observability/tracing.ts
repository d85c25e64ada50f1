import { type Attributes, context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';

/**
 * Exports spans to `OTEL_EXPORTER_OTLP_ENDPOINT`; without it, spans cost next to nothing, and the exporter, a fifth of what a process loads, is left
 * out. Answers how to flush at the end.
 */
export async function startTracing(
  service: string,
  endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'],
): Promise<() => Promise<void>> {
  if (!endpoint) return () => Promise.resolve();
  const [{ OTLPTraceExporter }, { resourceFromAttributes }, { BatchSpanProcessor, NodeTracerProvider }] =
    await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace-node'),
    ]);
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `strongroom-${service}` }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return () => provider.shutdown();
}

/** Runs `work` in a span, which ends with it and carries its error. */
export function inSpan<T>(name: string, attributes: Attributes, work: (span: Span) => Promise<T>): Promise<T> {
  return trace.getTracer('strongroom').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The current trace context as text fields, to travel with a job or an event; empty when nothing is traced. */
export function carryTrace(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** Runs `work` as a continuation of the trace that {@link carryTrace} packed. */
export const continueTrace = <T>(carrier: Record<string, string>, work: () => Promise<T>): Promise<T> =>
  context.with(propagation.extract(context.active(), carrier), work);
