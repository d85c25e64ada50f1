import { type RequestFields } from './json-request.js';
import { invalid } from './rest-refusal.js';

const DEFAULT_LIMIT = 100;
const MOST_LIMIT = 1_000;

/** `from`, `to` (milliseconds since 1970, inclusive) and `limit`. @throws RestRefusal 422 */
export function readPage(query: RequestFields): { from: number | undefined; to: number | undefined; limit: number } {
  const limit = wholeNumber(query, 'limit') ?? DEFAULT_LIMIT;
  if (limit === 0) throw invalid('limit must be above zero');
  return { from: wholeNumber(query, 'from'), to: wholeNumber(query, 'to'), limit: Math.min(limit, MOST_LIMIT) };
}

function wholeNumber(query: RequestFields, name: string): number | undefined {
  const text = query.text(name);
  if (text === undefined || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid(`${name} must be a whole number`);
  return Number(text);
}
