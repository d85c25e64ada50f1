/** What RLP knows: bytes, integers (as shortest big-endian bytes) and lists of these. */
export type Rlp = Uint8Array | bigint | readonly Rlp[];

/** Recursive length prefix encoding (Ethereum yellow paper, appendix B). */
export function rlpEncode(item: Rlp): Uint8Array {
  if (typeof item === 'bigint') return rlpEncode(integerBytes(item));
  if (item instanceof Uint8Array) {
    return item.length === 1 && (item[0] ?? 0x80) < 0x80 ? item : concat(lengthPrefix(0x80, item.length), item);
  }
  const payload = concat(...item.map(rlpEncode));
  return concat(lengthPrefix(0xc0, payload.length), payload);
}

function lengthPrefix(offset: number, length: number): Uint8Array {
  if (length <= 55) return Uint8Array.of(offset + length);
  const digits = integerBytes(BigInt(length));
  return concat(Uint8Array.of(offset + 55 + digits.length), digits);
}

function integerBytes(value: bigint): Uint8Array {
  if (value < 0n) throw new RangeError('RLP has no negative integers');
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
  return Uint8Array.from(digits);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
