import { createHash, randomBytes } from 'node:crypto';

/** What kind of token a text is, so that a leaked one can be told by secret scanners, and by us which table to ask. */
export type TokenPrefix = 'sra' | 'srr' | 'sro' | 'srs';

/** 256 random bits behind a prefix: `sra_` access, `srr_` refresh, `sro_` one-time, `srs_` step-up. */
export const newToken = (prefix: TokenPrefix): string => `${prefix}_${randomBytes(32).toString('base64url')}`;

/** What is stored of a token. It has 256 bits of entropy, so a plain hash is enough, and the look-up by it leaks no timing. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest();
