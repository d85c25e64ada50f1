import { type Attributes, context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** Exports spans to `OTEL_EXPORTER_OTLP_ENDPOINT`; without it, spans cost next to nothing. Answers how to flush at the end. */
export function startTracing(
  service: string,
  endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'],
): () => Promise<void> {
  if (!endpoint) return () => Promise.resolve();
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
