import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import { type Schema } from './operations.js';

const SEED = 7;

/** A value that the schema admits, the plainest there is. Whether the use-case likes it is another matter. */
export function sample(schema: Schema): unknown {
  const given = schema.examples?.[0] ?? schema.example ?? schema.const ?? schema.enum?.[0] ?? schema.default;
  if (given !== undefined) return given;
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice) return sample(choice);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map(sample)) as unknown;
  switch (schema.type) {
    case 'object':
      return sampleObject(schema);
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items ?? {}));
    case 'integer':
    case 'number':
      return schema.minimum ?? Math.min(1, schema.maximum ?? 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'string':
      return sampleText(schema);
    default:
      return 'anything';
  }
}

function sampleObject(schema: Schema): Record<string, unknown> {
  const required = new Set(schema.required);
  const members = Object.entries(schema.properties ?? {}).filter(([name]) => required.has(name));
  return Object.fromEntries(members.map(([name, member]) => [name, sample(member)]));
}

function sampleText(schema: Schema): string {
  switch (schema.format) {
    case 'uuid':
      return randomUUID();
    case 'email':
      return `sample-${randomUUID()}@example.com`;
    case 'uri':
      return 'https://example.com/hook';
    case 'date-time':
      return '2026-01-01T00:00:00Z';
    case 'date':
      return '2026-01-01';
    default:
      break;
  }
  if (schema.pattern !== undefined) {
    const [text] = fc.sample(fc.stringMatching(new RegExp(schema.pattern)), { numRuns: 1, seed: SEED });
    return text ?? '';
  }
  return 'sample text'.padEnd(schema.minLength ?? 0, '.').slice(0, schema.maxLength ?? 40);
}
