import { Refusal, type RefusalOptions } from '@base/http';

/** Why payments says no. Clients switch on these: a code never changes its meaning. */
const REFUSALS = {
  insufficient_funds: [422, 'There is not enough money for this', 'Ask for less, or add money first.'],
  funds_on_hold: [422, 'Money that came in lately must stay for a while', 'See the holds and when they end.'],
  amount_too_small: [422, 'The amount is below the smallest one', 'See the methods for the limits.'],
  amount_too_large: [422, 'The amount is above the largest one', 'See the methods for the limits.'],
  asset_not_supported: [422, 'This is not possible in this currency', 'See the methods for what is.'],
  customer_restricted: [
    403,
    'This account may not move money out at present',
    'Settle what is owed, or contact support.',
  ],
  card_token_unknown: [422, 'The card processor does not know this card', 'Add the card again on the card page.'],
  card_exists: [409, 'This card is saved already', 'Use the saved card, or remove it first.'],
  card_unknown: [404, 'There is no such card', 'List the cards for those that can be used.'],
  card_payment_unknown: [404, 'There is no such card payment', 'Check the id.'],
  card_payment_final: [409, 'This card payment can no longer be cancelled', 'Read it again for its state.'],
  not_refundable: [
    409,
    'This card payment cannot be refunded',
    'Only a captured payment can, and not once it is charged back.',
  ],
  refund_too_large: [422, 'This is more than is left to refund', 'Ask for less.'],
  account_number_invalid: [400, 'The account number is not valid', 'Check it: its check digits do not fit.'],
  beneficiary_exists: [409, 'This beneficiary is saved already', 'Use the saved one, or remove it first.'],
  beneficiary_unknown: [404, 'There is no such beneficiary', 'List the beneficiaries for those that can be used.'],
  beneficiary_not_active: [409, 'This beneficiary cannot be paid yet', 'Wait until it is active; see its review.'],
  beneficiary_settled: [409, 'This beneficiary is not in review', 'Read it again for its state.'],
  withdrawal_unknown: [404, 'There is no such withdrawal', 'Check the id.'],
  withdrawal_state: [409, 'The withdrawal is past that', 'Read it again for its state.'],
  suspense_unknown: [404, 'There is no such unidentified credit', 'Check the id.'],
  suspense_settled: [409, 'This credit has been dealt with', 'Read it again for its state.'],
  chargeback_unknown: [404, 'There is no such chargeback', 'Check the id.'],
  debt_too_small: [422, 'The customer does not owe that much', 'Write off no more than is owed.'],
  reference_unknown: [404, 'No reference was issued for this', 'Leave the purpose out for your standing reference.'],
  freeze_unknown: [404, 'There is no such freeze', 'List the freezes that stand.'],
  reconciliation_unknown: [404, 'There is no such reconciliation', 'List the reconciliations.'],
  event_unknown: [404, 'There is no such event', 'Check the id.'],
  event_settled: [409, 'This event has been dealt with', 'Only a failed event can be tried again.'],
  signature_invalid: [
    401,
    'The signature is not valid',
    'Sign the exact bytes of the body, with the current key and time.',
  ],
  webhook_invalid: [400, 'This is not an event', 'Send what the documentation describes.'],
  rail_unavailable: [503, 'The bank or the card processor cannot be reached', 'Try again in a moment.'],
} as const satisfies Record<string, readonly [RefusalOptions['status'], string, string]>;

export type PaymentsRefusalCode = keyof typeof REFUSALS;

export function refused(code: PaymentsRefusalCode, more: { field?: string; detail?: string } = {}): Refusal {
  const [status, title, detail] = REFUSALS[code];
  return new Refusal(code, { status, title, detail, ...more, ...(status === 503 && { retryAfterSeconds: 2 }) });
}

/**
 * What bank or processor says contradicts what we know: another amount, a settled payment rejected. Nothing is guessed; the event is kept as failed, what it concerns is
 * frozen where that helps, and a person looks.
 */
export class Contradiction extends Error {
  override readonly name = 'Contradiction';

  constructor(
    message: string,
    /** The customer whose money is in doubt. */
    readonly customerId: string | null = null,
  ) {
    super(message);
  }
}
