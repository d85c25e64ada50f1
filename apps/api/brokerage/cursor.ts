import { InvalidRequest } from '@base/http';
import { z } from 'zod';

const position = z.tuple([z.iso.datetime(), z.uuid()]);

/** The place in a list of orders that a cursor stands for. @throws InvalidRequest */
export function cursorPosition(parts: readonly string[] | undefined): { at: Date; id: string } | undefined {
  if (!parts) return undefined;
  const parsed = position.safeParse(parts);
  if (!parsed.success) throw new InvalidRequest([{ field: 'cursor', message: 'is not a cursor of this list' }]);
  return { at: new Date(parsed.data[0]), id: parsed.data[1] };
}
