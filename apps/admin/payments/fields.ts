import { z } from 'zod';
import { InvalidRequest } from '@base/http';

/** Why an operator does something: on record for good. */
export const reasonText = () => z.string().trim().min(3).max(200);

/** Where a list goes on. */
export function before([at, id]: readonly string[] = []): { createdAt: Date; id: string } | undefined {
  if (at === undefined || id === undefined) return undefined;
  const createdAt = new Date(at);
  if (Number.isNaN(createdAt.getTime()) || !z.uuid().safeParse(id).success) {
    throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  }
  return { createdAt, id };
}
