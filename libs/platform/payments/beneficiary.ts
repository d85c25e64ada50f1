import { type AssetCode } from '@core/money';
import { type TransitionTable } from './transitions.js';

export type BeneficiaryState = 'CREATED' | 'UNDER_REVIEW' | 'ACTIVE' | 'DISABLED';
export type BeneficiaryEvent = 'checked' | 'approve' | 'disable';

export const BENEFICIARY: TransitionTable<BeneficiaryState, BeneficiaryEvent> = {
  CREATED: { checked: 'UNDER_REVIEW', disable: 'DISABLED' },
  UNDER_REVIEW: { approve: 'ACTIVE', disable: 'DISABLED' },
  ACTIVE: { disable: 'DISABLED' },
  DISABLED: {},
};

/** Why a beneficiary waits: for its time, or for a person. */
export type Review = 'cooling_off' | 'name_close' | 'name_differs' | 'not_own_name' | 'account_unknown';

export interface Beneficiary {
  readonly id: string;
  readonly customerId: string;
  readonly asset: AssetCode;
  readonly name: string;
  readonly account: string;
  readonly state: BeneficiaryState;
  readonly review: Review | null;
  /** The end of the cooling-off of a new beneficiary. */
  readonly usableAt: Date;
  readonly createdAt: Date;
}
