import { type AssetCode } from '@core/money';
import { type Purpose } from './purpose.js';
import { type TransitionTable } from './transitions.js';

export type CardPaymentState =
  /** Stored; the processor may or may not know of it. */
  | 'CREATED'
  /** The customer has a page to go to: to give a card, or to authenticate. */
  | 'AWAITING_CUSTOMER'
  | 'AUTHORISED'
  | 'CAPTURED'
  | 'REFUNDED'
  | 'CHARGED_BACK'
  | 'FAILED'
  /** The customer did not come back in time. */
  | 'EXPIRED'
  | 'CANCELLED';

export type CardPaymentEvent =
  | 'opened'
  | 'authorised'
  | 'captured'
  | 'failed'
  | 'expired'
  | 'cancelled'
  | 'refunded'
  | 'charged_back'
  | 'chargeback_won';

/** A capture that comes after we gave up is still the customer's money, so it is never refused. */
export const CARD_PAYMENT: TransitionTable<CardPaymentState, CardPaymentEvent> = {
  CREATED: {
    opened: 'AWAITING_CUSTOMER',
    authorised: 'AUTHORISED',
    captured: 'CAPTURED',
    failed: 'FAILED',
    expired: 'EXPIRED',
    cancelled: 'CANCELLED',
  },
  AWAITING_CUSTOMER: {
    authorised: 'AUTHORISED',
    captured: 'CAPTURED',
    failed: 'FAILED',
    expired: 'EXPIRED',
    cancelled: 'CANCELLED',
  },
  AUTHORISED: { captured: 'CAPTURED', failed: 'FAILED', expired: 'EXPIRED', cancelled: 'CANCELLED' },
  CAPTURED: { refunded: 'REFUNDED', charged_back: 'CHARGED_BACK' },
  REFUNDED: { charged_back: 'CHARGED_BACK' },
  CHARGED_BACK: { chargeback_won: 'CAPTURED' },
  FAILED: {},
  EXPIRED: { captured: 'CAPTURED' },
  CANCELLED: { captured: 'CAPTURED' },
};

export const isCaptured = (state: CardPaymentState): boolean =>
  state === 'CAPTURED' || state === 'REFUNDED' || state === 'CHARGED_BACK';

export interface CardPayment {
  readonly id: string;
  readonly customerId: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly cardId: string | null;
  readonly purpose: Purpose | null;
  /** Captured money is put on a ledger hold under the payment's id, for the purpose alone. */
  readonly lockFunds: boolean;
  readonly returnUrl: string | null;
  readonly state: CardPaymentState;
  /** What the payment becomes when the processor has let it go. */
  readonly givingUp: 'EXPIRED' | 'CANCELLED' | null;
  readonly processorId: string | null;
  readonly processorVersion: bigint;
  readonly actionUrl: string | null;
  readonly cardBrand: string | null;
  readonly cardLast4: string | null;
  readonly cardFingerprint: string | null;
  readonly failureCode: string | null;
  readonly refunded: bigint;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly capturedAt: Date | null;
}
