/** The reader of requests against one that takes the long way: every member into a map, every number of a name into a list. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ClientRequest, readRequest } from './request.js';

const NAMES = ['action', 'channel', 'price', 'orderQty', 'clOrdID', 'postOnly', '__proto__', 'constructor', 'hasOwnProperty', 'pri"ce', 'price\\'] as const; // prettier-ignore
const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

function theLongWay(frame: string): ClientRequest | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const members = new Map<string, unknown>(Object.entries(parsed));
  const action = members.get('action');
  const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object';
  if (members.size > 40 || typeof action !== 'string' || ![...members.values()].every(isScalar)) return undefined;
  const channel = members.get('channel');
  return {
    action,
    channel: typeof channel === 'string' ? channel : '',
    text: (name) => {
      const value = members.get(name);
      return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
    },
    decimal: (name) => {
      const value = members.get(name);
      if (value === undefined || value === null || value === '') return undefined;
      if (typeof value === 'string') return DECIMAL.test(value) ? value : null;
      if (typeof value !== 'number') return null;
      const found = [...frame.matchAll(new RegExp(`"${name}"\\s*:\\s*(-?[0-9][0-9.eE+-]*)`, 'g'))].at(-1)?.[1];
      return found !== undefined && DECIMAL.test(found) && Number(found) === value ? found : null;
    },
    integer: (name) => {
      const value = members.get(name);
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
      return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
    },
    flag: (name) => members.get(name) === true,
  };
}

const digits = fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?$/);
const space = fc.constantFrom('', ' ', '\n\t ');
/** As they stand in a frame; texts that look like members among them. */
const value = fc.oneof(
  digits,
  digits.map((text) => `"${text}"`),
  fc.constantFrom('true', 'false', 'null', '""', '{}', '[1]', '1e400', '-0', '"price\\":1"', '"\\"price\\":7,"', '"price"', '1.'), // prettier-ignore
  fc.string().map((text) => JSON.stringify(text)),
);
const name = fc.oneof(
  fc.constantFrom(...NAMES).map((known) => JSON.stringify(known)),
  fc.constant('"pr\\u0069ce"'),
  fc.string({ maxLength: 5 }).map((text) => JSON.stringify(text)),
);
const member = fc.tuple(name, space, space, value).map(([key, before, after, of]) => `${key}${before}:${after}${of}`);
const action = fc.constantFrom('"action":"NewOrderSingle"', '"action":"subscribe"', '"action":1', '"channel":"trading"', '"channel":2'); // prettier-ignore
const frames = fc.oneof(
  fc.array(fc.oneof(member, action), { maxLength: 12 }).map((members) => `{${members.join(',')}}`),
  fc.integer({ min: 37, max: 44 }).map((count) => `{"action":"x",${Array.from({ length: count }, (_, k) => `"m${k}":${k}`).join(',')}}`), // prettier-ignore
  fc.string(),
  fc.constantFrom('null', '[]', '1', '"a"', '{"action":"x","action":"y"}', '{"action":"x","price":1,"price":2.0}', '{"action":"x","price":1e0,"price" : 1}'), // prettier-ignore
);

describe('a request', () => {
  test('is read, or refused, as by the long way, whatever the frame', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const read = readRequest(frame);
        const due = theLongWay(frame);
        expect(read === undefined).toBe(due === undefined);
        if (read === undefined || due === undefined) return;
        expect([read.action, read.channel]).toEqual([due.action, due.channel]);
        for (const known of ['action', 'channel', 'price', 'orderQty', 'clOrdID', 'postOnly', 'm7', 'symbol'])
          expect([known, read.text(known), read.decimal(known), read.integer(known), read.flag(known)]).toEqual([known, due.text(known), due.decimal(known), due.integer(known), due.flag(known)]); // prettier-ignore
      }),
      { numRuns: 2_000 },
    );
  });
});
