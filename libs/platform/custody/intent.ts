/**
 * An intent is something that is to be paid out once: a customer's withdrawal, or a sweep of a deposit address. Transactions are attempts at
 * it. Up to `approved` nothing binds us and it can be cancelled; from `reserved` on a signature may exist, so that only the chain decides.
 */
export const INTENT_STATES = [
  'requested',
  'screened',
  'await_approval',
  'approved',
  'reserved',
  'signed',
  'broadcast',
  'seen',
  'confirming',
  'settled',
  'rejected',
  'expired',
  'cancelled',
  /** Our own cancelling transaction was mined in its place; the money went back. */
  'replaced',
  /** Nobody has it any more: it is sent again. */
  'dropped',
  /** Something that is not ours spent our coins or nonce: a person has to look. */
  'conflicted',
  /** Mined, but reverted; the money went back. */
  'failed_onchain',
] as const;
export type IntentState = (typeof INTENT_STATES)[number];

export const INTENT_EVENTS = [
  'screen',
  'require_approval',
  'approve',
  'reject',
  'expire',
  'cancel',
  'reserve',
  'release',
  'sign',
  'broadcast',
  'see',
  'confirm',
  'drop',
  'take_back',
  'settle',
  'settle_cancellation',
  'fail',
  'conflict',
] as const;
export type IntentEvent = (typeof INTENT_EVENTS)[number];

type Table = Readonly<Record<IntentState, Partial<Record<IntentEvent, IntentState>>>>;

/** Where a mined transaction can be found from: any state in which somebody else may have sent it on. */
const mined = { confirm: 'confirming', conflict: 'conflicted' } as const;

const TRANSITIONS: Table = {
  requested: { screen: 'screened', reject: 'rejected', expire: 'expired', cancel: 'cancelled' },
  screened: {
    approve: 'approved',
    require_approval: 'await_approval',
    reject: 'rejected',
    expire: 'expired',
    cancel: 'cancelled',
  },
  await_approval: { approve: 'approved', reject: 'rejected', expire: 'expired', cancel: 'cancelled' },
  approved: { reserve: 'reserved', reject: 'rejected', expire: 'expired', cancel: 'cancelled' },
  reserved: { sign: 'signed', release: 'approved', ...mined },
  // A bump signs again: the new attempt has to go out before the old one counts for anything less.
  signed: { sign: 'signed', broadcast: 'broadcast', see: 'seen', ...mined },
  broadcast: { sign: 'signed', broadcast: 'broadcast', see: 'seen', drop: 'dropped', ...mined },
  seen: { sign: 'signed', drop: 'dropped', ...mined },
  dropped: { sign: 'signed', broadcast: 'broadcast', see: 'seen', ...mined },
  confirming: {
    take_back: 'seen',
    settle: 'settled',
    settle_cancellation: 'replaced',
    fail: 'failed_onchain',
  },
  // Undone by a reorganisation our transaction counts again; else a person decides that the money goes back.
  conflicted: { ...mined, broadcast: 'broadcast', settle_cancellation: 'replaced' },
  settled: {},
  rejected: {},
  expired: {},
  cancelled: {},
  replaced: {},
  failed_onchain: {},
};

/** The state after the event, or `undefined` where the event is not allowed. */
export function intentAfter(state: IntentState, event: IntentEvent): IntentState | undefined {
  return TRANSITIONS[state][event];
}

/** States from which nothing leads on. */
export const isFinal = (state: IntentState): boolean => Object.keys(TRANSITIONS[state]).length === 0;

/** States in which the hold still stands and nothing was signed: cancelling and expiring give it back. */
export const BEFORE_SIGNING = [
  'requested',
  'screened',
  'await_approval',
  'approved',
] as const satisfies readonly IntentState[];

/** States in which a signed transaction is out, or may be, and not in a block. */
export const IN_THE_OPEN = [
  'signed',
  'broadcast',
  'seen',
  'dropped',
  'conflicted',
] as const satisfies readonly IntentState[];
