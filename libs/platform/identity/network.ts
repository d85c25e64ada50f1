import { isIP } from 'node:net';

const IPV4_PREFIX = 24;
const IPV6_PREFIX = 48;

/** The address in one spelling: IPv4 carried in IPv6 (RFC 4291, 2.5.5.2) as IPv4, IPv6 as RFC 5952 writes it. @throws RangeError */
export function canonicalAddress(address: string): string {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
  const version = isIP(plain);
  if (version === 0) throw new RangeError('not an IP address');
  if (version === 4) return plain;
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * The network that an address most likely shares with its owner's other addresses: /24 for IPv4, /48 for IPv6, where one household may rotate
 * through 2^80 addresses. Limits count by it.
 */
export function networkOf(address: string): string {
  const canonical = canonicalAddress(address);
  if (isIP(canonical) === 4) return `${canonical.split('.').slice(0, 3).join('.')}.0/${IPV4_PREFIX}`;
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return `${groups.slice(0, IPV6_PREFIX / 16).join(':')}::/${IPV6_PREFIX}`;
}
