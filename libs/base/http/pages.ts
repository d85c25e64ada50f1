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
    throw notOurs();
  }
}

const notOurs = (): InvalidRequest =>
  new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);

/** The id that a cursor stands for, of a list in the order of its ids. @throws InvalidRequest */
export function idCursor(cursor: string | undefined): string | undefined {
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (id !== undefined && !z.uuid().safeParse(id).success) throw notOurs();
  return id;
}

const timeAndId = z.tuple([z.iso.datetime(), z.uuid()]);

/** The time and the id that a cursor stands for, of a list in the order of its times. @throws InvalidRequest */
export function timeCursor(cursor: string | undefined): { at: Date; id: string } | undefined {
  const parts = decodeCursor(cursor, 2);
  if (parts === undefined) return undefined;
  const parsed = timeAndId.safeParse(parts);
  if (!parsed.success) throw notOurs();
  return { at: new Date(parsed.data[0]), id: parsed.data[1] };
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
