/** A number as scripts hold it: little-endian, the top bit of the last byte is the sign. At most six bytes. */
export function decodeNumber(bytes: Buffer): number {
  if (bytes.length === 0) return 0;
  const magnitude = Buffer.from(bytes);
  const top = magnitude.length - 1;
  const isNegative = (magnitude.readUInt8(top) & 0x80) !== 0;
  magnitude.writeUInt8(magnitude.readUInt8(top) & 0x7f, top);
  const value = magnitude.readUIntLE(0, magnitude.length);
  return isNegative && value !== 0 ? -value : value;
}

/** The shortest bytes of a number; zero is none at all. */
export function encodeNumber(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = Math.abs(value); rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  const top = bytes.at(-1) ?? 0;
  const sign = value < 0 ? 0x80 : 0;
  if (top & 0x80) bytes.push(sign);
  else if (sign) bytes[bytes.length - 1] = top | sign;
  return Buffer.from(bytes);
}

/** Whether no shorter encoding of the same number exists. */
export const isMinimalNumber = (bytes: Buffer): boolean => encodeNumber(decodeNumber(bytes)).equals(bytes);

/** Whether a stack element counts as true: anything but zero, and negative zero is zero. */
export function isTrue(bytes: Buffer): boolean {
  return bytes.some((byte, at) => byte !== 0 && !(byte === 0x80 && at === bytes.length - 1));
}
