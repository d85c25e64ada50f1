import { type BroadcastOutcome } from './chain.js';
import { type NodeRefusal } from './json-rpc.js';

const ALREADY_ON_CHAIN = -27;

/** Core's reasons (28.1, measured) in our words, first match counts. */
const BY_TEXT: readonly (readonly [RegExp, BroadcastOutcome])[] = [
  [/already in mempool|txn-already-known|txn-same-nonwitness/i, { kind: 'known' }],
  [/insufficient fee|min relay fee|mempool min fee|mempool full/i, { kind: 'fee-too-low', reason: 'fee_too_low' }],
  [/fee exceeds maximum|absurdly-high-fee|max-fee-exceeded/i, { kind: 'refused', reason: 'fee_too_high' }],
  [/txn-mempool-conflict|bad-txns-spends-conflicting/i, { kind: 'conflict', reason: 'inputs_spent_by_another' }],
  [/missingorspent|missing-inputs|inputs-spent/i, { kind: 'missing-inputs', reason: 'inputs_missing_or_spent' }],
  [/dust/i, { kind: 'refused', reason: 'dust' }],
  [
    /too-long-mempool-chain|too many (unconfirmed|descendants)/i,
    { kind: 'refused', reason: 'too_many_unconfirmed_ancestors' },
  ],
  [/non-final/i, { kind: 'refused', reason: 'not_final_yet' }],
];

export function bitcoinBroadcastOutcome(refusal: NodeRefusal): BroadcastOutcome {
  if (refusal.code === ALREADY_ON_CHAIN)
    return /mempool/i.test(refusal.message) ? { kind: 'known' } : { kind: 'mined' };
  return (
    BY_TEXT.find(([pattern]) => pattern.test(refusal.message))?.[1] ?? { kind: 'refused', reason: 'not_acceptable' }
  );
}
