/**
 * The account types of the chart (`prisma-free-migrations/0205-ledger-chart.ts` and the products' own migrations), by class. The database is
 * the truth; a spec holds this list against it, so that a misspelt type is a compile error and a forgotten one a failing test.
 */
export const ACCOUNT_TYPES = {
  asset: [
    'custody_hot', 'custody_warm', 'custody_cold', 'deposit_in_flight', 'withdrawal_in_flight', 'sweep_in_transit',
    'bank_nostro', 'bank_clearing', 'card_receivable', 'processor_reserve',
    'loan_principal', 'loan_interest_receivable', 'loan_loss_allowance', 'customer_debt', 'loan_deficit',
    'custody_collateral', 'collateral_rehypothecated', 'collateral_posted', 'external_venue', 'suspense_debit',
  ],
  liability: [
    'customer_available', 'exchange_available', 'exchange_transit', 'exchange_bust', 'customer_hold', 'customer_pending_in', 'customer_rewards', 'customer_collateral',
    'lending_pool', 'exchange_settlement', 'rewards_accrued', 'interest_payable', 'withdrawals_payable', 'chargeback_liability',
    'swap_order', 'loan_payable', 'suspense_credit',
  ],
  equity: ['equity', 'insurance_fund', 'exchange_insurance', 'loss_reserve', 'house_inventory', 'fx_position'],
  income: [
    'fee_revenue', 'exchange_fees', 'exchange_rounding', 'spread_revenue', 'interest_income', 'network_fee_revenue', 'dex_revenue',
  ],
  expense: [
    'network_fees', 'processor_fees', 'rewards_expense', 'interest_expense', 'loan_losses', 'chargeback_losses', 'rounding',
  ],
} as const; // prettier-ignore

export type AccountClass = keyof typeof ACCOUNT_TYPES;
export type AccountType = (typeof ACCOUNT_TYPES)[AccountClass][number];
