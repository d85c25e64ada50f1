import { createHash } from 'node:crypto';

/** SHA-256 over the kind, a line feed and the canonical payload, as the table's own constraint computes it. */
export const digestOf = (kind: string, payload: string): Buffer =>
  createHash('sha256').update(`${kind}\n${payload}`, 'utf8').digest();
