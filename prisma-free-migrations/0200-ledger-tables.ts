import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The ledger's tables. `entries.amount` is signed, debit positive, so that a transfer sums to zero per asset; `balances.balance` is on the
 * account's normal side, so that one CHECK serves every type of account.
 */
export class LedgerTables1790000000200 implements MigrationInterface {
  name = 'LedgerTables1790000000200';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
CREATE SCHEMA ledger;

CREATE TABLE ledger.assets (
  id smallint PRIMARY KEY CHECK (id > 0),
  code text NOT NULL UNIQUE CHECK (code ~ '^[A-Z0-9][A-Z0-9._-]{0,19}$'),
  kind text NOT NULL CHECK (kind IN ('fiat', 'native', 'token', 'points')),
  scale smallint NOT NULL CHECK (scale BETWEEN 0 AND 36),
  chain text,
  contract text,
  UNIQUE NULLS NOT DISTINCT (chain, contract, code)
);

CREATE TABLE ledger.account_types (
  code smallint PRIMARY KEY CHECK (code BETWEEN 1000 AND 5999),
  name text NOT NULL UNIQUE CHECK (name ~ '^[a-z]+(_[a-z]+)*$'),
  class text NOT NULL CHECK (class IN ('asset', 'liability', 'equity', 'income', 'expense')),
  contra boolean NOT NULL DEFAULT false,
  normal_sign smallint NOT NULL GENERATED ALWAYS AS
    (CASE WHEN (class IN ('asset', 'expense')) = contra THEN -1 ELSE 1 END) STORED,
  floor numeric(78,0) CHECK (floor <> 'NaN'),
  is_hold boolean NOT NULL DEFAULT false,
  clears_within interval,
  solvency text CHECK (solvency IN ('claim', 'cover', 'lenders', 'loan')),
  description text NOT NULL
);
COMMENT ON COLUMN ledger.account_types.floor IS 'The balance never goes below it; null: it may go as low as it likes';
COMMENT ON COLUMN ledger.account_types.clears_within IS 'A clearing account: its balance must come back to zero within this time';
COMMENT ON COLUMN ledger.account_types.solvency IS 'claims must be covered; loans cover no more than what lenders supplied';

CREATE TABLE ledger.transfer_kinds (
  number smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL UNIQUE CHECK (kind ~ '^[a-z]+(-[a-z]+)*\\.[a-z0-9]+(-[a-z0-9]+)*$'),
  is_release boolean NOT NULL DEFAULT false,
  description text NOT NULL
);
COMMENT ON COLUMN ledger.transfer_kinds.is_release IS 'Gives held money back to where it was taken from; the only way out of an expired hold';

CREATE TABLE ledger.transfer_kind_pairs (
  kind_number smallint NOT NULL REFERENCES ledger.transfer_kinds,
  debit_type smallint NOT NULL REFERENCES ledger.account_types,
  credit_type smallint NOT NULL REFERENCES ledger.account_types,
  pair bigint NOT NULL GENERATED ALWAYS AS (kind_number * 100000000::bigint + debit_type * 10000 + credit_type) STORED,
  PRIMARY KEY (kind_number, debit_type, credit_type)
);
COMMENT ON COLUMN ledger.transfer_kind_pairs.pair IS 'The three in one number, which ledger.post() can look up in an array';

CREATE TABLE ledger.accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  path text NOT NULL UNIQUE,
  type_code smallint NOT NULL REFERENCES ledger.account_types,
  asset_id smallint NOT NULL REFERENCES ledger.assets,
  owner_id uuid,
  opened_at timestamptz NOT NULL,
  meta jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX accounts_owner ON ledger.accounts (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX accounts_type ON ledger.accounts (type_code, asset_id, id);

-- What people decided about an account; what balances says of it is the newest row's. Frozen: may not pay. Closed: nor receive.
CREATE TABLE ledger.account_changes (
  account_id bigint NOT NULL REFERENCES ledger.accounts,
  number integer NOT NULL CHECK (number > 0),
  status text NOT NULL CHECK (status IN ('open', 'frozen', 'closed')),
  floor numeric(78,0) CHECK (floor <> 'NaN'),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  changed_by text NOT NULL CHECK (length(changed_by) BETWEEN 1 AND 200),
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, number)
);

-- The only rows a posting updates, so they are narrow, carry what the posting needs to know of the account, have no second index and
-- leave room on their page: updates stay heap-only. No foreign key: a referenced hot row would collect multixacts. The prior balance and
-- version are those before the newest posting: with them the guard of entries sees where a batch continues an account, without a look back.
-- Few and short CHECKs: PostgreSQL parses each of them again for every statement.
CREATE TABLE ledger.balances (
  account_id bigint PRIMARY KEY,
  asset_id smallint NOT NULL,
  type_code smallint NOT NULL,
  normal_sign smallint NOT NULL,
  is_hold boolean NOT NULL,
  may_pay boolean NOT NULL DEFAULT true,
  may_receive boolean NOT NULL DEFAULT true,
  balance numeric(78,0) NOT NULL DEFAULT 0,
  floor numeric(78,0),
  version bigint NOT NULL DEFAULT 0,
  prior_balance numeric(78,0) NOT NULL DEFAULT 0,
  prior_version bigint NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL,
  CONSTRAINT balances_floor CHECK (balance >= floor AND balance <> 'NaN'),
  CONSTRAINT balances_closed_is_empty CHECK (may_receive OR balance = 0)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE ledger.transfers (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  n_legs smallint NOT NULL,
  request_hash bytea NOT NULL,
  group_id uuid,
  reverses uuid,
  effective_at timestamptz NOT NULL,
  posted_at timestamptz NOT NULL,
  xid xid8 NOT NULL,
  meta jsonb,
  CONSTRAINT transfers_shape CHECK (n_legs BETWEEN 2 AND 64 AND length(request_hash) = 32)
);
CREATE INDEX transfers_feed ON ledger.transfers (xid, id);
CREATE INDEX transfers_time ON ledger.transfers USING brin (posted_at);
CREATE INDEX transfers_group ON ledger.transfers (group_id) WHERE group_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_reversed_once ON ledger.transfers (reverses) WHERE reverses IS NOT NULL;

CREATE TABLE ledger.entries (
  account_id bigint NOT NULL,
  account_version bigint NOT NULL,
  transfer_id uuid NOT NULL,
  posted_at timestamptz NOT NULL,
  asset_id smallint NOT NULL,
  leg smallint NOT NULL,
  amount numeric(78,0) NOT NULL,
  balance_after numeric(78,0) NOT NULL,
  hold_id uuid,
  PRIMARY KEY (account_id, account_version),
  CONSTRAINT entries_amount CHECK (amount <> 0 AND amount <> 'NaN' AND leg BETWEEN 1 AND 64)
);
CREATE INDEX entries_transfer ON ledger.entries (transfer_id);
CREATE INDEX entries_hold ON ledger.entries (hold_id) WHERE hold_id IS NOT NULL;

CREATE TABLE ledger.holds (
  id uuid PRIMARY KEY,
  account_id bigint NOT NULL,
  release_to bigint NOT NULL,
  amount numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
  remaining numeric(78,0) NOT NULL,
  opened_at timestamptz NOT NULL,
  expires_at timestamptz,
  CONSTRAINT holds_remaining CHECK (remaining BETWEEN 0 AND amount)
) WITH (fillfactor = 70);
CREATE INDEX holds_open ON ledger.holds (account_id) WHERE remaining > 0;
CREATE INDEX holds_expiry ON ledger.holds (expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;

-- Sealed ranges of the feed: each block's hash covers every transfer and entry with from_xid <= xid < to_xid, and the block before it.
CREATE TABLE ledger.blocks (
  seq bigint PRIMARY KEY CHECK (seq > 0),
  from_xid xid8 NOT NULL,
  to_xid xid8 NOT NULL,
  n_transfers integer NOT NULL CHECK (n_transfers >= 0),
  n_entries integer NOT NULL CHECK (n_entries >= 0),
  prev_hash bytea NOT NULL CHECK (length(prev_hash) = 32),
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  sealed_at timestamptz NOT NULL,
  CHECK (from_xid < to_xid)
);

CREATE TABLE ledger.balance_snapshots (
  account_id bigint NOT NULL,
  day date NOT NULL,
  account_version bigint NOT NULL,
  balance numeric(78,0) NOT NULL CHECK (balance <> 'NaN'),
  PRIMARY KEY (account_id, day)
);
CREATE TABLE ledger.snapshot_days (
  day date PRIMARY KEY,
  n_accounts bigint NOT NULL,
  taken_at timestamptz NOT NULL
);

CREATE TABLE ledger.periods (
  closed_through timestamptz PRIMARY KEY,
  closed_by text NOT NULL CHECK (length(closed_by) BETWEEN 1 AND 200),
  closed_at timestamptz NOT NULL
);
COMMENT ON TABLE ledger.periods IS 'Books are closed up to and excluding closed_through: no transfer takes effect before it';

GRANT USAGE ON SCHEMA ledger TO strongroom_app, strongroom_auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO strongroom_app, strongroom_auditor;
`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP SCHEMA ledger CASCADE');
  }
}
