import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** `newId('pay')` is `pay_` and 96 random bits. */
export const newId = (prefix: string): string => `${prefix}_${randomBytes(12).toString('hex')}`;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Compares without telling, by the time it takes, how much of it was right. */
export const sameSecret = (given: string, expected: string): boolean =>
  timingSafeEqual(digest(given), digest(expected));
