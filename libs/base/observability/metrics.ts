import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The process's metrics. Names: `strongroom_<library>_<what>_<unit>`. */
export const registry = new Registry();

let collecting = false;

/** Event loop lag, memory, descriptors, garbage collection: once per process. */
export function collectProcessMetrics(processName: string): void {
  if (collecting) return;
  collecting = true;
  registry.setDefaultLabels({ process: processName });
  collectDefaultMetrics({ register: registry });
}

type Named<Label extends string> = { readonly name: string; readonly help: string; readonly labels?: readonly Label[] };

const labelNames = <Label extends string>(of: Named<Label>): Label[] => [...(of.labels ?? [])];

/** The counter of this name; made on first use, so two instances of a class in one process share it. */
export const counter = <Label extends string = never>(of: Named<Label>): Counter<Label> =>
  (registry.getSingleMetric(of.name) as Counter<Label> | undefined) ??
  new Counter({ name: of.name, help: of.help, labelNames: labelNames(of), registers: [registry] });

export const gauge = <Label extends string = never>(of: Named<Label>): Gauge<Label> =>
  (registry.getSingleMetric(of.name) as Gauge<Label> | undefined) ??
  new Gauge({ name: of.name, help: of.help, labelNames: labelNames(of), registers: [registry] });

/** Seconds; buckets from 0.5 ms to 10 s. */
export const histogram = <Label extends string = never>(of: Named<Label>): Histogram<Label> =>
  (registry.getSingleMetric(of.name) as Histogram<Label> | undefined) ??
  new Histogram({
    name: of.name,
    help: of.help,
    labelNames: labelNames(of),
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
