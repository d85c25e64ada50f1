import { createHash } from 'node:crypto';

/** One request as it will be sent: what a step-up is given for. */
export interface Operation {
  readonly method: string;
  /** With leading slash, without query. */
  readonly path: string;
  /** The JSON body as parsed, before any schema touched it; `null` without a body. */
  readonly body: unknown;
}

/**
 * SHA-256 over the operation in one spelling: members sorted by code unit, as RFC 8785 does, so that only a change of meaning changes it. One
 * digit more in an amount, another address or another path is another digest.
 */
export function operationDigest(operation: Operation): Buffer {
  const text = canonicalJson([operation.method.toUpperCase(), operation.path, operation.body ?? null]);
  return createHash('sha256').update(text, 'utf8').digest();
}

/** JSON in one spelling: members sorted by code unit, no space. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}
