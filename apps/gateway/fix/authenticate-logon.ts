import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Access, type Trader } from '../access/access.js';
import { type FixMessage } from './fix-message.js';

/**
 * Who logs on: Username (553) is the API key's id. Either Password (554) is its secret, or RawData (96) is, in hexadecimal, HMAC-SHA-256 of
 * `SendingTime|SenderCompID|TargetCompID|MsgSeqNum` as they stand in the Logon, keyed by the SHA-256 of the secret (32 bytes: what is stored of
 * it here). A proof is good for that Logon alone: its time must be now, and its number cannot be used twice.
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
  return access.byProof(keyId, (hash) => isProof(proof, message, hash), address);
}

function isProof(given: string, message: FixMessage, secretHash: Buffer): boolean {
  const text = [52, 49, 56, 34].map((tag) => message.get(tag) ?? '').join('|');
  const expected = createHmac('sha256', secretHash).update(text, 'latin1').digest();
  const bytes = Buffer.from(given, 'hex');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
