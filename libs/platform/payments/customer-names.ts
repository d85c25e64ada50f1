import { type Queryable } from '@base/database';

/** What identity knows of a customer's own name; null where it knows none. */
export interface CustomerNames {
  nameOf(on: Queryable, customerId: string): Promise<string | null>;
}

export const noNames: CustomerNames = { nameOf: () => Promise.resolve(null) };

const words = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .sort()
    .join(' ');

export const isSameName = (a: string, b: string): boolean => words(a) === words(b) && words(a) !== '';
