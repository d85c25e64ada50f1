import { join } from 'node:path';
import { type Disk } from './disk.js';
import { type DurableMark, MarkFile } from './durable-mark.js';
import { JournalFault } from './faults.js';
import { SEGMENT_HEADER_BYTES } from './format.js';
import { type Frame, FrameWalk } from './frames.js';
import { headlessAfter, judgeEnd, judgeNoRecords } from './judge-end.js';
import { searchRemains } from './segment-reader.js';
import { ARCHIVE, endWithLastFrame, isFenced, listSegments, type Segment, type SegmentFiles } from './segments.js';
import { type Snapshot, type SnapshotStore } from './snapshots.js';

export interface RecoveryHandlers {
  /** Takes over the state; `false` if it cannot (another version, another digest), and the snapshot before it is tried. */
  onSnapshot(snapshot: Snapshot): boolean;
  /** All records after the snapshot, in order. The first frame may begin before it: skip records by their own sequence. */
  onRecords(frame: Frame): void;
}

export interface Recovery {
  readonly nextSequence: number;
  /** 0 when the journal was read from its beginning. */
  readonly snapshotSequence: number;
  /** Of the last frame, µs since 1970; 0 without any. */
  readonly lastTime: number;
  readonly frames: number;
  readonly bytes: number;
  /** The torn tail that was cut, and where its bytes are kept. */
  readonly cut?: { readonly segment: string; readonly offset: number; readonly bytes: number; readonly keptAs: string };
  readonly damagedSnapshots: readonly { readonly name: string; readonly fault: string }[];
}

/** Where the journal ends: what the next segment's header has to say about the one before it. */
export interface JournalEnd {
  readonly ordinal: number;
  readonly epoch: number;
  readonly offset: number;
  readonly chain: number;
}

export interface RecoverySettings {
  readonly disk: Disk;
  readonly folder: string;
  readonly snapshots: SnapshotStore;
  /** Records up to here are known to have been acknowledged, from outside. */
  readonly outsideMark: number;
  readonly acceptMissingMark: boolean;
  /** The epoch that is beginning. */
  readonly epoch: number;
  readonly say: (line: string) => void;
}

/**
 * Newest sound snapshot, records after it, decision about the tail; then the tail is cut, everything made durable and the mark moved on.
 * Until then nothing has been changed: a refusal leaves the folder as it was.
 */
export function recoverJournal(
  settings: RecoverySettings,
  handlers: RecoveryHandlers,
): { recovery: Recovery; end: JournalEnd; mark: MarkFile } {
  const { disk, folder, snapshots, outsideMark, say } = settings;
  const files = listSegments(disk, folder);
  const mark = readMark(settings, files);
  const { snapshot, damagedSnapshots } = takeSnapshot(snapshots, handlers);
  for (const { name, fault } of damagedSnapshots) say(`snapshot ${name} ${fault}; passed over`);
  const from = (snapshot?.sequence ?? 0) + 1;
  const acknowledged = Math.max(mark?.sequence ?? 0, outsideMark, snapshots.sequences()[0] ?? 0);
  const evidence = { files, mark, acknowledged };
  const walk = FrameWalk.from(disk, files, from, mark);
  try {
    const read = walk === undefined ? NOTHING_READ : readRecords(walk, from, handlers);
    const nextSequence = walk === undefined ? from : Math.max(from, walk.frame.expected);
    const fault = walk === undefined ? judgeNoRecords(evidence, from) : judgeEnd(disk, evidence, walk);
    if (fault !== undefined) throw fault;
    const end = endOf(walk);
    const cut = walk && cutTail(settings, walk);
    putAside(settings, files, mark, end.ordinal);
    const markFile = MarkFile.create(disk, folder, {
      epoch: settings.epoch,
      epochFirstSequence: nextSequence,
      sequence: nextSequence - 1,
    });
    const snapshotSequence = from - 1;
    return {
      recovery: { nextSequence, snapshotSequence, ...read, ...(cut && { cut }), damagedSnapshots },
      end,
      mark: markFile,
    };
  } finally {
    walk?.close();
  }
}

const NOTHING_READ = { lastTime: 0, frames: 0, bytes: 0 };

function readMark({ disk, folder, acceptMissingMark }: RecoverySettings, files: SegmentFiles): DurableMark | undefined {
  const mark = MarkFile.read(disk, folder);
  if (mark !== undefined || acceptMissingMark || files.segments.length === 0) return mark;
  throw new JournalFault(
    'mark_missing',
    `${folder} holds segments and no readable mark of what was durable: an end that is missing would not be noticed`,
  );
}

function takeSnapshot(
  snapshots: SnapshotStore,
  handlers: RecoveryHandlers,
): { snapshot?: Snapshot; damagedSnapshots: { name: string; fault: string }[] } {
  const damagedSnapshots: { name: string; fault: string }[] = [];
  for (const sequence of snapshots.sequences()) {
    const read = snapshots.read(sequence);
    if ('fault' in read) damagedSnapshots.push(read);
    else if (handlers.onSnapshot(read)) return { snapshot: read, damagedSnapshots };
    else damagedSnapshots.push({ name: read.name, fault: 'was not accepted' });
  }
  return { damagedSnapshots };
}

function readRecords(
  walk: FrameWalk,
  from: number,
  handlers: RecoveryHandlers,
): { lastTime: number; frames: number; bytes: number } {
  let frames = 0;
  let bytes = 0;
  let lastTime = 0;
  while (walk.next()) {
    const { frame } = walk;
    lastTime = frame.time;
    if (frame.lastSequence < from) continue;
    handlers.onRecords(frame);
    frames += 1;
    bytes += frame.end - frame.start;
  }
  return { lastTime, frames, bytes };
}

/**
 * Ends the last segment's file with its last frame, durably. Bytes of a torn tail are first copied to the archive; a segment without any
 * frame goes there whole, because only the frames of a segment say that its epoch may go on from here.
 */
function cutTail({ disk, folder, epoch, say }: RecoverySettings, walk: FrameWalk): Recovery['cut'] {
  const { segment, offset, expected, fault } = walk.frame;
  const { end } = searchRemains(disk, segment.path, offset, segment.header);
  const keptAs = join(ARCHIVE, `${segment.name}.cut-at-${offset}-by-epoch-${epoch}`);
  if (!hasFrames(walk)) disk.rename(segment.path, join(folder, keptAs));
  else {
    if (end > offset) keepBytes(disk, folder, segment, { offset, end, keptAs });
    // A process that was killed leaves frames in the page cache: valid to read, and not yet durable.
    endWithLastFrame(disk, segment.path, offset);
  }
  if (end === offset) return undefined;
  const bytes = end - offset;
  say(
    `torn tail cut: ${segment.name} ends at offset ${offset}, before record ${expected} (${fault}); ` +
      `${bytes} bytes that nobody was told of are kept as ${keptAs}`,
  );
  return { segment: segment.name, offset, bytes, keptAs };
}

const hasFrames = (walk: FrameWalk): boolean => walk.frame.offset > SEGMENT_HEADER_BYTES;

function keepBytes(
  disk: Disk,
  folder: string,
  segment: Segment,
  { offset, end, keptAs }: { offset: number; end: number; keptAs: string },
): void {
  const from = disk.open(segment.path, 'read');
  const to = disk.open(join(folder, keptAs), 'create');
  try {
    const piece = new Uint8Array(Math.min(end - offset, 1024 * 1024));
    for (let at = offset; at < end;) {
      const got = disk.read(from, piece, 0, Math.min(piece.length, end - at), at);
      if (got === 0) break;
      disk.write(to, piece, 0, got, at - offset);
      at += got;
    }
    disk.sync(to);
  } finally {
    disk.close(from);
    disk.close(to);
  }
  disk.syncFolder(join(folder, ARCHIVE));
}

/** Clears the way for the next segment: prepared ones that were never begun go, torn and fenced ones to the archive. */
function putAside(settings: RecoverySettings, files: SegmentFiles, mark: DurableMark | undefined, last: number): void {
  const { disk, folder, epoch, say } = settings;
  const archive = (name: string, path: string, why: string): void => {
    disk.rename(path, join(folder, ARCHIVE, `${name}.${why}-by-epoch-${epoch}`));
    say(`${name} put aside in ${ARCHIVE}: ${why}`);
  };
  for (const { state, name, path } of headlessAfter(files, last)) {
    if (state === 'empty') disk.remove(path);
    else archive(name, path, 'torn');
  }
  for (const { header, name, path, isArchived } of files.segments) {
    if (!isArchived && isFenced(header, mark)) archive(name, path, 'fenced');
  }
}

function endOf(walk: FrameWalk | undefined): JournalEnd {
  if (walk === undefined) return { ordinal: 0, epoch: 0, offset: 0, chain: 0 };
  const { segment, offset, chain } = walk.frame;
  const { ordinal, epoch, previousEpoch, previousEnd, chain: previousChain } = segment.header;
  if (hasFrames(walk)) return { ordinal, epoch, offset, chain };
  return { ordinal: ordinal - 1, epoch: previousEpoch, offset: previousEnd, chain: previousChain };
}
