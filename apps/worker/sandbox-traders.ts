import { type AssetCode } from '@core/money';

/** The variable that holds a trader's API secret. */
export type TraderKey = 'MARKET_MAKER_SECRET' | 'MARKET_TAKER_SECRET' | 'HEDGE_API_SECRET';

export interface SandboxTrader {
  readonly email: string;
  readonly key: TraderKey;
  readonly label: string;
  /** What they bring from outside, in major units; the house brings what its inventory has. */
  readonly funds: readonly (readonly [AssetCode, string])[];
}

/**
 * Who trades on the exchange of a sandbox before anybody else does: the market maker and somebody who takes (`apps/sandbox/market-maker`), two people, since
 * nobody trades with themselves; and the house, where it hedges.
 */
export const SANDBOX_TRADERS: readonly SandboxTrader[] = [
  {
    email: 'maker@strongroom.example',
    key: 'MARKET_MAKER_SECRET',
    label: 'sandbox market maker',
    funds: [['USD', '1500000.00'], ['EUR', '1000000.00'], ['BTC', '8'], ['ETH', '80']],
  },
  {
    email: 'taker@strongroom.example',
    key: 'MARKET_TAKER_SECRET',
    label: 'sandbox taker',
    funds: [['USD', '200000.00'], ['EUR', '200000.00'], ['BTC', '2'], ['ETH', '20']],
  },
  { email: 'house-desk@strongroom.example', key: 'HEDGE_API_SECRET', label: 'hedging of the house', funds: [] },
]; // prettier-ignore

/** Listed, and left to clients that want a book to themselves. */
export const QUIET_INSTRUMENTS: readonly string[] = ['ETH-BTC', 'USDC-USD'];
