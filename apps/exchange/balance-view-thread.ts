/** A second engine that is put to where the first one was: see balance-view.ts. It answers each request with one piece. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Frame, JournalCursor, NodeDisk, SnapshotStore } from '@base/journal';
import { linkMessages, type LinkMessageDraft } from '@core/contracts';
import { balancesInUse } from '@core/matching';
import { type BalancePiece, type BalanceTask } from './balance-view.js';
import { Replay, restoreBefore } from './replay.js';

const MESSAGES_IN_PIECE = 4_096;
const HIGH = 0x1_0000_0000;

const { folder, at, reference } = workerData as BalanceTask;
const sequenceOf = (view: DataView, place: number): number =>
  view.getUint32(place + 8, true) + view.getUint32(place + 12, true) * HIGH;

/** Of command `at`. */
let events = 0;
const replay = new Replay(countEvents, () => undefined);
const disk = new NodeDisk();
restoreBefore(at, replay, new SnapshotStore(disk, folder));
const cursor = new JournalCursor(disk, folder, replay.sequence + 1, () => at);
while (replay.sequence < at && cursor.next()) replay.apply(cutBehind(cursor.frame));
cursor.close();
if (replay.sequence !== at) throw new Error(`the journal ends at ${replay.sequence}, before ${at}`);

const found = balancesInUse();
const messages: LinkMessageDraft[] = [
  ...found.map((balance): LinkMessageDraft => ({ kind: 'balance', reference, ...balance })),
  { kind: 'balances-read', reference, at: BigInt(at), count: found.length, events },
];
let told = 0;

parentPort?.on('message', () => {
  const part = messages.slice(told, told + MESSAGES_IN_PIECE);
  told += part.length;
  const buffer = new DataView(new ArrayBuffer(part.length * linkMessages.longest));
  const length = part.reduce((filled, message) => filled + linkMessages.encode(message, buffer, filled), 0);
  const piece: BalancePiece = {
    bytes: new Uint8Array(buffer.buffer.slice(0, length)),
    isLast: told === messages.length,
  };
  parentPort?.postMessage(piece, [piece.bytes.buffer as ArrayBuffer]);
});

/** The commands of a frame up to `at`: what was batched with it may have moved balances already. */
function cutBehind(frame: Frame): Frame {
  const { bytes, start, end, firstSequence, lastSequence, time } = frame;
  if (lastSequence <= at) return frame;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let cut = start;
  while (cut < end && sequenceOf(view, cut) <= at) cut += view.getUint16(cut, true);
  return { bytes, start, end: cut, firstSequence, lastSequence: at, time };
}

function countEvents(bytes: Uint8Array, length: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  for (let place = 0; place < length; place += view.getUint16(place, true)) {
    if (sequenceOf(view, place) === at) events += 1;
  }
}
