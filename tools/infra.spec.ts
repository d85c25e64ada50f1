/** There is no container engine where the tests run, so what can be wrong in infra/ without one starting is looked for here. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ENVIRONMENT } from './launcher/environment.mjs';
import { ROOT } from './launcher/root.mjs';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  environment?: Record<string, string>;
  secrets?: string[];
  network_mode?: string;
  volumes?: string[];
  depends_on?: Record<string, unknown>;
}
interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, null>;
}
interface AlertFile {
  groups: {
    rules: { alert: string; expr: string; labels: { severity: string }; annotations: Record<string, string> }[];
  }[];
}
interface Dashboard {
  panels: { id: number; type: string; title: string; description?: string; targets?: { expr: string }[] }[];
}

const read = (...path: string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const composeText = read('infra/compose.yaml');
const compose = parse(composeText, { merge: true }) as Compose;
const ours = [
  'api',
  'admin',
  'worker',
  'exchange',
  'gateway',
  'signer',
  'bitcoin',
  'bank',
  'card',
  'prices',
  'market-maker',
  'migrate',
  'seed',
  'open-venue',
] as const;
const containers = readdirSync(join(ROOT, 'infra/containers'));

describe('compose.yaml', () => {
  test.each(ours)('gives %s the variables that it reads, and no others', (name) => {
    const given = Object.keys(compose.services[name]?.environment ?? {});
    const reads = ENVIRONMENT.filter(({ readers }) => readers.includes(name));
    const needs = reads.filter(({ secret, fallback }) => secret || typeof fallback === 'function');
    expect(given.filter((variable) => !reads.some((it) => it.name === variable))).toEqual([]);
    expect(needs.map((variable) => variable.name).filter((variable) => !given.includes(variable))).toEqual([]);
  });

  test('names only files, secrets, volumes and services that exist', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      if (service.build) expect([name, existsSync(join(ROOT, service.build.dockerfile))]).toEqual([name, true]);
      for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty([secret]);
      for (const dependency of Object.keys(service.depends_on ?? {}))
        expect(compose.services).toHaveProperty([dependency]);
      for (const volume of service.volumes ?? []) {
        const source = volume.split(':')[0] ?? '';
        if (source.startsWith('.')) expect([source, existsSync(join(ROOT, 'infra', source))]).toEqual([source, true]);
        else expect(compose.volumes).toHaveProperty([source]);
      }
    }
  });

  test('lets whoever reads the own book be told how much must stand in it', () => {
    const readers = Object.entries(compose.services).filter(([, { environment }]) => environment?.['OWN_BOOK_URL']);
    expect(readers.map(([name]) => name)).toEqual(['api', 'admin', 'worker']);
    for (const [, { environment }] of readers)
      expect(environment?.['OWN_BOOK_MIN_DEPTH']).toBe('${OWN_BOOK_MIN_DEPTH:-}');
  });

  test('keeps the signer off every network', () => {
    expect(compose.services['signer']?.network_mode).toBe('none');
  });
});

describe('write-env.mjs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'write-env-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  test('makes what compose.yaml asks for, once, for its user alone', () => {
    const run = (): string =>
      execFileSync(process.execPath, [join(ROOT, 'infra/write-env.mjs'), folder], { encoding: 'utf8' });
    run();
    const first = readFileSync(join(folder, '.env'), 'utf8');
    const asked = [...composeText.matchAll(/\$\{(\w+)(:-)?/g)]
      .filter(([, , byDefault]) => !byDefault)
      .map(([, name]) => name);
    expect(asked.filter((name) => !first.includes(`${name}=`))).toEqual([]);
    for (const { file } of Object.values(compose.secrets)) expect(existsSync(join(folder, file))).toBe(true);
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    run();
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(first);
  });
});

describe('container files', () => {
  const textOf = (file: string): string => read('infra/containers', file);
  const stage = (text: string, name: string): string | undefined =>
    text.split(/^FROM /m).find((part) => part.split('\n')[0]?.endsWith(`AS ${name}`));

  test.each(containers)('%s runs as nobody special and copies what is there', (file) => {
    const last =
      textOf(file)
        .split(/^FROM /m)
        .at(-1) ?? '';
    expect(last.indexOf('USER node')).toBeGreaterThan(0);
    expect(last.indexOf('CMD ')).toBeGreaterThan(last.indexOf('USER node'));
    const sources = [...textOf(file).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, list]) => list?.split(' ') ?? [],
    );
    expect(sources.filter((source) => !existsSync(join(ROOT, source)))).toEqual([]);
  });

  test('all build the same way, so that one build serves them all', () => {
    expect(new Set(containers.map((file) => stage(textOf(file), 'build'))).size).toBe(1);
  });

  test('the signer’s image holds no library but those it may import', () => {
    const copied = [...textOf('signer.Containerfile').matchAll(/dist\/(\S+) dist/g)].map(([, path]) => path);
    const allowed = ['libs/core', 'libs/base/config', 'libs/base/observability', 'libs/platform/keys', 'apps/signer'];
    expect(copied).toEqual(allowed);
  });
});

describe('monitoring', () => {
  const prometheus = parse(read('infra/prometheus/prometheus.yml')) as {
    rule_files: string[];
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  const dashboards = readdirSync(join(ROOT, 'infra/grafana/dashboards'));

  test('Prometheus asks services of compose.yaml at the ports of the environment table', () => {
    const targets = prometheus.scrape_configs.flatMap((job) => job.static_configs.flatMap((it) => it.targets));
    const ports = new Map(
      ENVIRONMENT.filter(({ port }) => port).map(({ readers, fallback }) => [readers[0], fallback]),
    );
    expect(targets).toEqual(
      ['api', 'admin', 'worker', 'exchange', 'gateway'].map((name) => `${name}:${String(ports.get(name as 'api'))}`),
    );
    for (const target of targets) expect(compose.services).toHaveProperty([target.split(':')[0] ?? '']);
  });

  const metricsOf = (expressions: readonly string[]): string[] => {
    const names = expressions.flatMap((expr) => expr.match(/strongroom_\w+/g) ?? []);
    return [...new Set(names.map((name) => name.replace(/_(bucket|count|sum)$/, '')))];
  };
  const code = ['libs', 'apps']
    .flatMap((top) =>
      readdirSync(join(ROOT, top), { recursive: true, encoding: 'utf8' }).map((path) => join(top, path)),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
    .map((path) => read(path))
    .join('\n');
  const unknownTo = (expressions: readonly string[]): string[] =>
    metricsOf(expressions).filter((name) => !code.includes(`'${name}'`));

  test('alerts are mounted, go by metrics that the code exports, and say what to do', () => {
    for (const file of prometheus.rule_files) {
      const { groups } = parse(read('infra/prometheus', file)) as AlertFile;
      const rules = groups.flatMap((group) => group.rules);
      expect(unknownTo(rules.map(({ expr }) => expr))).toEqual([]);
      for (const { alert, labels, annotations } of rules) {
        expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(page|ticket)$/)]);
        expect(annotations.summary).toMatch(/\S/);
        expect(annotations.description).toMatch(/\S/);
      }
      expect(compose.services['prometheus']?.volumes).toContain(`./prometheus/${file}:/etc/prometheus/${file}:ro`);
    }
  });

  test.each(dashboards)('%s shows only metrics that the code exports', (file) => {
    const { panels } = JSON.parse(read('infra/grafana/dashboards', file)) as Dashboard;
    const expressions = panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);
    expect(unknownTo(expressions)).toEqual([]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const panel of panels) if (panel.type !== 'row') expect(panel.description).toMatch(/\S/);
  });
});
