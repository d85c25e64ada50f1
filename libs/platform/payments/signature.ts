import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Secret } from '@base/config';
import { refused } from './refusals.js';

/** How far the sender's clock may be from ours, and so how long a copied request can be used again. */
export const SIGNATURE_WINDOW_MS = 5 * 60_000;

const HEADER = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/**
 * Holds a webhook to `Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` over the bytes as they came. Exactly one signature is taken: with two, a forged and a
 * sound one could travel together. While a key is being replaced both keys are in `secrets`; a retired one is not. All keys are tried, each in constant
 * time, so the time taken tells nothing.
 *
 * `now` is the machine's clock: how old a message is on the wire has nothing to do with the time that rules go by.
 * @throws Refusal 401 `signature_invalid`
 */
export function verifySignature(message: {
  readonly header: string | undefined;
  readonly body: Buffer;
  readonly secrets: readonly Secret[];
  readonly now: Date;
}): void {
  const [, seconds, given] = HEADER.exec(message.header ?? '') ?? [];
  if (seconds === undefined || given === undefined) throw refused('signature_invalid');
  const signature = Buffer.from(given, 'hex');
  let isSigned = false;
  for (const secret of message.secrets) {
    const expected = createHmac('sha256', secret.reveal()).update(`${seconds}.`).update(message.body).digest();
    isSigned = timingSafeEqual(signature, expected) || isSigned;
  }
  const isFresh = Math.abs(message.now.getTime() - Number(seconds) * 1_000) <= SIGNATURE_WINDOW_MS;
  if (!isSigned || !isFresh) throw refused('signature_invalid');
}
