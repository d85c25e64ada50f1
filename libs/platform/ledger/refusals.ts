import { Refusal, type RefusalOptions } from '@base/http';

/** Circumstances that forbid a transfer: an expected "no", which becomes a problem document if nobody says it better. */
const REFUSALS = {
  insufficient_funds: [422, 'There is not enough money on the account'],
  account_frozen: [422, 'The account is frozen: it may only receive'],
  account_closed: [422, 'The account is closed'],
  period_closed: [422, 'The books of that time are closed'],
  amount_out_of_range: [422, 'The balance would pass the largest number that can be kept'],
  version_conflict: [409, 'The account has moved since it was read'],
  hold_unknown: [409, 'There is no such hold on this account'],
  hold_exists: [409, 'The hold is already open'],
  hold_insufficient: [409, 'The hold has less than that remaining'],
  hold_expired: [409, 'The hold has expired: it can only be released'],
  already_reversed: [409, 'The transfer has been reversed before'],
  linked_refused: [409, 'A transfer it is linked to was refused'],
} as const satisfies Record<string, readonly [RefusalOptions['status'], string]>;

/** Mistakes of the code that asked. No customer can cause them, so they are a 500 and an alarm. */
const MISUSES = {
  invalid_legs: 'a transfer has 2 to 64 legs',
  invalid_amount: 'a leg moves between 1 and 2^256 - 1 minor units',
  unbalanced: 'debits and credits must be equal in every asset',
  kind_unknown: 'declare the kind in a migration with ledger.define_kind',
  kind_not_allowed: 'the kind does not pair these account types; see ledger.transfer_kind_pairs',
  unknown_account: 'no such account',
  id_reused: 'the id belongs to another transfer',
  hold_misplaced: 'a leg on a hold account names its hold, and no other leg does',
  reversal_unknown: 'the transfer to reverse does not exist',
  reversal_mismatch: 'a reversal is the exact mirror of its transfer',
} as const;

export type LedgerRefusalCode = keyof typeof REFUSALS;
export type LedgerMisuseCode = keyof typeof MISUSES;

/** The circumstances do not allow the transfer. Nothing of it, or of those linked to it, happened. */
export class LedgerRefusal extends Refusal {
  declare readonly code: LedgerRefusalCode;
  override readonly name = 'LedgerRefusal';

  constructor(
    code: LedgerRefusalCode,
    readonly transferId: string,
    /** Path of the account at which it failed, where there is one. */
    readonly accountPath: string | null = null,
  ) {
    const [status, title] = REFUSALS[code];
    super(code, { status, title });
  }
}

/** The transfer could never be posted as it is. Nothing of it, or of those linked to it, happened. */
export class LedgerMisuse extends Error {
  override readonly name = 'LedgerMisuse';

  constructor(
    readonly code: LedgerMisuseCode,
    readonly transferId: string,
    readonly accountPath: string | null = null,
  ) {
    super(`${code}: ${MISUSES[code]} (transfer ${transferId}${accountPath === null ? '' : `, ${accountPath}`})`);
  }
}

/** @throws Error for a code that `ledger.post()` does not give */
export function refusalOf(code: string, transferId: string, accountPath: string | null): LedgerRefusal | LedgerMisuse {
  if (isOneOf(REFUSALS, code)) return new LedgerRefusal(code, transferId, accountPath);
  if (isOneOf(MISUSES, code)) return new LedgerMisuse(code, transferId, accountPath);
  throw new Error(`ledger.post() answered ${code}`);
}

const isOneOf = <Codes extends object>(codes: Codes, code: string): code is Extract<keyof Codes, string> =>
  Object.hasOwn(codes, code);
