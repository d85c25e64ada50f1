import { refuse, type Refusal } from '@base/http';

/** Every code with which custody refuses; the withdrawals' are in `withdrawal-refusals.ts`. */
export type CustodyRefusalCode = 'custody_not_ready' | 'deposit_not_found' | 'asset_not_halted';

const refusal = (code: CustodyRefusalCode, options: Parameters<typeof refuse>[1]): Refusal => refuse(code, options);

export const custodyNotReady = (): Refusal =>
  refusal('custody_not_ready', {
    status: 503,
    title: 'Addresses are not available yet',
    detail: 'The custody of this installation is being set up. Try again in a moment.',
    retryAfterSeconds: 5,
  });

export const depositNotFound = (): Refusal =>
  refusal('deposit_not_found', { status: 404, title: 'There is no such deposit' });

export const assetNotHalted = (): Refusal =>
  refusal('asset_not_halted', { status: 409, title: 'This asset is not halted' });
