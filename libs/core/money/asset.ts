/** What an asset is: its scale (digits after the point of its major unit) never changes; a new scale is a new asset. */
export interface Asset {
  readonly code: AssetCode;
  readonly kind: 'fiat' | 'native' | 'token' | 'points';
  readonly scale: number;
  readonly chain: Chain | null;
  readonly minorUnit: string;
}

export type Chain = 'bitcoin' | 'ethereum';

export const ASSETS = {
  USD: { code: 'USD', kind: 'fiat', scale: 2, chain: null, minorUnit: 'cent' },
  EUR: { code: 'EUR', kind: 'fiat', scale: 2, chain: null, minorUnit: 'cent' },
  GBP: { code: 'GBP', kind: 'fiat', scale: 2, chain: null, minorUnit: 'penny' },
  BTC: { code: 'BTC', kind: 'native', scale: 8, chain: 'bitcoin', minorUnit: 'satoshi' },
  ETH: { code: 'ETH', kind: 'native', scale: 18, chain: 'ethereum', minorUnit: 'wei' },
  USDC: { code: 'USDC', kind: 'token', scale: 6, chain: 'ethereum', minorUnit: 'micro-USDC' },
} as const satisfies Record<string, Omit<Asset, 'code'> & { code: string }>;

export type AssetCode = keyof typeof ASSETS;

export const ASSET_CODES = Object.keys(ASSETS) as readonly AssetCode[];

export const isAssetCode = (code: string): code is AssetCode => Object.hasOwn(ASSETS, code);

export const assetOf = (code: AssetCode): Asset => ASSETS[code];
