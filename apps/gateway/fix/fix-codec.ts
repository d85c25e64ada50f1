/**
 * FIX tag=value encoding (FIX 4.4, volume 1): what a message is on the wire. A message that is garbled (it does not begin as one, its length
 * or its checksum is wrong) is passed over, as the standard asks; what is well framed and wrong inside is a message with a fault, so that
 * it can be rejected by its number. Memory is bounded: no more than one longest message is ever kept.
 */
import { type FieldFault, FixMessage, SESSION_REJECT, SOH } from './fix-message.js';

export const BEGIN_STRING = 'FIX.4.4';
/** Longer ones end the connection. Security lists in, orders in: the longest sensible request is far below. */
export const MESSAGE_BYTES_MAX = 16_384;
const FIELDS_MAX = 1_024;
const SOH_BYTE = 1;
const TRAILER_BYTES = 7;

/** Fields that may hold separators, behind the field that gives their length. */
const DATA_AFTER_LENGTH = new Map([[90, 91], [93, 89], [95, 96], [212, 213], [348, 349], [350, 351], [352, 353], [354, 355], [356, 357], [358, 359], [360, 361], [362, 363], [364, 365], [445, 446], [618, 619], [621, 622]]); // prettier-ignore
const HEADER = new Set([8, 9, 35, 49, 56, 34, 43, 52, 50, 57, 90, 91, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 212, 213, 347, 369]); // prettier-ignore

export interface OutboundHeader {
  readonly msgType: string;
  readonly seq: number;
  readonly sender: string;
  readonly target: string;
  /** UTCTimestamp. */
  readonly sendingTime: string;
  /** Of a message that is sent again: when it was sent first. */
  readonly origSendingTime?: string | undefined;
  /** Its content may have been sent under another number. */
  readonly isPossResend?: boolean | undefined;
}

/** The bytes of a message. */
export function encodeMessage(header: OutboundHeader, body: string): Buffer {
  const { origSendingTime } = header;
  const rest =
    `35=${header.msgType}${SOH}49=${header.sender}${SOH}56=${header.target}${SOH}34=${header.seq}${SOH}` +
    (origSendingTime === undefined ? '' : `43=Y${SOH}`) +
    (header.isPossResend === true ? `97=Y${SOH}` : '') +
    `52=${header.sendingTime}${SOH}` +
    (origSendingTime === undefined ? '' : `122=${origSendingTime}${SOH}`) +
    body;
  const text = `8=${BEGIN_STRING}${SOH}9=${rest.length}${SOH}${rest}`;
  const bytes = Buffer.allocUnsafe(text.length + TRAILER_BYTES);
  bytes.write(text, 'latin1');
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) sum += bytes[at] ?? 0;
  bytes.write(`10=${String(sum & 0xff).padStart(3, '0')}${SOH}`, text.length, 'latin1');
  return bytes;
}

export type Read =
  | { readonly kind: 'message'; readonly message: FixMessage }
  /** Passed over. */
  | { readonly kind: 'garbled' }
  /** The connection is of no use any more. */
  | { readonly kind: 'oversized' };

/** Finds messages in what a connection brings, wherever it is cut. */
export class FixReader {
  #kept: Buffer = Buffer.alloc(0);
  #isDead = false;

  /** Bytes of a message that has not come whole. */
  get pending(): number {
    return this.#kept.length;
  }

  /** What the bytes complete, in order; after `oversized` nothing more. */
  *read(chunk: Buffer): Generator<Read> {
    if (this.#isDead) return;
    let bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk]);
    while (bytes.length > 0) {
      const framed = frame(bytes);
      if (framed === 'incomplete') break;
      if (framed === 'oversized') {
        this.#isDead = true;
        this.#kept = Buffer.alloc(0);
        yield { kind: 'oversized' };
        return;
      }
      bytes = bytes.subarray(framed.end);
      yield framed.body === undefined ? { kind: 'garbled' } : { kind: 'message', message: parse(framed.body) };
    }
    // A copy, so that a small rest does not keep a large chunk alive.
    this.#kept = Buffer.from(bytes);
  }
}

interface Framed {
  /** Where the next one begins. */
  readonly end: number;
  /** Everything before the checksum; undefined for a garbled one. */
  readonly body: Buffer | undefined;
}

function frame(bytes: Buffer): Framed | 'incomplete' | 'oversized' {
  const garbled = (from: number): Framed | 'incomplete' => {
    const next = nextBegin(bytes, from);
    return next === undefined ? 'incomplete' : { end: next, body: undefined };
  };
  if (bytes[0] !== 0x38 || (bytes.length > 1 && bytes[1] !== 0x3d)) return garbled(1);
  const firstEnd = bytes.indexOf(SOH_BYTE);
  if (firstEnd < 0 || firstEnd > 16) return bytes.length > 16 ? garbled(1) : 'incomplete';
  const lengthEnd = bytes.indexOf(SOH_BYTE, firstEnd + 1);
  if (lengthEnd < 0 || lengthEnd - firstEnd > 12) return bytes.length - firstEnd > 12 ? garbled(1) : 'incomplete';
  const length = /^9=(\d+)$/.exec(bytes.toString('latin1', firstEnd + 1, lengthEnd))?.[1];
  if (length === undefined) return garbled(1);
  const checksumAt = lengthEnd + 1 + Number(length);
  const end = checksumAt + TRAILER_BYTES;
  if (end > MESSAGE_BYTES_MAX) return 'oversized';
  if (bytes.length < end) return 'incomplete';
  const checksum = /^10=(\d{3})\x01$/.exec(bytes.toString('latin1', checksumAt, end))?.[1];
  if (checksum === undefined || bytes[checksumAt - 1] !== SOH_BYTE) return garbled(1);
  let sum = 0;
  for (let at = 0; at < checksumAt; at += 1) sum += bytes[at] ?? 0;
  return { end, body: (sum & 0xff) === Number(checksum) ? bytes.subarray(0, checksumAt) : undefined };
}

/** Where the next message may begin; everything when none does. Undefined while its beginning may still be coming. */
function nextBegin(bytes: Buffer, from: number): number | undefined {
  const at = bytes.indexOf('8=FIX', from, 'latin1');
  if (at >= 0) return at;
  // The last four bytes may be the beginning of it.
  for (let tail = Math.max(from, bytes.length - 4); tail < bytes.length; tail += 1)
    if ('8=FIX'.startsWith(bytes.toString('latin1', tail))) return tail;
  return bytes.length;
}

function parse(bytes: Buffer): FixMessage {
  const tags: number[] = [];
  const values: string[] = [];
  let fault: FieldFault | undefined;
  let dataLength: number | undefined;
  let isInBody = false;
  for (let at = 0; at < bytes.length;) {
    if (tags.length === FIELDS_MAX) {
      fault ??= { tag: 0, reason: SESSION_REJECT.VALUE_IS_INCORRECT, text: `more than ${FIELDS_MAX} fields` };
      break;
    }
    const equals = bytes.indexOf(0x3d, at);
    let end = bytes.indexOf(SOH_BYTE, at);
    if (end < 0) end = bytes.length;
    const name = equals < 0 || equals > end ? undefined : bytes.toString('latin1', at, equals);
    if (name === undefined || !/^[1-9]\d{0,5}$/.test(name)) {
      fault ??= { tag: 0, reason: SESSION_REJECT.INVALID_TAG_NUMBER, text: 'a field without a tag number' };
      at = end + 1;
      continue;
    }
    const tag = Number(name);
    if (dataLength !== undefined && DATA_AFTER_LENGTH.get(tags.at(-1) ?? 0) === tag) {
      const stated = equals + 1 + dataLength;
      if (stated <= bytes.length && (stated === bytes.length || bytes[stated] === SOH_BYTE)) end = stated;
      else
        fault ??= { tag, reason: SESSION_REJECT.INCORRECT_DATA_FORMAT, text: 'not as long as its length field says' };
    }
    const value = bytes.toString('latin1', equals + 1, end);
    if (value === '') fault ??= { tag, reason: SESSION_REJECT.TAG_WITHOUT_VALUE, text: 'a tag without a value' };
    if (!HEADER.has(tag)) isInBody = true;
    else if (isInBody) fault ??= { tag, reason: SESSION_REJECT.TAG_OUT_OF_ORDER, text: 'a header field in the body' };
    else if (tags.includes(tag))
      fault ??= { tag, reason: SESSION_REJECT.TAG_MORE_THAN_ONCE, text: 'a field given twice' };
    if (tags.length === 2 && tag !== 35)
      fault ??= { tag, reason: SESSION_REJECT.TAG_OUT_OF_ORDER, text: 'MsgType is not third' };
    dataLength = DATA_AFTER_LENGTH.has(tag) && /^\d{1,5}$/.test(value) ? Number(value) : undefined;
    tags.push(tag);
    values.push(value);
    at = end + 1;
  }
  return new FixMessage(tags, values, fault);
}
