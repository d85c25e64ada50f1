/**
 * What becomes of a deposit. `pending`: in a block, in the books as on its way. `credited`: deep enough, the customer's. `reversed`: its
 * block is gone, and so are its postings; it may come back. `ignored`: too small to move. `lost`: credited, and then undone by a
 * reorganisation deeper than the policy allows for.
 */
export type DepositState = 'pending' | 'credited' | 'reversed' | 'ignored' | 'lost';

export type DepositEvent = 'deep_enough' | 'taken_back' | 'seen_again';

const TRANSITIONS: Readonly<Record<DepositState, Partial<Record<DepositEvent, DepositState>>>> = {
  pending: { deep_enough: 'credited', taken_back: 'reversed' },
  credited: { taken_back: 'lost' },
  reversed: { seen_again: 'pending' },
  ignored: { taken_back: 'reversed' },
  lost: { seen_again: 'credited' },
};

/** The state after the event, or `undefined` where the event changes nothing. */
export function depositAfter(state: DepositState, event: DepositEvent): DepositState | undefined {
  return TRANSITIONS[state][event];
}
