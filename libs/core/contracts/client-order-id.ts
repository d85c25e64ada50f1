/**
 * Client order ids. To the engine one is a number of 64 bits; clients write text. Sixteen lower-case hex digits are the number itself;
 * any other text is hashed to one, and `name-client-order` tells the stream what the client wrote.
 */
import { hash } from 'node:crypto';

const LONGEST_TEXT = 32;
const TEXT = /^[\x20-\x7e]{1,32}$/;
const CANONICAL = /^[0-9a-f]{16}$/;
const DOMAIN = 'strongroom client order id\n';
const HEX_DIGITS = 16;
const NONE = '0'.repeat(HEX_DIGITS);

/** Whether the text is the number itself, so that nobody needs to be told of it. */
export const isCanonical = (text: string): boolean => CANONICAL.test(text) && text !== NONE;

/** Whether a client may call its order so: 1 to 32 printable ASCII characters. */
export const isClientOrderText = (text: string): boolean => TEXT.test(text);

/**
 * The engine's number of what a client calls its order; never 0, which is no name. The first eight bytes, big-endian, of a SHA-256:
 * two texts of one account that share a number are a duplicate to the engine, and nobody but their own author can look for such a pair.
 * @throws RangeError unless it is 1 to 32 printable ASCII characters
 */
export function clientOrderIdOf(text: string): bigint {
  if (isCanonical(text)) return BigInt(`0x${text}`);
  assertText(text);
  // In one call: a hash object would cost several times what the hashing does.
  return BigInt(`0x${hash('sha256', DOMAIN + text, 'hex').slice(0, HEX_DIGITS)}`) || 1n;
}

/** What an order is called whose client wrote the number itself. */
export const textOf = (id: bigint): string => id.toString(16).padStart(16, '0');

/** As `name-client-order` carries it: ASCII, filled up with zeros. @throws RangeError like `clientOrderIdOf` */
export function encodeText(text: string): Uint8Array {
  assertText(text);
  const bytes = new Uint8Array(LONGEST_TEXT);
  for (let k = 0; k < text.length; k += 1) bytes[k] = text.charCodeAt(k);
  return bytes;
}

/** What `encodeText` was given. */
export function decodeText(bytes: Uint8Array): string {
  let text = '';
  for (let k = 0; k < bytes.length && bytes[k] !== 0; k += 1) text += String.fromCharCode(bytes[k] as number);
  return text;
}

function assertText(text: string): void {
  if (!isClientOrderText(text)) throw new RangeError('a client order id is 1 to 32 printable ASCII characters');
}
