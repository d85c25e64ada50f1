import { type Refusal, type RefusalOptions, refuse } from '@base/http';

/** Every "no" of the venue to a customer, by code: what HTTP answers and what people are told. */
const REFUSALS = {
  asset_not_traded: { status: 422, title: 'This asset is not traded on the exchange', field: 'asset' },
  amount_malformed: { status: 422, title: 'The amount is not above zero', field: 'amount' },
  amount_too_fine: {
    status: 422,
    title: 'The exchange does not count this asset so finely',
    detail: 'Give fewer digits after the point; what is left over stays in your balance.',
    field: 'amount',
  },
  amount_too_large: { status: 422, title: 'The exchange cannot hold so much', field: 'amount' },
  insufficient_funds: {
    status: 422,
    title: 'The balance does not cover the amount',
    detail: 'GET /v1/balances shows what is available.',
    field: 'amount',
  },
  account_frozen: { status: 403, title: 'The account is frozen', detail: 'Contact support.' },
  moves_frozen: {
    status: 409,
    title: 'Transfers of this asset to and from the exchange wait for a check',
    detail: 'Nothing is lost, and trading goes on. Try again later.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'This idempotency key was used for another transfer',
    detail: 'Send a new key with a new request.',
  },
  beneficiary_unknown: {
    status: 422,
    title: 'There is no such address of this currency on your whitelist',
    detail: 'GET /whitelist shows those you have; add others in your account.',
    field: 'beneficiary',
  },
  beneficiary_cooling_off: {
    status: 422,
    title: 'This address was added lately and cannot be paid to yet',
    detail: 'GET /v1/whitelist shows from when on.',
    field: 'beneficiary',
  },
  accounts_exhausted: { status: 503, title: 'The exchange opens no more accounts', retryAfterSeconds: 3_600 },
  transfer_unknown: { status: 404, title: 'There is no such transfer' },
  instrument_unknown: { status: 404, title: 'There is no such instrument' },
  instrument_listed: { status: 409, title: 'The engine has listed this instrument; its terms are final' },
  instruments_exhausted: { status: 409, title: 'The engine has room for no more instruments' },
  terms_do_not_fit: {
    status: 422,
    title: 'These terms do not come out even',
    detail:
      'Lot and quantities must be whole numbers of the base asset’s units, quantities of lots, and the highest price of ticks.',
  },
  account_unknown: { status: 404, title: 'This customer has no account on the exchange' },
  price_does_not_fit: { status: 422, title: 'The price is out of range or lies between two ticks' },
  trade_unknown: { status: 404, title: 'There is no such trade, or it has not been settled yet' },
  trade_busted: { status: 409, title: 'This trade was taken back already' },
  bust_in_progress: {
    status: 409,
    title: 'This trade is being taken back',
    detail: 'GET /v1/venue/busts shows how far it is.',
  },
  contract_not_bustable: {
    status: 422,
    title: 'Trades of contracts cannot be taken back',
    detail:
      'They moved positions, which the engine moves by trades alone. Trade the other way, or settle in cash between the parties.',
  },
  bust_unknown: { status: 404, title: 'There is no such bust' },
  bust_not_so: {
    status: 409,
    title: 'The bust does not stand so that this could be done',
    detail: 'Read it again. One that falls short may be tried again or abandoned.',
  },
  freeze_unknown: { status: 404, title: 'There is no such freeze in force' },
} as const satisfies Record<string, RefusalOptions>;

export type VenueRefusal = keyof typeof REFUSALS;

/** The refusal of this code. */
export const refusal = (code: VenueRefusal): Refusal => refuse(code, REFUSALS[code]);
