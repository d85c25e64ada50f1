import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** RFC 6238 as authenticator apps speak it: HMAC-SHA-1, 30-second steps from the Unix epoch, six digits. */
const STEP_MS = 30_000;
const DIGITS = 6;
const SECRET_BYTES = 20;

/** How far the owner's clock and fingers may be off. A code lives its 30 seconds and this much on either side. */
const TOLERANCE_MS = 10_000;

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new secret of 160 bits, as RFC 4226 section 4 recommends, in base32 (RFC 4648). */
export const newTotpSecret = (): string => toBase32(randomBytes(SECRET_BYTES));

/** What an authenticator app reads from a QR code (the Key URI format). */
export function totpUri(secret: string, account: string): string {
  const label = `Strongroom:${account}`.split(':').map(encodeURIComponent).join(':');
  return `otpauth://totp/${label}?secret=${secret}&issuer=Strongroom&algorithm=SHA1&digits=${DIGITS}&period=${STEP_MS / 1_000}`;
}

/** The code of one time step: HOTP (RFC 4226, section 5.3) with the step as counter. */
export function totpCode(secret: string, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const truncated = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** DIGITS).padStart(DIGITS, '0');
}

export const totpStep = (at: Date): number => Math.floor(at.getTime() / STEP_MS);

/** The step whose code this is, among those acceptable now; every one of them is compared, whichever matches. */
export function matchTotp(secret: string, code: string, now: Date): number | undefined {
  const steps = new Set([-TOLERANCE_MS, 0, TOLERANCE_MS].map((shift) => totpStep(new Date(now.getTime() + shift))));
  const given = Buffer.from(code, 'utf8');
  let matched: number | undefined;
  for (const step of steps) {
    const expected = Buffer.from(totpCode(secret, step), 'utf8');
    if (given.length === expected.length && timingSafeEqual(given, expected)) matched = step;
  }
  return matched;
}

function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? []).map((five) => BASE32.charAt(Number.parseInt(five, 2))).join('');
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((character) => BASE32.indexOf(character).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
