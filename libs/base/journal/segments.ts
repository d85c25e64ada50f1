import { join } from 'node:path';
import { type Disk, readBytes } from './disk.js';
import { JournalFault } from './faults.js';
import { getSegmentHeader, parseSegmentName, SEGMENT_HEADER_BYTES, type SegmentHeader } from './format.js';
import { type DurableMark } from './durable-mark.js';

export const ARCHIVE = 'archive';

/** A segment whose header is sound. */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly isArchived: boolean;
  readonly header: SegmentHeader;
  readonly crc: number;
  /** Of the file, preallocated space included. */
  readonly bytes: number;
}

/** A segment file without a sound header: prepared and never begun, or damaged. */
export interface HeadlessSegment {
  readonly name: string;
  readonly path: string;
  readonly ordinal: number;
  readonly epoch: number;
  readonly isArchived: boolean;
  readonly state: 'empty' | 'damaged';
}

export interface SegmentFiles {
  /** By ordinal, and by epoch within it. */
  readonly segments: readonly Segment[];
  readonly headless: readonly HeadlessSegment[];
}

/** Reads the headers of all segments in the folder and its archive. @throws JournalFault `unknown_version` */
export function listSegments(disk: Disk, folder: string): SegmentFiles {
  const segments: Segment[] = [];
  const headless: HeadlessSegment[] = [];
  for (const isArchived of [true, false]) {
    const place = isArchived ? join(folder, ARCHIVE) : folder;
    for (const name of disk.list(place)) {
      const parsed = parseSegmentName(name);
      if (parsed === undefined) continue;
      const path = join(place, name);
      const { bytes, start } = readStart(disk, path);
      const found = getSegmentHeader(start);
      if (found === 'unknown version') {
        throw new JournalFault('unknown_version', `${name} is of a version that this program does not know`, {
          segment: name,
          offset: 12,
        });
      }
      if (found === 'empty' || found === 'damaged' || !matches(found.header, parsed)) {
        headless.push({ name, path, isArchived, ...parsed, state: found === 'empty' ? 'empty' : 'damaged' });
      } else {
        segments.push({ name, path, isArchived, bytes, ...found });
      }
    }
  }
  segments.sort((a, b) => a.header.ordinal - b.header.ordinal || a.header.epoch - b.header.epoch);
  return { segments, headless };
}

const matches = (header: SegmentHeader, name: { ordinal: number; epoch: number }): boolean =>
  header.ordinal === name.ordinal && header.epoch === name.epoch;

function readStart(disk: Disk, path: string): { bytes: number; start: Uint8Array } {
  const file = disk.open(path, 'read');
  try {
    return { bytes: disk.size(file), start: readBytes(disk, file, 0, SEGMENT_HEADER_BYTES) };
  } finally {
    disk.close(file);
  }
}

/** Whether a fenced writer made this segment, after a newer epoch had begun. */
export const isFenced = (header: SegmentHeader, mark: DurableMark | undefined): boolean =>
  mark !== undefined && header.epoch < mark.epoch && header.firstSequence >= mark.epochFirstSequence;

/** Where reading for `sequence` begins: the last segment that begins at or before it. */
export function segmentWith(files: SegmentFiles, sequence: number, mark: DurableMark | undefined): Segment | undefined {
  return files.segments.findLast(({ header }) => header.firstSequence <= sequence && !isFenced(header, mark));
}

/** The segment that goes on where `segment` ends; of several, the newest epoch's. */
export function successorOf(files: SegmentFiles, segment: Segment, mark: DurableMark | undefined): Segment | undefined {
  return files.segments.findLast(
    ({ header }) =>
      header.ordinal === segment.header.ordinal + 1 &&
      header.previousEpoch === segment.header.epoch &&
      !isFenced(header, mark),
  );
}

/** The segments in the folder itself, without the archive, in order. */
export function listLive(disk: Disk, folder: string): { ordinal: number; epoch: number; firstSequence: number }[] {
  return listSegments(disk, folder)
    .segments.filter(({ isArchived }) => !isArchived)
    .map(({ header: { ordinal, epoch, firstSequence } }) => ({ ordinal, epoch, firstSequence }));
}

/** Lets the segment's file end at `offset`, with its last frame, durably; what was prepared behind it is given back. */
export function endWithLastFrame(disk: Disk, path: string, offset: number): void {
  const file = disk.open(path, 'write');
  try {
    if (disk.size(file) > offset) disk.truncate(file, offset);
    disk.sync(file);
  } finally {
    disk.close(file);
  }
}
