import { type Refusal, type RefusalOptions, refuse } from '@base/http';

const REFUSALS = {
  approval_unknown: { status: 404, title: 'There is no such request for approval' },
  approval_not_open: {
    status: 409,
    title: 'This request for approval is not open any more',
    detail: 'Read it again; ask anew if it is still needed.',
  },
  approval_expired: { status: 409, title: 'This request for approval has expired', detail: 'Ask anew.' },
  approval_of_own: {
    status: 403,
    title: 'Nobody decides about a request of their own',
    detail: 'Another operator has to look at it. Withdraw it if it is not needed any more.',
  },
  approval_of_others: { status: 403, title: 'Only who asked for it can withdraw it' },
  approval_role_missing: { status: 403, title: 'This request is for operators of another role to decide' },
  approval_digest_differs: {
    status: 409,
    title: 'This is not the request that was looked at',
    detail: 'Read it again and send the digest of what you approve.',
    field: 'digest',
  },
  approval_requester_left: {
    status: 409,
    title: 'Whoever asked for this is not an operator any more',
    detail: 'Reject it; ask anew if it is still needed.',
  },
} as const satisfies Record<string, RefusalOptions>;

export type ApprovalRefusal = keyof typeof REFUSALS;

/** The refusal of this code. */
export const refusal = (code: ApprovalRefusal): Refusal => refuse(code, REFUSALS[code]);
