import { refuse, type Refusal } from './refusal.js';

const MAX_DEPTH = 32;
const MAX_KEYS = 1_000;
const MAX_ITEMS = 10_000;
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

const malformed = (detail: string): Refusal =>
  refuse('malformed_body', { status: 400, title: 'The body is not acceptable JSON', detail });

/**
 * Parses a JSON body after one linear look at its text. Depth, number of keys, repeated keys and keys that could pollute prototypes are refused before
 * anything recursive sees the value: validators and loggers overflow their stacks at depths that `JSON.parse` bears.
 * @throws Refusal 400
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  const text = decode(body);
  inspect(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw malformed('It is not valid JSON.');
  }
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw malformed('It is not valid UTF-8.');
  }
}

/** The keys seen so far of each open object; null for an open array. */
type Open = Set<string> | null;

function inspect(text: string): void {
  const open: Open[] = [];
  let keys = 0;
  let items = 0;
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (c === '{' || c === '[') {
      open.push(c === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH) throw malformed(`It is nested deeper than ${MAX_DEPTH} levels.`);
    } else if (c === '}' || c === ']') open.pop();
    else if (c === ',') {
      items += 1;
      if (items > MAX_ITEMS) throw malformed(`It has more than ${MAX_ITEMS} items.`);
    } else if (c === '"') {
      const end = endOfString(text, at);
      const isKey = /^\s*:/.test(text.slice(end + 1, end + 64));
      if (isKey) {
        keys += 1;
        if (keys > MAX_KEYS) throw malformed(`It has more than ${MAX_KEYS} keys.`);
        noteKey(open.at(-1), text.slice(at, end + 1));
      }
      at = end;
    }
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') {
      if (text.startsWith('u0000', at + 1))
        throw malformed('A text holds the character NUL, which the database cannot keep.');
      at += 1;
    } else if (text[at] === '"') return at;
  }
  return text.length;
}

function noteKey(keys: Open | undefined, quoted: string): void {
  if (!keys) return;
  const key = unquote(quoted);
  if (POLLUTING.has(key)) throw malformed(`The key "${key}" is not allowed.`);
  if (keys.has(key)) throw malformed('A key stands twice in one object.');
  keys.add(key);
}

function unquote(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw malformed('It is not valid JSON.');
  }
}
