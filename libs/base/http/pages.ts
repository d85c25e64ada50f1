import { z } from 'zod';
import { InvalidRequest } from './validation.js';

/** `?limit=&cursor=`; the cursor is opaque and comes from the page before. */
export const pageQuery = (maxLimit = 100) => ({
  limit: z.coerce.number().int().min(1).max(maxLimit).default(Math.min(25, maxLimit)),
  cursor: z.string().max(400).optional(),
});

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Absent on the last page. */
  readonly next?: string;
}

const encode = (position: readonly string[]): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/** The position that a cursor stands for: as many strings as `parts`. @throws InvalidRequest for anything else. */
export function decodeCursor(cursor: string | undefined, parts: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const position = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
    return z.array(z.string().max(200)).length(parts).parse(position);
  } catch {
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  }
}

/** A page of at most `limit` items out of `limit + 1` rows that were asked for; `position` names where the next one starts. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { position, present }: { position: (row: Row) => readonly string[]; present: (row: Row) => Item },
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = rows.length > limit ? shown.at(-1) : undefined;
  return { items: shown.map(present), ...(last === undefined ? {} : { next: encode(position(last)) }) };
}
