/**
 * The buffer that events are written into, in the layouts of @core/contracts, and that the host empties: whenever it is
 * full, which may be in the middle of a command, and at the end of every batch.
 */
import { ENGINE_CODEC_VERSION, engineEvents } from '@core/contracts';
import { capacity } from './capacity.js';
import { wordCells } from './records.js';
import { life } from './scratch.js';

const { EVENT_BUFFER_BYTES } = capacity;

const { counters, NOW, SEQUENCE } = life;

/** What the engine has written and the host has not taken yet starts at byte 0 of this. */
export const eventBuffer = new Uint8Array(new SharedArrayBuffer(EVENT_BUFFER_BYTES));

/** The same memory by words and by amounts. An event at word `at` has its amounts at `at >> 1`. */
export const written = {
  words: new Int32Array(eventBuffer.buffer),
  amounts: new BigInt64Array(eventBuffer.buffer),
} as const;
const { words, amounts } = written;

/** Takes the first `bytes` of the buffer, whole events, before it returns. */
export type Release = (bytes: number) => void;

const cursor = wordCells(2);
const BYTES = 0;
const INDEX = 1;
const FULL = EVENT_BUFFER_BYTES - engineEvents.longest;
const host: { release: Release } = { release: () => undefined };

export function releaseEventsTo(release: Release): void {
  host.release = release;
}

/** Events are numbered from 0 within each command. */
export function numberEventsFromZero(): void {
  cursor[INDEX] = 0;
}

export function releaseEvents(): void {
  const bytes = cursor[BYTES]!;
  cursor[BYTES] = 0;
  if (bytes > 0) host.release(bytes);
}

/** Writes the header of the next event and returns the index of its first word. The caller writes every word after it. */
export function beginEvent(bytes: number, code: number): number {
  if (cursor[BYTES]! > FULL) releaseEvents();
  const at = cursor[BYTES]! >> 2;
  cursor[BYTES]! += bytes;
  words[at] = bytes | (code << 16) | (ENGINE_CODEC_VERSION << 24);
  words[at + 1] = cursor[INDEX]!++;
  amounts[(at >> 1) + 1] = counters[SEQUENCE]!;
  amounts[(at >> 1) + 2] = counters[NOW]!;
  return at;
}
