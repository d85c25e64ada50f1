/**
 * Text frames of RFC 6455 §5.2 from the server: final, not masked, not compressed. Each is the connection's own beginning, `{"seqnum":n`, and a rest
 * that may be shared with other connections.
 */
const FINAL_TEXT = 0x81;
const SHORT = 126;
const MEDIUM = 65_536;
const TWO_BYTES_FOLLOW = 126;
const EIGHT_BYTES_FOLLOW = 127;
const ZERO = 0x30;
const BEGINNING = Buffer.from('{"seqnum":', 'latin1');

/** More than any frame's header and beginning take: 10 bytes of header, `{"seqnum":`, 16 digits. */
export const MOST_HEAD_BYTES = 10 + BEGINNING.length + 16;

function digitsOf(count: number): number {
  let digits = 1;
  for (let left = count; left >= 10; left /= 10) digits += 1;
  return digits;
}

/** Writes a frame up to where its rest begins; answers where that is. */
export function writeHead(target: Buffer, start: number, seqnum: number, restBytes: number): number {
  const digits = digitsOf(seqnum);
  const payload = BEGINNING.length + digits + restBytes;
  let at = start;
  target[at++] = FINAL_TEXT;
  if (payload < SHORT) target[at++] = payload;
  else if (payload < MEDIUM) {
    target[at++] = TWO_BYTES_FOLLOW;
    target[at++] = payload >> 8;
    target[at++] = payload & 0xff;
  } else {
    target[at++] = EIGHT_BYTES_FOLLOW;
    target.writeBigUInt64BE(BigInt(payload), at);
    at += 8;
  }
  for (let k = 0; k < BEGINNING.length; k += 1) target[at++] = BEGINNING[k] as number;
  let left = seqnum;
  for (let k = at + digits - 1; k >= at; k -= 1) {
    target[k] = ZERO + (left % 10);
    left = Math.floor(left / 10);
  }
  return at + digits;
}
