import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../outside/problem.js';

export const DECLINES = [
  'insufficient_funds',
  'card_declined',
  'expired_card',
  'incorrect_cvc',
  'processing_error',
  'suspected_fraud',
  'authentication_failed',
] as const;
export type Decline = (typeof DECLINES)[number];

export interface CardBehaviour {
  /** `challenge` shows the customer a page; `frictionless` authenticates without one; `broken` fails even when the customer approves. */
  readonly threeDSecure: 'challenge' | 'frictionless' | 'broken';
  readonly decline?: Decline;
  /** Does the work, but answers only when every sensible caller has given up. */
  readonly hangs?: 'create' | 'capture';
  readonly refunds?: 'fail';
}

const approves: CardBehaviour = { threeDSecure: 'challenge' };

/** Well-known numbers; all other numbers are refused when they are tokenised, so that nobody types in a real one. */
const TEST_CARDS: Readonly<Record<string, CardBehaviour>> = {
  '4242424242424242': approves,
  '5555555555554444': { threeDSecure: 'frictionless' },
  '4000000000009995': { ...approves, decline: 'insufficient_funds' },
  '4000000000000002': { threeDSecure: 'frictionless', decline: 'card_declined' },
  '4000000000000069': { threeDSecure: 'frictionless', decline: 'expired_card' },
  '4000000000000127': { threeDSecure: 'frictionless', decline: 'incorrect_cvc' },
  '4000000000000119': { threeDSecure: 'frictionless', decline: 'processing_error' },
  '4100000000000019': { threeDSecure: 'frictionless', decline: 'suspected_fraud' },
  '4000008400001280': { threeDSecure: 'broken' },
  '4000000000006009': { ...approves, hangs: 'create' },
  '4000000000006017': { ...approves, hangs: 'capture' },
  '4000000000005126': { ...approves, refunds: 'fail' },
};

const digits = (text: unknown): unknown => (typeof text === 'string' ? text.replace(/[ -]/g, '') : text);

export const CardDetails = z.strictObject({
  number: z.preprocess(digits, z.string().regex(/^\d{12,19}$/)),
  expiryMonth: z.coerce.number().int().min(1).max(12),
  expiryYear: z.coerce.number().int().min(2000).max(2100),
  cvc: z.string().regex(/^\d{3,4}$/),
});
export type CardDetails = z.infer<typeof CardDetails>;

/** What is kept of a card. The number itself is forgotten as soon as its token exists. */
export interface CardToken {
  readonly token: string;
  readonly brand: 'visa' | 'mastercard' | 'other';
  readonly last4: string;
  readonly expiryMonth: number;
  readonly expiryYear: number;
  /** The same for the same number, and tells nothing about it. */
  readonly fingerprint: string;
  readonly behaviour: CardBehaviour;
}

/** @throws Problem 422 for a number that is not one of the well-known ones, or for a card out of date. */
export function tokenise(card: CardDetails, token: string, now: Date): CardToken {
  const behaviour = TEST_CARDS[card.number];
  if (behaviour === undefined)
    throw new Problem(422, 'unknown_test_card', 'only the documented test cards are taken here');
  // A card is good until the end of its month.
  if (Date.UTC(card.expiryYear, card.expiryMonth, 1) <= now.getTime()) {
    throw new Problem(422, 'card_expired', 'the expiry date has passed');
  }
  const brand = card.number.startsWith('4') ? 'visa' : card.number.startsWith('5') ? 'mastercard' : 'other';
  const fingerprint = createHash('sha256').update(`sandbox-card-fingerprint:${card.number}`).digest('hex').slice(0, 24);
  const { expiryMonth, expiryYear } = card;
  return { token, brand, last4: card.number.slice(-4), expiryMonth, expiryYear, fingerprint, behaviour };
}
