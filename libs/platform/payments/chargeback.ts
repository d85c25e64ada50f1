import { type AssetCode } from '@core/money';
import { type TransitionTable } from './transitions.js';

export type ChargebackState = 'OPEN' | 'WON' | 'LOST';
export type ChargebackEvent = 'won' | 'lost';

export const CHARGEBACK: TransitionTable<ChargebackState, ChargebackEvent> = {
  OPEN: { won: 'WON', lost: 'LOST' },
  WON: {},
  LOST: {},
};

export interface Chargeback {
  readonly id: string;
  readonly processorId: string;
  readonly processorVersion: bigint;
  readonly paymentId: string;
  readonly customerId: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly fee: bigint;
  /** What the customer still had when it came; the rest is `indebted`. */
  readonly clawedBack: bigint;
  readonly indebted: bigint;
  readonly reason: string;
  readonly state: ChargebackState;
  readonly createdAt: Date;
}
