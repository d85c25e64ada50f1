import { Base1790000000100 } from './0100-base.js';
import { BasePeriods1790000000110 } from './0110-base-periods.js';
import { LedgerTables1790000000200 } from './0200-ledger-tables.js';
import { LedgerGuards1790000000201 } from './0201-ledger-guards.js';
import { LedgerPost1790000000202 } from './0202-ledger-post.js';
import { LedgerAccounts1790000000203 } from './0203-ledger-accounts.js';
import { LedgerChain1790000000204 } from './0204-ledger-chain.js';
import { LedgerChart1790000000205 } from './0205-ledger-chart.js';
import { LedgerRebuild1790000000207 } from './0207-ledger-rebuild.js';
import { Identity1790000000300 } from './0300-identity.js';
import { Audit1790000000310 } from './0310-audit.js';
import { Notifications1790000000320 } from './0320-notifications.js';
import { Payments1790000000400 } from './0400-payments.js';
import { Pricing1790000000500 } from './0500-pricing.js';
import { Brokerage1790000000520 } from './0520-brokerage.js';
import { BrokerageBankReference1790000000521 } from './0521-brokerage-bank-reference.js';
import { Keys1790000000600 } from './0600-keys.js';
import { Chains1790000000620 } from './0620-chains.js';
import { Custody1790000000640 } from './0640-custody.js';
import { ForeignSpends1790000000641 } from './0641-foreign-spends.js';
import { Venue1790000000700 } from './0700-venue.js';
import { VenueRoundingBack1790000000701 } from './0701-venue-rounding-back.js';
import { VenueView1790000000702 } from './0702-venue-view.js';
import { FixSessions1790000000704 } from './0704-fix-sessions.js';
import { Approvals1790000000705 } from './0705-approvals.js';
import { ApiKeyBySecret1790000000703 } from './0703-api-key-by-secret.js';
import { VenueOperations1790000000706 } from './0706-venue-operations.js';
import { EventLog1790000000707 } from './0707-event-log.js';
import { ExchangeWithdrawals1790000000708 } from './0708-exchange-withdrawals.js';
import { BrokerageHedging1790000000715 } from './0715-brokerage-hedging.js';
import { FixSessionsMended1790000000716 } from './0716-fix-sessions-mended.js';
import { BrokerageExternalSpread1790000000717 } from './0717-brokerage-external-spread.js';
import { QuoteReference1790000000718 } from './0718-quote-reference.js';

/** The database's history, oldest first. Landed files are never edited; a change is a new file. */
export const migrations = [
  Base1790000000100,
  BasePeriods1790000000110,
  LedgerTables1790000000200,
  LedgerGuards1790000000201,
  LedgerPost1790000000202,
  LedgerAccounts1790000000203,
  LedgerChain1790000000204,
  LedgerChart1790000000205,
  LedgerRebuild1790000000207,
  Identity1790000000300,
  Audit1790000000310,
  Notifications1790000000320,
  Payments1790000000400,
  Pricing1790000000500,
  Brokerage1790000000520,
  BrokerageBankReference1790000000521,
  Keys1790000000600,
  Chains1790000000620,
  Custody1790000000640,
  ForeignSpends1790000000641,
  Venue1790000000700,
  VenueRoundingBack1790000000701,
  VenueView1790000000702,
  FixSessions1790000000704,
  Approvals1790000000705,
  ApiKeyBySecret1790000000703,
  VenueOperations1790000000706,
  EventLog1790000000707,
  ExchangeWithdrawals1790000000708,
  BrokerageHedging1790000000715,
  FixSessionsMended1790000000716,
  BrokerageExternalSpread1790000000717,
  QuoteReference1790000000718,
];
