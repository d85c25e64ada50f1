import { createHash, randomBytes } from 'node:crypto';

const format = (bytes: Buffer, version: number): string => {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | (version << 4), 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

/** A time-ordered random id (RFC 9562, version 7): rows made together stay together in an index. */
export function uuidV7(atMs: number = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(atMs, 0, 6);
  return format(bytes, 7);
}

/** Strongroom's own namespace for ids that are derived from outside events. */
const NAMESPACE = Buffer.from('6f1d6a4e0b1d4c7f9c5e8a2b3d4f5061', 'hex');

/**
 * The id of something that already has a name outside (RFC 9562, version 5): the same parts give the same id, so that a repeated event posts
 * once. Parts are length-prefixed, so `('a', 'bc')` and `('ab', 'c')` differ.
 */
export function uuidV5(...parts: readonly (string | number | bigint)[]): string {
  const name = parts
    .map(String)
    .map((part) => `${part.length}:${part}`)
    .join('|');
  return format(createHash('sha1').update(NAMESPACE).update(name).digest().subarray(0, 16), 5);
}
