import { type Disk } from './disk.js';
import { type DurableMark, MarkFile } from './durable-mark.js';
import { JournalFault } from './faults.js';
import { damage, type Frame, FrameWalk } from './frames.js';
import { brokenBefore, type Evidence, judgeEnd, judgeNoRecords } from './judge-end.js';
import { searchRemains } from './segment-reader.js';
import { listSegments, type Segment } from './segments.js';
import { SnapshotStore } from './snapshots.js';

export interface SegmentReport {
  readonly name: string;
  readonly isArchived: boolean;
  readonly epoch: number;
  readonly firstSequence: number;
  /** 0 while it holds no frame. */
  readonly lastSequence: number;
  readonly frames: number;
  /** Of records, headers not counted. */
  readonly recordBytes: number;
  /** µs since 1970, of the first and the last frame. */
  readonly firstTime: number;
  readonly lastTime: number;
  /** Offset behind the last frame. */
  readonly end: number;
}

export interface JournalReport {
  readonly segments: readonly SegmentReport[];
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly mark: DurableMark | undefined;
  readonly snapshots: readonly { readonly name: string; readonly sequence: number; readonly fault?: string }[];
  /** The first place where an acknowledged record is damaged or missing. */
  readonly damage?: {
    readonly segment?: string | undefined;
    readonly offset?: number | undefined;
    readonly message: string;
  };
  /** Bytes behind the last frame that nobody was told of; a recovery will cut them. */
  readonly tornTail?: { readonly segment: string; readonly offset: number; readonly bytes: number };
}

/**
 * Reads a whole journal, archive and snapshots included, without changing anything or needing the lock: every frame, every joint, the mark.
 * `onFrame` sees every frame on the way (the caller's replay and digest). A journal that is being written is seen up to some moment.
 */
export function inspectJournal(
  disk: Disk,
  folder: string,
  onFrame: (frame: Frame) => void = () => undefined,
): JournalReport {
  // In this order, so that a journal that is being written cannot seem to end before its mark.
  const mark = MarkFile.read(disk, folder);
  const files = listSegments(disk, folder);
  const segments = new Map<string, SegmentReport>();
  let fault: JournalFault | undefined;
  let tornTail: JournalReport['tornTail'];
  const first = files.segments[0];
  const walk = first && FrameWalk.from(disk, files, first.header.firstSequence, mark);
  try {
    while (walk?.next()) {
      add(segments, walk);
      onFrame(walk.frame);
    }
    fault = judge(disk, { files, mark, acknowledged: mark?.sequence ?? 0 }, walk);
    if (walk !== undefined && fault === undefined) tornTail = tailBehind(disk, walk);
  } catch (error) {
    if (!(error instanceof JournalFault)) throw error;
    fault = error;
  } finally {
    walk?.close();
  }
  const lastSequence = Math.max(0, ...[...segments.values()].map((segment) => segment.lastSequence));
  return {
    segments: [...segments.values()],
    firstSequence: first?.header.firstSequence ?? 0,
    lastSequence,
    mark,
    snapshots: listSnapshots(disk, folder),
    ...(fault && { damage: { segment: fault.segment, offset: fault.offset, message: fault.message } }),
    ...(tornTail && { tornTail }),
  };
}

function add(segments: Map<string, SegmentReport>, { frame }: FrameWalk): void {
  const { name } = frame.segment;
  const before = segments.get(name) ?? emptyReport(frame.segment);
  segments.set(name, {
    ...before,
    lastSequence: frame.lastSequence,
    frames: before.frames + 1,
    recordBytes: before.recordBytes + frame.end - frame.start,
    lastTime: frame.time,
    end: frame.offset,
  });
}

const emptyReport = ({ name, isArchived, header }: Segment): SegmentReport => ({
  name,
  isArchived,
  epoch: header.epoch,
  firstSequence: header.firstSequence,
  lastSequence: 0,
  frames: 0,
  recordBytes: 0,
  firstTime: header.time,
  lastTime: 0,
  end: 0,
});

function tailBehind(disk: Disk, { frame: { segment, offset } }: FrameWalk): JournalReport['tornTail'] {
  const { end } = searchRemains(disk, segment.path, offset, segment.header);
  return end === offset ? undefined : { segment: segment.name, offset, bytes: end - offset };
}

/** What is wrong before the first record, or behind the last. */
function judge(disk: Disk, evidence: Evidence, walk: FrameWalk | undefined): JournalFault | undefined {
  const first = evidence.files.segments[0];
  if (walk === undefined || first === undefined) return judgeNoRecords(evidence, 1);
  const broken = brokenBefore(evidence.files, first);
  if (broken === undefined) return judgeEnd(disk, evidence, walk);
  const expected = first.header.firstSequence;
  return damage({ segment: broken, offset: 0, expected }, 'its header is damaged, and a segment follows');
}

function listSnapshots(disk: Disk, folder: string): JournalReport['snapshots'] {
  const store = new SnapshotStore(disk, folder);
  return store.sequences().map((sequence) => {
    const read = store.read(sequence);
    return { name: read.name, sequence, ...('fault' in read && { fault: read.fault }) };
  });
}
