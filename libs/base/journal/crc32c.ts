/**
 * CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected; RFC 3720 appendix B.4), sixteen bytes a step by tables
 * (slicing-by-16). Detects every burst of up to 32 bits, and every change of up to five bits in a frame of up to 655 bytes.
 */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 16;

/** Row k holds the CRC of a byte followed by k zero bytes. */
const TABLE = new Int32Array(SLICES * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  TABLE[byte] = crc;
}
for (let at = 256; at < TABLE.length; at += 1) {
  const before = TABLE[at - 256] as number;
  TABLE[at] = (before >>> 8) ^ (TABLE[before & 0xff] as number);
}

/**
 * CRC-32C of the bytes from `start` to `end`, as a signed 32-bit number. `words` lies over the same memory as `bytes`, from its
 * beginning; `start` is a multiple of four. `seed` is the CRC of what went before, to continue it. Allocates nothing.
 */
export function crc32c(bytes: Uint8Array, words: Int32Array, start: number, end: number, seed = 0): number {
  let crc = ~seed;
  let at = start;
  let word = start >> 2;
  for (; at + SLICES <= end; at += SLICES, word += 4) {
    const a = (words[word] as number) ^ crc;
    const b = words[word + 1] as number;
    const c = words[word + 2] as number;
    const d = words[word + 3] as number;
    crc =
      (TABLE[3840 + (a & 0xff)] as number) ^
      (TABLE[3584 + ((a >>> 8) & 0xff)] as number) ^
      (TABLE[3328 + ((a >>> 16) & 0xff)] as number) ^
      (TABLE[3072 + (a >>> 24)] as number) ^
      (TABLE[2816 + (b & 0xff)] as number) ^
      (TABLE[2560 + ((b >>> 8) & 0xff)] as number) ^
      (TABLE[2304 + ((b >>> 16) & 0xff)] as number) ^
      (TABLE[2048 + (b >>> 24)] as number) ^
      (TABLE[1792 + (c & 0xff)] as number) ^
      (TABLE[1536 + ((c >>> 8) & 0xff)] as number) ^
      (TABLE[1280 + ((c >>> 16) & 0xff)] as number) ^
      (TABLE[1024 + (c >>> 24)] as number) ^
      (TABLE[768 + (d & 0xff)] as number) ^
      (TABLE[512 + ((d >>> 8) & 0xff)] as number) ^
      (TABLE[256 + ((d >>> 16) & 0xff)] as number) ^
      (TABLE[d >>> 24] as number);
  }
  for (; at + 4 <= end; at += 4, word += 1) {
    const a = (words[word] as number) ^ crc;
    crc =
      (TABLE[768 + (a & 0xff)] as number) ^
      (TABLE[512 + ((a >>> 8) & 0xff)] as number) ^
      (TABLE[256 + ((a >>> 16) & 0xff)] as number) ^
      (TABLE[a >>> 24] as number);
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number);
  return ~crc;
}

/** The same for a piece of memory that has no words over it yet; copies when it does not begin on a word. */
export function crc32cOf(bytes: Uint8Array, seed = 0): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return crc32c(aligned, wordsOver(aligned), 0, aligned.length, seed);
}

/** Words over the memory of `bytes`, which begins on a word; bytes that fill no word are left out. */
export function wordsOver(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}
