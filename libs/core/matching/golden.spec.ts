/**
 * What version 1 wrote, kept for good: a journal's commands and a snapshot. A change of the rules, of a layout or of the codec that a venue in operation
 * would notice fails here, and is a new version with files of its own beside these.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { apply, commandBuffer, digest, eventBuffer, lastSequence, reset, restore, snapshot } from './index.js';

const golden = (name: string): Buffer => gunzipSync(readFileSync(new URL(`testing/golden/${name}`, import.meta.url)));
const commands = golden('v1-commands.bin.gz');
const taken = golden('v1-snapshot.bin.gz');
const SNAPSHOT_AT = 800n;
const EVENTS = '5b373720347e74ec3e11b19db60ae643d964a1717856bf62cdf539ba8d83246a';
const STATE = '07af0cd04afd6ef5ce3d04706fd0a777';

/** Applies every command from number `first` on; the bytes of the events. */
function applyFrom(first: bigint): Buffer {
  const view = new DataView(commands.buffer, commands.byteOffset, commands.byteLength);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < commands.length; at += view.getUint16(at, true)) {
    if (view.getBigInt64(at + 8, true) < first) continue;
    const length = view.getUint16(at, true);
    commandBuffer.set(commands.subarray(at, at + length));
    apply(0, length, (bytes) => pieces.push(eventBuffer.slice(0, bytes)));
  }
  return Buffer.concat(pieces);
}

test('A8: a journal of version 1 gives the events and the state that it gave when it was written', () => {
  reset();
  const events = applyFrom(1n);
  expect(createHash('sha256').update(events).digest('hex')).toBe(EVENTS);
  expect(digest()).toBe(STATE);
});

test('A8: a snapshot of version 1 is restored, is written again byte by byte, and the journal goes on from it to the same state', () => {
  restore(taken);
  expect(lastSequence()).toBe(SNAPSHOT_AT);
  expect(Buffer.concat(snapshot()).equals(taken)).toBe(true);
  applyFrom(SNAPSHOT_AT + 1n);
  expect(digest()).toBe(STATE);
});

test('A8: a snapshot of a version to come is refused by name, and the engine is empty', () => {
  reset();
  const empty = digest();
  const later = Buffer.from(taken);
  later.writeInt32LE(2, 4);
  expect(() => restore(later)).toThrow('snapshots of version 2 are not understood');
  expect(digest()).toBe(empty);
});
