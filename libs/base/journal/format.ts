/**
 * The journal on disk, version 2. Little-endian; every header and payload begins on a multiple of eight bytes.
 *
 * FOLDER
 *   0000000007-0000000003.segment   the seventh segment, begun by epoch 3: frames, preallocated with zeros behind them
 *   mark                            the second durable mark (durable-mark.ts)
 *   0000000003.epoch                who claimed epoch 3 (epoch-lock.ts)
 *   snapshots/0000000000012345.snapshot  state after record 12345 (snapshots.ts); `incoming` while it is written
 *   archive/                        segments and snapshots no longer needed, and tails that were cut; never deleted from here
 *
 * SEGMENT HEADER, 64 bytes, written together with the segment's first frame
 *    0 u32 crc            CRC-32C of bytes 4–63
 *    4 u32 chain          crc of the last frame before this segment; 0 before the first
 *    8 u32 magic          "SRSG"
 *   12 u32 version        2; 1 has no packed frames and is read as well
 *   16 u64 first sequence
 *   24 u32 epoch
 *   28 u32 ordinal        counts segments from 1
 *   32 u64 time           of the first frame, µs since 1970
 *   40 u64 previous end   where the last frame of the segment before ends: bytes behind it are nobody's
 *   48 u32 previous epoch epoch of the segment before
 *   52 12 bytes of zero
 *
 * FRAME: one appended batch of records, header of 56 bytes and payload (a multiple of eight bytes): the records as they are, or packed
 * (packed-records.ts)
 *    0 u32 crc            CRC-32C of the header from byte 4 and the payload
 *    4 u32 chain          crc of the frame before, or of the segment header
 *    8 u32 magic          "SRFR"; "SRFP" when the records are packed
 *   12 u32 length         of the payload
 *   16 u64 first sequence one more than the last of the frame before
 *   24 u64 last sequence
 *   32 u64 time           µs since 1970
 *   40 u64 durable        highest sequence known to be durable when this frame was written
 *   48 u32 epoch
 *   52 u32 ordinal        of its segment
 *
 * Stale bytes (of a recycled block, an older epoch, another segment, the same place before a cut) are never taken for a frame:
 * epoch, ordinal and sequence must be the expected ones and the chain ties each frame to all before it.
 *
 * WHERE A JOURNAL ENDS is the first place without a valid frame. Whether what stood there was never acknowledged (a torn tail:
 * cut) or was (damage: refused) is told by three marks: (a) a valid segment or frame further on whose `durable` covers it; (b) the mark
 * file, which is written when the journal falls idle, and each second under load; (c) whatever the caller knows (`outsideMark`, e.g. the
 * settlement cursor) and the snapshots' sequences. Not told apart: a group that was acknowledged less than a mark's delay before the power
 * failed, with nothing written after it, and then damaged. It is taken for a torn tail; its bytes are kept in archive/.
 */
import { endianness } from 'node:os';
import { crc32c, wordsOver } from './crc32c.js';

if (endianness() !== 'LE') throw new Error('the journal writes through words and needs a little-endian machine');

export const FORMAT_VERSION = 2;
const FIRST_VERSION = 1;
export const SEGMENT_HEADER_BYTES = 64;
export const FRAME_HEADER_BYTES = 56;
/** No frame is longer: a damaged length field must not make a reader take a gigabyte. */
export const LONGEST_FRAME_BYTES = 64 * 1024 * 1024;

const SEGMENT_MAGIC = 0x47535253;
export const FRAME_MAGIC = 0x52465253;
export const PACKED_FRAME_MAGIC = 0x50465253;
export const isFrameMagic = (magic: number | undefined): boolean =>
  magic === FRAME_MAGIC || magic === PACKED_FRAME_MAGIC;

/** Word indices of a frame's header. */
export const FRAME = {
  crc: 0,
  chain: 1,
  magic: 2,
  length: 3,
  first: 4,
  last: 6,
  time: 8,
  durable: 10,
  epoch: 12,
  ordinal: 13,
} as const;

export interface SegmentHeader {
  readonly firstSequence: number;
  readonly epoch: number;
  readonly ordinal: number;
  /** µs since 1970. */
  readonly time: number;
  readonly chain: number;
  readonly previousEnd: number;
  readonly previousEpoch: number;
}

const TWO_32 = 0x1_0000_0000;

export function putU64(words: Int32Array, at: number, value: number): void {
  words[at] = value | 0;
  words[at + 1] = Math.floor(value / TWO_32);
}

/** Values beyond 2^53 come out inexact, and then fail the CRC or the comparison with what was expected. */
export const getU64 = (words: Int32Array, at: number): number =>
  ((words[at + 1] as number) >>> 0) * TWO_32 + ((words[at] as number) >>> 0);

/** Writes a segment header over the first 64 of `bytes` and answers its CRC. */
export function putSegmentHeader(bytes: Uint8Array, header: SegmentHeader): number {
  const words = wordsOver(bytes);
  words.fill(0, 0, SEGMENT_HEADER_BYTES >> 2);
  words[1] = header.chain;
  words[2] = SEGMENT_MAGIC;
  words[3] = FORMAT_VERSION;
  putU64(words, 4, header.firstSequence);
  words[6] = header.epoch;
  words[7] = header.ordinal;
  putU64(words, 8, header.time);
  putU64(words, 10, header.previousEnd);
  words[12] = header.previousEpoch;
  const crc = crc32c(bytes, words, 4, SEGMENT_HEADER_BYTES);
  words[0] = crc;
  return crc;
}

/** The header and its CRC, or why these bytes are none. An unused segment's header is `empty`. */
export function getSegmentHeader(
  bytes: Uint8Array,
): { header: SegmentHeader; crc: number } | 'empty' | 'damaged' | 'unknown version' {
  if (bytes.every((byte) => byte === 0)) return 'empty';
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'damaged';
  const words = wordsOver(bytes);
  const crc = crc32c(bytes, words, 4, SEGMENT_HEADER_BYTES);
  if (words[0] !== crc || words[2] !== SEGMENT_MAGIC) return 'damaged';
  const version = words[3] as number;
  if (version < FIRST_VERSION || version > FORMAT_VERSION) return 'unknown version';
  return {
    crc,
    header: {
      chain: words[1] as number,
      firstSequence: getU64(words, 4),
      epoch: words[6] as number,
      ordinal: words[7] as number,
      time: getU64(words, 8),
      previousEnd: getU64(words, 10),
      previousEpoch: words[12] as number,
    },
  };
}

const NAME = /^(\d{10})-(\d{10})\.segment$/;

export const segmentName = (ordinal: number, epoch: number): string =>
  `${String(ordinal).padStart(10, '0')}-${String(epoch).padStart(10, '0')}.segment`;

export function parseSegmentName(name: string): { ordinal: number; epoch: number } | undefined {
  const match = NAME.exec(name);
  return match ? { ordinal: Number(match[1]), epoch: Number(match[2]) } : undefined;
}
