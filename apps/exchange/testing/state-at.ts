import { inspectJournal, NodeDisk } from '@base/journal';
import { digest } from '@core/matching';
import { Replay } from '../replay.js';

const HIGH = 0x1_0000_0000;

/** The digest of what the first `last` commands of a journal lead to, from the first on. Takes this isolate's engine over. */
export function stateAt(folder: string, last: number): string {
  const replay = new Replay(
    () => undefined,
    () => undefined,
  );
  inspectJournal(new NodeDisk(), folder, (frame) => {
    if (frame.firstSequence > last) return;
    const end = endOf(frame.bytes, frame.start, { end: frame.end, last });
    const { bytes, start, firstSequence, time } = frame;
    replay.apply({ bytes, start, end, firstSequence, lastSequence: Math.min(last, frame.lastSequence), time });
  });
  if (replay.sequence !== last) throw new Error(`the journal ends with command ${replay.sequence}, before ${last}`);
  return digest();
}

/** Behind command `last`, or the end of the frame. */
function endOf(bytes: Uint8Array, start: number, { end, last }: { end: number; last: number }): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = start;
  while (at < end && view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * HIGH <= last) {
    at += view.getUint16(at, true);
  }
  return at;
}
