import { type AssetCode } from '@core/money';

export interface AmountLimits {
  /** Minor units, inclusive. */
  readonly min: bigint;
  readonly max: bigint;
}

export interface CardTerms {
  readonly limits: Readonly<Partial<Record<AssetCode, AmountLimits>>>;
  /** From this amount on the cardholder is always authenticated; below it the issuer decides. */
  readonly require3dsFrom: bigint;
  readonly authenticateWithinMs: number;
  /** How long the value of a first payment with a card must stay, and of a later one. */
  readonly firstUseHoldMs: number;
  readonly holdMs: number;
}

export interface WithdrawalTerms {
  readonly limits: Readonly<Partial<Record<AssetCode, AmountLimits & { readonly fee: bigint }>>>;
  /** From this amount on a person looks first. */
  readonly reviewFrom: bigint;
  readonly coolingOffMs: number;
}

/** The rules that money comes and goes by. Currencies of two decimals share one set of figures. */
export interface PaymentsTerms {
  readonly card: CardTerms;
  readonly bank: { readonly holdMs: number };
  readonly withdrawal: WithdrawalTerms;
  /** How long a difference between two books may be money on its way. */
  readonly reconciliationGraceMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const each = <Terms>(terms: Terms): Readonly<Partial<Record<AssetCode, Terms>>> => ({
  USD: terms,
  EUR: terms,
  GBP: terms,
});

/** First card use 72 h, as Kraken does; bank transfers are final where we take them. */
export const DEFAULT_TERMS: PaymentsTerms = {
  card: {
    limits: each({ min: 10_00n, max: 20_000_00n }),
    require3dsFrom: 30_00n,
    authenticateWithinMs: 15 * MINUTE,
    firstUseHoldMs: 72 * HOUR,
    holdMs: 24 * HOUR,
  },
  bank: { holdMs: 0 },
  withdrawal: {
    limits: each({ min: 10_00n, max: 250_000_00n, fee: 1_00n }),
    reviewFrom: 50_000_00n,
    coolingOffMs: 24 * HOUR,
  },
  reconciliationGraceMs: 10 * MINUTE,
};

/** As the default, but a new beneficiary can be paid at once. */
export const SANDBOX_TERMS: PaymentsTerms = {
  ...DEFAULT_TERMS,
  withdrawal: { ...DEFAULT_TERMS.withdrawal, coolingOffMs: 0 },
};
