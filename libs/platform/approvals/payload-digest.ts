import { createHash } from 'node:crypto';
import { type Json } from '@platform/audit';

/** JSON in one spelling: members sorted by code unit, no space. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}

/** SHA-256 over the kind, a line feed and the canonical payload, as the table's own constraint computes it. */
export const digestOf = (kind: string, payload: string): Buffer =>
  createHash('sha256').update(`${kind}\n${payload}`, 'utf8').digest();
