import { type Disk } from './disk.js';
import { type DurableMark, MarkFile } from './durable-mark.js';
import { JournalFault } from './faults.js';
import { FrameWalk } from './frames.js';
import { searchRemains } from './segment-reader.js';
import { isFenced, listSegments, type Segment, type SegmentFiles } from './segments.js';
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
  readonly damage?: { readonly segment?: string; readonly offset?: number; readonly message: string };
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
  onFrame: (walk: FrameWalk) => void = () => undefined,
): JournalReport {
  const files = listSegments(disk, folder);
  const mark = MarkFile.read(disk, folder);
  const segments = new Map<string, SegmentReport>();
  let damage: JournalReport['damage'];
  let tornTail: JournalReport['tornTail'];
  const first = files.segments[0];
  const walk = first && FrameWalk.from(disk, files, first.header.firstSequence, mark);
  try {
    while (walk?.next()) {
      add(segments, walk);
      onFrame(walk);
    }
    if (walk !== undefined) ({ damage, tornTail } = judgeEnd(disk, files, mark, walk));
  } catch (error) {
    if (!(error instanceof JournalFault)) throw error;
    damage = { segment: error.segment, offset: error.offset, message: error.message };
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
    ...(damage && { damage }),
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

function judgeEnd(
  disk: Disk,
  files: SegmentFiles,
  mark: DurableMark | undefined,
  { frame, isFencedHere }: FrameWalk,
): Pick<JournalReport, 'damage' | 'tornTail'> {
  const { segment, offset, expected, fault } = frame;
  const remains = searchRemains(disk, segment.path, offset, segment.header);
  const proof = Math.max(mark?.sequence ?? 0, isFencedHere ? 0 : remains.durable);
  const isCutOff = files.segments.some(
    ({ header }) => header.ordinal > segment.header.ordinal && !isFenced(header, mark),
  );
  if (proof >= expected || isCutOff) {
    const message = `record ${expected} must begin here (${fault}), and the journal went on to at least ${Math.max(proof, expected)}`;
    return { damage: { segment: segment.name, offset, message } };
  }
  if (remains.end === offset) return {};
  return { tornTail: { segment: segment.name, offset, bytes: remains.end - offset } };
}

function listSnapshots(disk: Disk, folder: string): JournalReport['snapshots'] {
  const store = new SnapshotStore(disk, folder);
  return store.sequences().map((sequence) => {
    const read = store.read(sequence);
    return { name: read.name, sequence, ...('fault' in read && { fault: read.fault }) };
  });
}
