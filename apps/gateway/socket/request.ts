/**
 * Reads what a client sends (exchange-api.md §3.1): one flat JSON object. Numbers may stand as numbers or as text; what matters of a number is its digits, so
 * amounts are taken from the frame's own text and never from a double.
 */
export interface ClientRequest {
  readonly action: string;
  readonly channel: string;
  /** A text member; undefined when it is missing, empty, or no text. */
  text(name: string): string | undefined;
  /** The digits of a number or of a text with one; undefined when missing, null when it is neither or cannot be told apart. */
  decimal(name: string): string | null | undefined;
  integer(name: string): number | undefined;
  flag(name: string): boolean;
}

const MOST_MEMBERS = 40;
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';

/** @returns undefined when it is not one flat JSON object with an action */
export function readRequest(frame: string): ClientRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const members = new Map<string, unknown>(Object.entries(parsed));
  const action = members.get('action');
  if (members.size > MOST_MEMBERS || typeof action !== 'string' || ![...members.values()].every(isScalar)) return undefined; // prettier-ignore
  const channel = members.get('channel');
  return {
    action,
    channel: typeof channel === 'string' ? channel : '',
    text: (name) => textOf(members.get(name)),
    decimal: (name) => decimalOf(frame, name, members.get(name)),
    integer: (name) => integerOf(members.get(name)),
    flag: (name) => members.get(name) === true,
  };
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

function integerOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

const patterns = new Map<string, RegExp>();

function digitsOf(name: string): RegExp {
  const known = patterns.get(name) ?? new RegExp(`"${name}"\\s*:\\s*(-?[0-9][0-9.eE+-]*)`, 'g');
  patterns.set(name, known);
  return known;
}

/** The object is flat, so a member's name in quotes and a colon can only be that member: inside a text its quotes would be escaped. */
function decimalOf(frame: string, name: string, value: unknown): string | null | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return DECIMAL.test(value) ? value : null;
  if (typeof value !== 'number') return null;
  const found = [...frame.matchAll(digitsOf(name))].at(-1)?.[1];
  return found !== undefined && DECIMAL.test(found) && Number(found) === value ? found : null;
}
