import { type Refusal, type RefusalOptions, refuse } from '@base/http';

/** Every "no" of custody, by code: what HTTP answers and what people are told. */
const REFUSALS = {
  asset_not_on_chain: { status: 422, title: 'This asset has no wallet', detail: 'Choose BTC or ETH.', field: 'asset' },
  custody_not_ready: {
    status: 503,
    title: 'Wallets are not open yet',
    detail: 'Try again in a minute.',
    retryAfterSeconds: 30,
  },
  asset_halted: {
    status: 503,
    title: 'Deposits and withdrawals of this asset are halted',
    detail: 'We are looking into it. Nothing is lost; try again later.',
    retryAfterSeconds: 600,
  },
  address_malformed: { status: 422, title: 'This is not an address of the network', field: 'destination' },
  address_checksum: {
    status: 422,
    title: 'The address has a typing error: its checksum is wrong',
    detail: 'Copy the address again as a whole.',
    field: 'destination',
  },
  address_wrong_network: {
    status: 422,
    title: 'The address belongs to another network',
    detail: 'Coins sent there would be lost. Ask the receiver for an address of this network.',
    field: 'destination',
  },
  address_unsupported: { status: 422, title: 'Coins sent to this address could not be spent', field: 'destination' },
  destination_is_ours: {
    status: 422,
    title: 'The address is one of our own deposit addresses',
    detail: 'Withdrawals go to wallets elsewhere.',
    field: 'destination',
  },
  amount_too_small: { status: 422, title: 'The amount is below the least that can be withdrawn', field: 'amount' },
  amount_malformed: { status: 422, title: 'The amount is not a number of this asset', field: 'amount' },
  network_fee_too_high: {
    status: 409,
    title: 'The network costs more now than you said you would pay',
    detail: 'Ask for the fee again, and confirm.',
    field: 'maxFee',
  },
  insufficient_funds: { status: 422, title: 'The balance does not cover the amount and the fee', field: 'amount' },
  withdrawal_limit_exceeded: {
    status: 422,
    title: 'This would exceed what you may withdraw in 24 hours',
    field: 'amount',
  },
  withdrawals_held: {
    status: 409,
    title: 'Withdrawals wait after a change of credentials',
    detail: 'If you did not make that change, contact us.',
  },
  account_frozen: { status: 403, title: 'The account is frozen', detail: 'Contact support.' },
  withdrawal_unknown: { status: 404, title: 'There is no such withdrawal' },
  withdrawal_not_possible: { status: 409, title: 'The withdrawal is not in a state that allows this' },
  whitelisted_already: { status: 409, title: 'This address is on your whitelist', field: 'destination' },
  whitelist_full: { status: 409, title: 'Your whitelist is full', detail: 'Remove an address that you do not use.' },
  whitelist_unknown: { status: 404, title: 'There is no such address on your whitelist' },
  halt_unknown: { status: 404, title: 'The asset is not halted' },
} as const satisfies Record<string, RefusalOptions>;

export type CustodyRefusal = keyof typeof REFUSALS;

/** The refusal of this code, with more precise words where the caller has some. */
export function refusal(code: CustodyRefusal, more: Partial<Pick<RefusalOptions, 'detail' | 'field'>> = {}): Refusal {
  return refuse(code, { ...REFUSALS[code], ...more });
}
