import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Quotes, orders and their history, limits, the house's policy and its own funds. */
export class Brokerage1790000000520 implements MigrationInterface {
  readonly name = 'Brokerage1790000000520';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE SCHEMA brokerage; GRANT USAGE ON SCHEMA brokerage TO strongroom_app, strongroom_auditor;',
    );
    await runner.query(POLICY);
    await runner.query(QUOTES);
    await runner.query(ORDERS);
    await runner.query(LIMITS);
    await runner.query(HOUSE);
    await runner.query(BOOKS);
    await runner.query('GRANT SELECT ON ALL TABLES IN SCHEMA brokerage TO strongroom_auditor;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA brokerage CASCADE');
  }
}

const POLICY = `
  CREATE DOMAIN brokerage.minor AS numeric(78,0) CHECK (VALUE <> 'NaN' AND VALUE >= 0);

  -- What is offered and how it is priced. Rates in parts per million; amounts in minor units of the pair's quote asset.
  CREATE TABLE brokerage.pair (
    symbol                        text            PRIMARY KEY,
    rank                          int             NOT NULL UNIQUE,
    base_spread_ppm               bigint          NOT NULL CHECK (base_spread_ppm BETWEEN 0 AND 500000),
    venue_fee_ppm                 bigint          NOT NULL CHECK (venue_fee_ppm BETWEEN 0 AND 100000),
    slip_ppm_per_thousand_usd     bigint          NOT NULL CHECK (slip_ppm_per_thousand_usd BETWEEN 0 AND 10000),
    skew_ppm                      bigint          NOT NULL CHECK (skew_ppm BETWEEN 0 AND 100000),
    circuit_bps                   bigint          NOT NULL CHECK (circuit_bps BETWEEN 10 AND 5000),
    min_order                     brokerage.minor NOT NULL CHECK (min_order > 0),
    max_order                     brokerage.minor NOT NULL,
    paused_reason                 text            CHECK (length(paused_reason) BETWEEN 1 AND 500),
    paused_by                     uuid,
    paused_at                     timestamptz,
    CHECK (max_order >= min_order),
    CHECK ((paused_reason IS NULL) = (paused_at IS NULL) AND (paused_reason IS NULL) = (paused_by IS NULL))
  );
  GRANT SELECT, UPDATE (paused_reason, paused_by, paused_at) ON brokerage.pair TO strongroom_app;

  CREATE TABLE brokerage.pair_method (
    symbol     text            NOT NULL REFERENCES brokerage.pair,
    method     text            NOT NULL CHECK (method IN ('FUNDS', 'CARD', 'BANK')),
    fee_ppm    bigint          NOT NULL CHECK (fee_ppm BETWEEN 0 AND 500000),
    min_fee    brokerage.minor NOT NULL,
    add_on_ppm bigint          NOT NULL CHECK (add_on_ppm BETWEEN 0 AND 100000),
    PRIMARY KEY (symbol, method)
  );
  GRANT SELECT ON brokerage.pair_method TO strongroom_app;

  INSERT INTO brokerage.pair
    (symbol, rank, base_spread_ppm, venue_fee_ppm, slip_ppm_per_thousand_usd, skew_ppm, circuit_bps, min_order, max_order) VALUES
    ('BTC-USD', 1, 5000, 1000, 5, 2500, 150, 500, 25000000),
    ('ETH-USD', 2, 5000, 1000, 8, 2500, 150, 500, 25000000),
    ('BTC-EUR', 3, 5500, 1000, 6, 2500, 150, 500, 25000000),
    ('ETH-EUR', 4, 5500, 1000, 9, 2500, 150, 500, 25000000),
    ('ETH-BTC', 5, 5000, 1000, 8, 2500, 150, 10000, 400000000);
  INSERT INTO brokerage.pair_method (symbol, method, fee_ppm, min_fee, add_on_ppm)
    SELECT symbol, method, fee_ppm, 99, add_on_ppm
      FROM brokerage.pair, (VALUES ('FUNDS', 14900, 0), ('CARD', 29900, 1000), ('BANK', 14900, 0)) AS terms (method, fee_ppm, add_on_ppm)
     WHERE symbol <> 'ETH-BTC';
  INSERT INTO brokerage.pair_method VALUES ('ETH-BTC', 'FUNDS', 7500, 1000, 0);
`;

const QUOTES = `
  CREATE TABLE brokerage.quote (
    id            uuid            PRIMARY KEY,
    customer_id   uuid            NOT NULL,
    profile       text            NOT NULL CHECK (profile IN ('BUY', 'SELL', 'SWAP_INTERNAL')),
    pair          text            NOT NULL REFERENCES brokerage.pair,
    side          text            NOT NULL CHECK (side IN ('BUY', 'SELL')),
    mode          text            NOT NULL CHECK (mode IN ('EXACT_IN', 'EXACT_OUT')),
    method        text            NOT NULL CHECK (method IN ('FUNDS', 'CARD', 'BANK')),
    price_mode    text            NOT NULL CHECK (price_mode IN ('FIRM', 'INDICATIVE')),
    in_amount     brokerage.minor NOT NULL CHECK (in_amount > 0),
    out_amount    brokerage.minor NOT NULL CHECK (out_amount > 0),
    -- Rates as exact fractions.
    mid_num       brokerage.minor NOT NULL CHECK (mid_num > 0),
    mid_den       brokerage.minor NOT NULL CHECK (mid_den > 0),
    price_num     brokerage.minor NOT NULL CHECK (price_num > 0),
    price_den     brokerage.minor NOT NULL CHECK (price_den > 0),
    -- In the pair's quote asset: principal + spread + fee = in (BUY), principal = out + spread + fee (SELL).
    principal     brokerage.minor NOT NULL,
    spread        brokerage.minor NOT NULL,
    fee           brokerage.minor NOT NULL,
    spread_ppm    bigint          NOT NULL,
    skew_ppm      bigint          NOT NULL,
    fee_ppm       bigint          NOT NULL,
    min_fee       brokerage.minor NOT NULL,
    all_in_ppm    bigint          NOT NULL,
    value_cents   brokerage.minor NOT NULL,
    sources       jsonb           NOT NULL,
    limits        jsonb           NOT NULL,
    created_at    timestamptz     NOT NULL,
    expires_at    timestamptz     NOT NULL,
    signature     bytea           NOT NULL CHECK (length(signature) = 32),
    state         text            NOT NULL DEFAULT 'OPEN' CHECK (state IN ('OPEN', 'USED', 'EXPIRED', 'VOIDED')),
    closed_at     timestamptz,
    CHECK (expires_at > created_at),
    CHECK ((state = 'OPEN') = (closed_at IS NULL)),
    CHECK (CASE side WHEN 'BUY' THEN principal + spread + fee = in_amount ELSE principal = out_amount + spread + fee END)
  );
  CREATE INDEX quote_open ON brokerage.quote (expires_at) WHERE state = 'OPEN';
  CREATE FUNCTION brokerage.quote_is_closed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a quote closes once' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER quote_closes_once BEFORE UPDATE ON brokerage.quote
    FOR EACH ROW WHEN (OLD.state <> 'OPEN') EXECUTE FUNCTION brokerage.quote_is_closed();
  GRANT SELECT, INSERT, UPDATE (state, closed_at) ON brokerage.quote TO strongroom_app;
`;

const ORDERS = `
  CREATE TABLE brokerage.orders (
    id             uuid            PRIMARY KEY,
    customer_id    uuid            NOT NULL,
    quote_id       uuid            NOT NULL UNIQUE REFERENCES brokerage.quote,
    tolerance_bps  int             NOT NULL CHECK (tolerance_bps BETWEEN 0 AND 1000),
    state          text            NOT NULL,
    version        int             NOT NULL DEFAULT 1,
    reason         text,
    payment_id     uuid            UNIQUE,
    hold_id        uuid,
    -- Money from outside has arrived for this order, so the limits it used stay used whatever becomes of it.
    paid           boolean         NOT NULL DEFAULT false,
    funded_at      timestamptz,
    -- When the reaper has to look at it.
    deadline_at    timestamptz,
    created_at     timestamptz     NOT NULL,
    updated_at     timestamptz     NOT NULL,
    executed_at    timestamptz,
    transfer_id    uuid            UNIQUE,
    executed_out   brokerage.minor,
    executed_fee   brokerage.minor,
    -- May be negative: a firm price is honoured after the market has moved against the house.
    executed_spread numeric(78,0)  CHECK (executed_spread <> 'NaN'),
    exec_mid_num   brokerage.minor,
    exec_mid_den   brokerage.minor,
    exec_price_num brokerage.minor,
    exec_price_den brokerage.minor,
    held_until     timestamptz,
    reversal       text            CHECK (reversal IN ('CLAWED_BACK', 'USER_DEBT', 'WRITTEN_OFF', 'WON')),
    CHECK (state IN ('CREATED', 'AWAITING_PAYMENT', 'PAYMENT_REVIEW', 'FUNDED', 'AWAITING_REPRICE', 'EXECUTED', 'DELIVERING', 'SETTLED',
                     'FAILED', 'EXPIRED', 'CANCELLED', 'REFUND_PENDING', 'REFUNDED', 'REVERSED')),
    CHECK ((state IN ('EXECUTED', 'DELIVERING', 'SETTLED', 'REVERSED')) = (executed_at IS NOT NULL)),
    CHECK ((executed_at IS NULL) = (transfer_id IS NULL)),
    CHECK (reversal IS NULL OR state = 'REVERSED'),
    -- Held money belongs to an order that still wants it.
    CHECK (hold_id IS NULL OR state IN ('CREATED', 'PAYMENT_REVIEW', 'FUNDED'))
  );
  CREATE INDEX orders_of_customer ON brokerage.orders (customer_id, created_at DESC, id DESC);
  CREATE INDEX orders_by_time ON brokerage.orders (created_at DESC, id DESC);
  CREATE INDEX orders_due ON brokerage.orders (deadline_at) WHERE deadline_at IS NOT NULL;
  CREATE FUNCTION brokerage.order_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'every change of an order is a new version of it' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER order_versions_are_gapless BEFORE UPDATE ON brokerage.orders
    FOR EACH ROW WHEN (NEW.version <> OLD.version + 1 AND NEW.state <> OLD.state) EXECUTE FUNCTION brokerage.order_moves_forward();
  GRANT SELECT, INSERT ON brokerage.orders TO strongroom_app;
  GRANT UPDATE (state, version, reason, payment_id, hold_id, paid, funded_at, deadline_at, updated_at, executed_at, transfer_id, executed_out, executed_fee,
                executed_spread, exec_mid_num, exec_mid_den, exec_price_num, exec_price_den, held_until, reversal)
    ON brokerage.orders TO strongroom_app;

  CREATE TABLE brokerage.order_history (
    order_id uuid        NOT NULL REFERENCES brokerage.orders,
    version  int         NOT NULL,
    event    text        NOT NULL,
    state    text        NOT NULL,
    reason   text,
    actor    text        NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (order_id, version)
  );
  CREATE TRIGGER order_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON brokerage.order_history
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON brokerage.order_history TO strongroom_app;

  CREATE TABLE brokerage.receipt (
    order_id uuid        PRIMARY KEY REFERENCES brokerage.orders,
    body     jsonb       NOT NULL,
    sha256   bytea       NOT NULL CHECK (length(sha256) = 32),
    at       timestamptz NOT NULL
  );
  CREATE TRIGGER receipt_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON brokerage.receipt
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON brokerage.receipt TO strongroom_app;
`;

const LIMITS = `
  -- How much money may come in by each method, per tier and rolling window; no row is no limit, zero is not at all.
  CREATE TABLE brokerage.tier_limit (
    tier        smallint        NOT NULL CHECK (tier BETWEEN 0 AND 3),
    method      text            NOT NULL CHECK (method IN ('CARD', 'BANK', 'ANY')),
    period      text            NOT NULL CHECK (period IN ('DAY', 'WEEK', 'YEAR')),
    usd_cents   brokerage.minor NOT NULL,
    PRIMARY KEY (tier, method, period)
  );
  GRANT SELECT ON brokerage.tier_limit TO strongroom_app;
  INSERT INTO brokerage.tier_limit (tier, method, period, usd_cents) VALUES
    (0, 'ANY',  'DAY',  0),
    (1, 'CARD', 'DAY',  25000),    (1, 'BANK', 'DAY', 0),  (1, 'ANY', 'YEAR', 100000),
    (2, 'CARD', 'DAY',  500000),   (2, 'BANK', 'DAY', 2500000),
    (3, 'CARD', 'DAY',  2000000),  (3, 'BANK', 'DAY', 25000000);

  -- The row that a customer's limit checks queue on.
  CREATE TABLE brokerage.limit_gate (customer_id uuid PRIMARY KEY);
  GRANT SELECT, INSERT, UPDATE ON brokerage.limit_gate TO strongroom_app;

  CREATE TABLE brokerage.limit_use (
    order_id    uuid            PRIMARY KEY REFERENCES brokerage.orders,
    customer_id uuid            NOT NULL,
    method      text            NOT NULL CHECK (method IN ('CARD', 'BANK')),
    usd_cents   brokerage.minor NOT NULL,
    at          timestamptz     NOT NULL,
    freed_at    timestamptz
  );
  CREATE INDEX limit_use_of_customer ON brokerage.limit_use (customer_id, at) WHERE freed_at IS NULL;
  GRANT SELECT, INSERT, UPDATE (freed_at) ON brokerage.limit_use TO strongroom_app;
`;

const HOUSE = `
  -- Net position per asset, in US cents: above soft the desk is told, at hard the side that adds risk closes.
  CREATE TABLE brokerage.house_limit (
    asset      text            PRIMARY KEY,
    soft_cents brokerage.minor NOT NULL,
    hard_cents brokerage.minor NOT NULL CHECK (hard_cents >= soft_cents)
  );
  GRANT SELECT, UPDATE (soft_cents, hard_cents) ON brokerage.house_limit TO strongroom_app;
  INSERT INTO brokerage.house_limit VALUES
    ('BTC', 50000000, 200000000), ('ETH', 50000000, 200000000), ('EUR', 50000000, 200000000);

  -- The house's own funds given to (or taken from) the desk: what the position is measured against.
  CREATE TABLE brokerage.house_funding (
    id     uuid          PRIMARY KEY,
    asset  text          NOT NULL,
    amount numeric(78,0) NOT NULL CHECK (amount <> 'NaN' AND amount <> 0),
    source text          NOT NULL,
    at     timestamptz   NOT NULL
  );
  CREATE INDEX house_funding_by_asset ON brokerage.house_funding (asset);
  CREATE TRIGGER house_funding_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON brokerage.house_funding
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON brokerage.house_funding TO strongroom_app;
`;

const BOOKS = `
  SELECT ledger.define_kind('brokerage.hold', 'Money set aside for an order', '{{customer_available,customer_hold}}');
  SELECT ledger.define_kind('brokerage.hold-release', 'Money of an order given back', '{{customer_hold,customer_available}}', true);
  SELECT ledger.define_kind(kind, what, '{{customer_hold,house_inventory},{customer_hold,fee_revenue},{customer_hold,spread_revenue},
    {house_inventory,customer_available},{house_inventory,fee_revenue},{house_inventory,spread_revenue},
    {spread_revenue,house_inventory},{spread_revenue,customer_available}}')
    FROM (VALUES ('brokerage.buy', 'Bought from the house'), ('brokerage.sell', 'Sold to the house'), ('brokerage.swap', 'Swapped with the house'))
      AS kinds (kind, what);
  SELECT ledger.define_kind('brokerage.claw-back', 'Sold to the house to repay a debt',
    '{{customer_available,house_inventory},{house_inventory,customer_debt}}');
  SELECT ledger.define_kind('brokerage.fund-inventory', 'Own capital given to the desk', '{{equity,house_inventory}}');
  SELECT ledger.define_kind('brokerage.return-inventory', 'Own capital taken back from the desk', '{{house_inventory,equity}}');

  -- The house sells what it has: the ledger itself refuses the rest, whoever races.
  SELECT ledger.open_accounts(now(), array_agg('house_inventory'::text), array_agg(asset), array_agg(NULL::uuid))
    FROM unnest(ARRAY['USD', 'EUR', 'BTC', 'ETH']) AS asset;
  SELECT ledger.change_account(id, NULL, true, 0, 'the desk sells what it has', 'migration 0520', now())
    FROM ledger.accounts WHERE path = ANY (ARRAY['house_inventory:USD', 'house_inventory:EUR', 'house_inventory:BTC', 'house_inventory:ETH']);
`;
