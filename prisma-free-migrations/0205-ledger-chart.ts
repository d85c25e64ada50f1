import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The chart of accounts, the assets, and the kinds of transfer that belong to no product. A product adds its own types and kinds in its own
 * migrations (`ledger.define_kind`); no meaning here ever changes.
 */
export class LedgerChart1790000000205 implements MigrationInterface {
  name = 'LedgerChart1790000000205';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
INSERT INTO ledger.assets (id, code, kind, scale, chain) VALUES
  (1, 'USD', 'fiat', 2, NULL), (2, 'EUR', 'fiat', 2, NULL), (3, 'GBP', 'fiat', 2, NULL),
  (10, 'BTC', 'native', 8, 'bitcoin'), (11, 'ETH', 'native', 18, 'ethereum'), (12, 'USDC', 'token', 6, 'ethereum');

-- floor 0: never negative; null: may be.
INSERT INTO ledger.account_types (code, name, class, floor, solvency, clears_within, description) VALUES
  (1010, 'custody_hot', 'asset', 0, 'cover', NULL, 'Coins at hot addresses; one account per wallet'),
  (1020, 'custody_warm', 'asset', 0, 'cover', NULL, 'Coins at warm addresses; one account per wallet'),
  (1030, 'custody_cold', 'asset', 0, 'cover', NULL, 'Coins in cold vaults; one account per vault'),
  (1040, 'deposit_in_flight', 'asset', 0, 'cover', '7 days', 'Deposits seen on chain and not yet final'),
  (1050, 'withdrawal_in_flight', 'asset', 0, 'cover', '3 days', 'Broadcast and not yet final'),
  (1060, 'sweep_in_transit', 'asset', 0, 'cover', '3 days', 'Coins moving between our own wallets'),
  (1110, 'bank_nostro', 'asset', NULL, 'cover', NULL, 'Money at banks; one account per bank account'),
  (1115, 'bank_clearing', 'asset', NULL, 'cover', '7 days', 'Bank pulls that were credited before they settled'),
  (1120, 'card_receivable', 'asset', NULL, 'cover', '14 days', 'Captured by the card processor and not yet paid out to us'),
  (1130, 'processor_reserve', 'asset', 0, 'cover', NULL, 'Kept back by the card processor against chargebacks'),
  (1210, 'loan_principal', 'asset', 0, 'loan', NULL, 'What borrowers owe; one account per loan'),
  (1220, 'loan_interest_receivable', 'asset', 0, NULL, NULL, 'Interest accrued and not yet paid; one account per loan'),
  (1240, 'customer_debt', 'asset', 0, NULL, NULL, 'What customers owe after a return or a chargeback'),
  (1250, 'loan_deficit', 'asset', 0, NULL, NULL, 'Shortfall of liquidated loans, not yet written off'),
  (1310, 'custody_collateral', 'asset', 0, 'cover', NULL, 'Coins that secure loans, kept apart'),
  (1320, 'collateral_rehypothecated', 'asset', 0, NULL, NULL, 'Borrowers'' collateral that we have re-pledged, with whom'),
  (1330, 'collateral_posted', 'asset', 0, NULL, NULL, 'Our own coins that secure what the desk borrowed'),
  (1410, 'external_venue', 'asset', NULL, 'cover', NULL, 'Balances at other venues and liquidity providers'),
  (1910, 'suspense_debit', 'asset', NULL, NULL, '30 days', 'Differences found by reconciliation, not yet explained'),
  (2010, 'customer_available', 'liability', 0, 'claim', NULL, 'What a customer may use'),
  (2015, 'exchange_available', 'liability', 0, 'claim', NULL, 'What a customer has on the exchange; the venue''s engine decides inside it'),
  (2030, 'customer_pending_in', 'liability', 0, 'claim', NULL, 'Seen on its way in, not yet the customer''s to use'),
  (2040, 'customer_rewards', 'liability', 0, 'claim', NULL, 'In a rewards product'),
  (2050, 'customer_collateral', 'liability', 0, 'claim', NULL, 'Secures a loan; one account per loan'),
  (2060, 'lending_pool', 'liability', 0, 'lenders', NULL, 'What lenders supplied to the lending pool'),
  (2070, 'exchange_settlement', 'liability', NULL, NULL, '1 day', 'Between the legs of netted settlement batches'),
  (2080, 'rewards_accrued', 'liability', 0, 'claim', NULL, 'Rewards earned and not yet vested'),
  (2090, 'interest_payable', 'liability', 0, 'claim', NULL, 'Interest owed to lenders'),
  (2110, 'withdrawals_payable', 'liability', 0, 'claim', '3 days', 'Taken from customers, on its way out'),
  (2120, 'chargeback_liability', 'liability', 0, 'claim', '120 days', 'Charged back, not yet taken by the processor'),
  (2130, 'swap_order', 'liability', 0, 'claim', '2 days', 'Received for a swap from self-custody, not yet delivered'),
  (2140, 'loan_payable', 'liability', 0, 'claim', NULL, 'What the desk borrowed'),
  (2910, 'suspense_credit', 'liability', NULL, 'claim', '30 days', 'Received and not yet identified'),
  (3010, 'equity', 'equity', NULL, NULL, NULL, 'Owners'' capital'),
  (3020, 'insurance_fund', 'equity', 0, NULL, NULL, 'Set aside against losses of lenders and traders'),
  (3030, 'loss_reserve', 'equity', 0, NULL, NULL, 'Set aside against losses of the desk'),
  (3110, 'house_inventory', 'equity', NULL, NULL, NULL, 'The house''s own share of the pool of an asset: its position'),
  (3120, 'fx_position', 'equity', NULL, NULL, NULL, 'Position from conversions between currencies'),
  (4010, 'fee_revenue', 'income', NULL, NULL, NULL, 'Fees'),
  (4020, 'spread_revenue', 'income', NULL, NULL, NULL, 'Spread taken on quotes'),
  (4030, 'interest_income', 'income', NULL, NULL, NULL, 'The house''s share of loan interest'),
  (4040, 'network_fee_revenue', 'income', NULL, NULL, NULL, 'Charged to customers for the network'),
  (4050, 'dex_revenue', 'income', NULL, NULL, NULL, 'Platform fees of on-chain markets'),
  (5010, 'network_fees', 'expense', NULL, NULL, NULL, 'Paid to miners and validators'),
  (5020, 'processor_fees', 'expense', NULL, NULL, NULL, 'Paid to card processors and banks'),
  (5030, 'rewards_expense', 'expense', NULL, NULL, NULL, 'Rewards given'),
  (5040, 'interest_expense', 'expense', NULL, NULL, NULL, 'Interest paid'),
  (5050, 'loan_losses', 'expense', NULL, NULL, NULL, 'Loans written off'),
  (5060, 'chargeback_losses', 'expense', NULL, NULL, NULL, 'Chargebacks we bear, and their fees'),
  (5070, 'rounding', 'expense', NULL, NULL, NULL, 'What rounding leaves over');

INSERT INTO ledger.account_types (code, name, class, contra, floor, description) VALUES
  (1230, 'loan_loss_allowance', 'asset', true, 0, 'Expected losses on loans; lowers the receivables');

INSERT INTO ledger.account_types (code, name, class, floor, is_hold, solvency, description) VALUES
  (2020, 'customer_hold', 'liability', 0, true, 'claim', 'A customer''s money that is spoken for; leaves only by its hold');

SELECT ledger.define_kind('ledger.hold', 'Sets money aside for something', '{{customer_available,customer_hold}}');
SELECT ledger.define_kind('ledger.hold-release', 'Gives held money back', '{{customer_hold,customer_available}}', true);
SELECT ledger.define_kind('ledger.hold-expired', 'Gives held money back because its time is over', '{{customer_hold,customer_available}}', true);
SELECT ledger.define_kind('ledger.reversal', 'The exact mirror of an earlier transfer', '{}');
SELECT ledger.define_kind('ledger.capital', 'Owners'' capital in and out', '{{bank_nostro,equity},{equity,bank_nostro},{custody_hot,equity},
  {equity,custody_hot},{equity,house_inventory},{house_inventory,equity},{equity,insurance_fund},{equity,loss_reserve}}');
`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
ALTER TABLE ledger.assets DISABLE TRIGGER USER;
ALTER TABLE ledger.account_types DISABLE TRIGGER USER;
DELETE FROM ledger.transfer_kind_pairs;
DELETE FROM ledger.transfer_kinds;
DELETE FROM ledger.account_types;
DELETE FROM ledger.assets;
ALTER TABLE ledger.assets ENABLE TRIGGER USER;
ALTER TABLE ledger.account_types ENABLE TRIGGER USER;
`);
  }
}
