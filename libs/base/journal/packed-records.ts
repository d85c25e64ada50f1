/**
 * Records as they lie on the disk. Those that begin with the common head (length u16, kind u8, version u8, origin u32, sequence u64, time
 * u64, and words after it) are packed: the frame's header tells sequence and time already, and words of zero, which are most of the upper
 * halves of 64-bit numbers, are a bit each. Half the bytes are a third of a checksum, a copy and a write less; packing costs no more than the copy
 * into the ring that it takes the place of.
 *
 * PAYLOAD OF A PACKED FRAME, words
 *   0  bytes that the records have unpacked
 *   1  their version
 *   then each record: a word of length in words (6 bits), kind (8 bits) and which of its words are there (18 bits: the origin, then words 6 to 22),
 *   those words, and all from word 23 on; a word of zero at the end when the number of words is odd
 */
const HEAD_WORDS = 6;
/** Words from here on are always written. */
const UNMASKED = 23;
const LONGEST_WORDS = 63;
const PREFACE_WORDS = 2;
const TWO_32 = 0x1_0000_0000;

/** What all records of a frame have in common with its header. */
export interface RecordRun {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly time: number;
}

/**
 * Packs the records in the first `count` words of `records` to `target`, from word `at` on, where there is room for `count` words. Answers how many
 * words it wrote, an even number and less than `count`, or 0 when one of the records has not the common head: they are then to be kept as they are.
 */
export function packRecords(
  records: Int32Array,
  count: number,
  run: RecordRun,
  target: Int32Array,
  at: number,
): number {
  const version = (records[0] as number) >>> 24;
  const timeLow = run.time | 0;
  const timeHigh = Math.floor(run.time / TWO_32) | 0;
  let low = run.firstSequence | 0;
  let high = Math.floor(run.firstSequence / TWO_32) | 0;
  let to = at + PREFACE_WORDS;
  let from = 0;
  while (from < count) {
    const head = records[from] as number;
    const words = (head & 0xffff) >> 2;
    if (head >>> 24 !== version || (head & 3) !== 0 || words < HEAD_WORDS || words > LONGEST_WORDS) return 0;
    if (from + words > count) return 0;
    if (records[from + 2] !== low || records[from + 3] !== high) return 0;
    if (records[from + 4] !== timeLow || records[from + 5] !== timeHigh) return 0;
    const place = to;
    to += 1;
    // Written always and kept if it is not zero: a branch here would be guessed wrong every second time.
    const origin = records[from + 1] as number;
    target[to] = origin;
    let present = (origin | -origin) >>> 31;
    to += present;
    const masked = from + (words < UNMASKED ? words : UNMASKED);
    let word = from + HEAD_WORDS;
    for (let bit = 1; word < masked; word += 1, bit += 1) {
      const value = records[word] as number;
      target[to] = value;
      const isThere = (value | -value) >>> 31;
      to += isThere;
      present |= isThere << bit;
    }
    for (; word < from + words; word += 1, to += 1) target[to] = records[word] as number;
    target[place] = words | (((head >>> 16) & 0xff) << 6) | (present << 14);
    from += words;
    low = (low + 1) | 0;
    if (low === 0) high = (high + 1) | 0;
  }
  if (from !== count || !isNext(low, high, run.lastSequence)) return 0;
  if (((to - at) & 1) !== 0) {
    target[to] = 0;
    to += 1;
  }
  target[at] = count << 2;
  target[at + 1] = version;
  return to - at;
}

/** The bytes that a packed payload at word `at` says to have unpacked. */
export const unpackedBytes = (payload: Int32Array, at: number): number => payload[at] as number;

/**
 * The reverse of `packRecords`: the payload from word `at` to `end`, into `records` from its beginning, which has room for `unpackedBytes`. Answers
 * whether it was a packed payload of this run; what it has written is of no use if it was not.
 */
export function unpackRecords(
  payload: Int32Array,
  at: number,
  end: number,
  run: RecordRun,
  records: Int32Array,
): boolean {
  const count = unpackedBytes(payload, at) >> 2;
  const version = payload[at + 1] as number;
  const timeLow = run.time | 0;
  const timeHigh = Math.floor(run.time / TWO_32) | 0;
  let low = run.firstSequence | 0;
  let high = Math.floor(run.firstSequence / TWO_32) | 0;
  let from = at + PREFACE_WORDS;
  let to = 0;
  while (to < count) {
    const head = payload[from] as number;
    const words = head & 63;
    if (words < HEAD_WORDS || to + words > count || from >= end) return false;
    from += 1;
    const present = head >>> 14;
    records[to] = (words << 2) | (((head >>> 6) & 0xff) << 16) | (version << 24);
    records[to + 1] = (payload[from] as number) & -(present & 1);
    from += present & 1;
    records[to + 2] = low;
    records[to + 3] = high;
    records[to + 4] = timeLow;
    records[to + 5] = timeHigh;
    const masked = to + (words < UNMASKED ? words : UNMASKED);
    let word = to + HEAD_WORDS;
    for (let bit = 1; word < masked; word += 1, bit += 1) {
      const isThere = (present >>> bit) & 1;
      records[word] = (payload[from] as number) & -isThere;
      from += isThere;
    }
    for (; word < to + words; word += 1, from += 1) records[word] = payload[from] as number;
    to += words;
    low = (low + 1) | 0;
    if (low === 0) high = (high + 1) | 0;
  }
  return from <= end && end - from <= 1 && isNext(low, high, run.lastSequence);
}

const isNext = (low: number, high: number, last: number): boolean =>
  low === ((last + 1) | 0) && high === (Math.floor((last + 1) / TWO_32) | 0);
