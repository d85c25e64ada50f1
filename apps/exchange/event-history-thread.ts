/** A second engine that makes old events again: see event-history.ts. It answers each request with one piece. */
import { parentPort, workerData } from 'node:worker_threads';
import { JournalCursor, NodeDisk, SnapshotStore } from '@base/journal';
import { type HistoryPiece, type HistoryRequest, type HistoryTask } from './event-history.js';
import { Replay, restoreBefore } from './replay.js';

const PIECE_BYTES = 256 * 1024;
const HIGH = 0x1_0000_0000;

const { folder, from } = workerData as HistoryTask;
const disk = new NodeDisk();

/** What has been made and not been asked for: whole frames, so at most one frame's events more than a piece. */
let made: Uint8Array[] = [];
let madeBytes = 0;
let durable = 0;

const replay = new Replay(keep, () => undefined);
restoreBefore(from, replay, new SnapshotStore(disk, folder));
const cursor = new JournalCursor(disk, folder, replay.sequence + 1, () => durable);

parentPort?.on('message', ({ upTo }: HistoryRequest) => {
  durable = upTo;
  while (madeBytes < PIECE_BYTES && cursor.next()) replay.apply(cursor.frame);
  const bytes = new Uint8Array(madeBytes);
  let at = 0;
  for (const piece of made) {
    bytes.set(piece, at);
    at += piece.length;
  }
  made = [];
  madeBytes = 0;
  const piece: HistoryPiece = { bytes, next: Math.max(from, replay.sequence + 1) };
  parentPort?.postMessage(piece, [bytes.buffer]);
});

/** Copies events of commands from `from` on. */
function keep(bytes: Uint8Array, length: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  let start = 0;
  while (start < length) {
    if (view.getUint32(start + 8, true) + view.getUint32(start + 12, true) * HIGH >= from) break;
    start += view.getUint16(start, true);
  }
  if (start === length) return;
  made.push(bytes.slice(start, length));
  madeBytes += length - start;
}
