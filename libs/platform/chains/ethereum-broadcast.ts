import { type BroadcastOutcome } from './chain.js';
import { type NodeRefusal } from './json-rpc.js';

/** The words of geth and anvil in ours, first match counts. */
const BY_TEXT: readonly (readonly [RegExp, BroadcastOutcome])[] = [
  [/already known|already imported/i, { kind: 'known' }],
  [/nonce too low|nonce is too low/i, { kind: 'nonce-used', reason: 'nonce_used' }],
  [/underpriced|less than block base fee|fee too low|max fee per gas/i, { kind: 'fee-too-low', reason: 'fee_too_low' }],
  [/insufficient funds/i, { kind: 'refused', reason: 'insufficient_funds' }],
  [/chain ?id/i, { kind: 'refused', reason: 'wrong_chain' }],
  [/gas/i, { kind: 'refused', reason: 'gas_out_of_bounds' }],
];

export const ethereumBroadcastOutcome = (refusal: NodeRefusal): BroadcastOutcome =>
  BY_TEXT.find(([pattern]) => pattern.test(refusal.message))?.[1] ?? { kind: 'refused', reason: 'not_acceptable' };
