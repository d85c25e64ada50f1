import { z } from 'zod';
import { decodeCursor, InvalidRequest } from '@base/http';

/** The id that a cursor of a list ordered by id stands for. @throws InvalidRequest */
export function idBefore(cursor: string | undefined): string | undefined {
  const [id] = decodeCursor(cursor, 1) ?? [];
  if (id !== undefined && !z.uuid().safeParse(id).success) {
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  }
  return id;
}
