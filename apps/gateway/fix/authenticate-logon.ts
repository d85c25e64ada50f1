import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Access, type Trader } from '../access/access.js';
import { type FixMessage } from './fix-message.js';

/** What a proof is of: SendingTime, SenderCompID, TargetCompID, MsgSeqNum, ResetSeqNumFlag, cancel on disconnect. */
const PROVEN_TAGS = [52, 49, 56, 34, 141, 20_001];

/** Whether the Logon shows a proof in place of its secret. */
export const isProven = (message: FixMessage): boolean => !message.has(554) && message.has(96);

/**
 * Who logs on: Username (553) is the API key's id. Either Password (554) is its secret, or RawData (96) is, in hexadecimal, HMAC-SHA-256 of
 * the values of `PROVEN_TAGS` as they stand in the Logon, with `|` between them and nothing for a field that is left out, keyed by the SHA-256
 * of the secret (32 bytes: what is stored of it here). A proof is good for that Logon alone: its time must be now, and later than that of the
 * last proof (`SessionStore.admit`).
 */
export async function authenticateLogon(
  access: Access,
  message: FixMessage,
  address: string,
): Promise<Trader | undefined> {
  const keyId = message.get(553);
  const secret = message.get(554);
  const proof = message.get(96);
  if (keyId === undefined) return undefined;
  if (secret !== undefined) return access.byKey(keyId, secret, address);
  if (proof === undefined) return undefined;
  return access.byProof(keyId, (hash) => fits(proof, message, hash), address);
}

function fits(given: string, message: FixMessage, secretHash: Buffer): boolean {
  const text = PROVEN_TAGS.map((tag) => message.get(tag) ?? '').join('|');
  const expected = createHmac('sha256', secretHash).update(text, 'latin1').digest();
  const bytes = Buffer.from(given, 'hex');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
