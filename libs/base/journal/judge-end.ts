import { type Disk } from './disk.js';
import { type DurableMark } from './durable-mark.js';
import { JournalFault } from './faults.js';
import { damage, type FrameWalk } from './frames.js';
import { searchRemains } from './segment-reader.js';
import { type HeadlessSegment, isFenced, type Segment, type SegmentFiles } from './segments.js';

/** What is known of a journal besides its frames. */
export interface Evidence {
  readonly files: SegmentFiles;
  readonly mark: DurableMark | undefined;
  /** Records up to here were durable and may have been acknowledged. */
  readonly acknowledged: number;
}

/** What is wrong when no segment reaches back to record `from`; nothing, in a journal that has no record yet. */
export function judgeNoRecords({ files, mark, acknowledged }: Evidence, from: number): JournalFault | undefined {
  const first = files.segments.find(({ header }) => !isFenced(header, mark));
  const broken = brokenBefore(files, first);
  if (broken !== undefined) {
    if (first === undefined && acknowledged < from) return undefined;
    const proof = first === undefined ? `record ${acknowledged} was durable` : goesOn(first);
    return damage({ segment: broken, offset: 0, expected: from }, `its header is damaged; ${proof}`);
  }
  if (first !== undefined) {
    return new JournalFault(
      'no_starting_point',
      `the journal begins with record ${first.header.firstSequence} in ${first.name}, and no sound snapshot reaches from ${from} up to there`,
      { segment: first.name, offset: 0 },
    );
  }
  if (acknowledged < from) return undefined;
  return new JournalFault(
    'damaged',
    `the segments are gone: record ${acknowledged} was durable, and nothing is left from ${from} on`,
  );
}

/** A segment with a damaged header that stands before the first sound one. */
export const brokenBefore = (files: SegmentFiles, first: Segment | undefined): HeadlessSegment | undefined =>
  files.headless.find(({ state, ordinal }) => state === 'damaged' && ordinal < (first?.header.ordinal ?? Infinity));

/** What is wrong with the place where `walk` found no further frame: anything that says that the journal had gone on from there. */
export function judgeEnd(
  disk: Disk,
  { files, mark, acknowledged }: Evidence,
  walk: FrameWalk,
): JournalFault | undefined {
  const { segment, offset, expected, isSpoilt, fault } = walk.frame;
  if (isSpoilt) return damage(walk.frame, fault);
  const { ordinal } = segment.header;
  const broken = headlessAfter(files, ordinal).find(({ state }) => state === 'damaged');
  const faultWith = (proof: string): JournalFault =>
    broken === undefined
      ? damage(walk.frame, `${walk.frame.fault || 'nothing follows'}; ${proof}`)
      : damage({ segment: broken, offset: 0, expected }, `its header is damaged; ${proof}`);
  if (acknowledged >= expected) return faultWith(`record ${acknowledged} was durable`);
  const later = files.segments.find(({ header }) => header.ordinal > ordinal && !isFenced(header, mark));
  if (later !== undefined) return faultWith(goesOn(later));
  if (walk.isFencedHere) return undefined;
  const behind = searchRemains(disk, segment.path, offset, segment.header).durable;
  const beyond = broken === undefined ? 0 : searchRemains(disk, broken.path, 0, broken).durable;
  return Math.max(behind, beyond) >= expected ? faultWith('a frame behind it says that it was durable') : undefined;
}

export const headlessAfter = (files: SegmentFiles, ordinal: number): HeadlessSegment[] =>
  files.headless.filter((segment) => segment.ordinal > ordinal && !segment.isArchived);

const goesOn = ({ name, header }: Segment): string => `${name} goes on with record ${header.firstSequence}`;
