import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What the exchange's engine calls things and what we call them; money on its way in and out; how far the event stream has been settled;
 * orders and fills as it told of them; what reconciliation found and what it froze.
 */
export class Venue1790000000700 implements MigrationInterface {
  readonly name = 'Venue1790000000700';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SCHEMA venue; GRANT USAGE ON SCHEMA venue TO strongroom_app, strongroom_auditor;');
    await runner.query(NAMES);
    await runner.query(INSTRUMENTS);
    await runner.query(TRANSFERS);
    await runner.query(SETTLEMENT);
    await runner.query(HISTORY);
    await runner.query(PARTITIONS);
    await runner.query(RECONCILIATION);
    await runner.query(BOOKS);
    await runner.query('GRANT SELECT ON ALL TABLES IN SCHEMA venue TO strongroom_auditor;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA venue CASCADE');
    await runner.query(`
      DELETE FROM ledger.transfer_kind_pairs
       WHERE kind_number IN (SELECT number FROM ledger.transfer_kinds WHERE kind LIKE 'venue.%');
      DELETE FROM ledger.transfer_kinds WHERE kind LIKE 'venue.%';
      ALTER TABLE ledger.account_types DISABLE TRIGGER USER;
      DELETE FROM ledger.account_types WHERE code IN (2016, 3025, 4015, 4016);
      ALTER TABLE ledger.account_types ENABLE TRIGGER USER;
    `);
  }
}

const NAMES = `
  -- An asset as the engine counts it. Its scale is never finer than the ledger's, so that every unit of the engine is a whole number of ours.
  CREATE TABLE venue.asset (
    number smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 127),
    code   text     NOT NULL UNIQUE,
    scale  smallint NOT NULL CHECK (scale BETWEEN 0 AND 18)
  );
  INSERT INTO venue.asset VALUES (0, 'USD', 2), (1, 'BTC', 8), (2, 'ETH', 8), (3, 'EUR', 2), (4, 'GBP', 2), (5, 'USDC', 6);
  CREATE TRIGGER asset_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.asset
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT ON venue.asset TO strongroom_app;

  -- A customer's number in the engine: given once, never to another. Lower numbers are the venue's own.
  CREATE TABLE venue.account (
    number      int         PRIMARY KEY CHECK (number BETWEEN 16 AND 262143),
    customer_id uuid        NOT NULL UNIQUE,
    opened_at   timestamptz NOT NULL
  );
  CREATE TRIGGER account_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.account
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.account TO strongroom_app;

  CREATE TABLE venue.account_counter (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    next      int     NOT NULL CHECK (next >= 16)
  );
  INSERT INTO venue.account_counter (next) VALUES (16);
  GRANT SELECT, UPDATE (next) ON venue.account_counter TO strongroom_app;
`;

const INSTRUMENTS = `
  -- What is, or is to be, listed. Once the engine has listed it, its terms are what the engine said.
  CREATE TABLE venue.instrument (
    number                 smallint PRIMARY KEY CHECK (number BETWEEN 0 AND 255),
    symbol                 text     NOT NULL UNIQUE CHECK (length(symbol) BETWEEN 1 AND 16),
    settlement             text     NOT NULL CHECK (settlement IN ('spot', 'margined')),
    -- Numbers of assets; a margined contract's base may be anything.
    base                   smallint NOT NULL,
    quote                  smallint NOT NULL,
    -- Base units in a lot.
    lot_units              bigint   NOT NULL CHECK (lot_units > 0),
    -- One tick of one lot is tick_value / tick_value_scale quote units.
    tick_value             bigint   NOT NULL CHECK (tick_value > 0),
    tick_value_scale       bigint   NOT NULL CHECK (tick_value_scale > 0),
    minimum_quantity       bigint   NOT NULL CHECK (minimum_quantity > 0),
    maximum_quantity       bigint   NOT NULL CHECK (maximum_quantity >= minimum_quantity),
    maximum_price          int      NOT NULL CHECK (maximum_price > 0),
    initial_margin_ppm     int      NOT NULL DEFAULT 0,
    maintenance_margin_ppm int      NOT NULL DEFAULT 0,
    -- The command that listed it; null until then.
    listed_by              bigint,
    listed_at              timestamptz,
    CHECK ((listed_by IS NULL) = (listed_at IS NULL))
  );
  INSERT INTO venue.instrument
    (number, symbol, settlement, base, quote, lot_units, tick_value, tick_value_scale, minimum_quantity, maximum_quantity, maximum_price) VALUES
    (0, 'BTC-USD',  'spot', 1, 0, 1, 1, 10000000,   50000,  100000000000, 20000000),
    (1, 'ETH-USD',  'spot', 2, 0, 1, 1, 100000000, 500000,  200000000000, 10000000),
    (2, 'ETH-BTC',  'spot', 2, 1, 1, 1, 100000,    500000, 1000000000000,  1000000),
    (3, 'BTC-EUR',  'spot', 1, 3, 1, 1, 10000000,   50000,  100000000000, 20000000),
    (4, 'ETH-EUR',  'spot', 2, 3, 1, 1, 100000000, 500000,  200000000000, 10000000),
    (5, 'USDC-USD', 'spot', 5, 0, 1, 1, 100000000, 1000000, 10000000000000, 100000);
  GRANT SELECT, INSERT, UPDATE ON venue.instrument TO strongroom_app;
`;

const TRANSFERS = `
  -- Money between a customer's account and the exchange. The id is also the ledger transfer's group and the engine's transfer id.
  CREATE TABLE venue.transfer (
    id              uuid          PRIMARY KEY,
    customer_id     uuid          NOT NULL,
    idempotency_key text          NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    account         int           NOT NULL REFERENCES venue.account,
    direction       text          NOT NULL CHECK (direction IN ('in', 'out')),
    asset           text          NOT NULL REFERENCES venue.asset (code),
    -- Minor units of the ledger, and the same in units of the engine.
    amount          numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
    units           bigint        NOT NULL CHECK (units > 0),
    state           text          NOT NULL CHECK (state IN ('requested', 'sent', 'settled', 'refused')),
    version         int           NOT NULL DEFAULT 1,
    sends           int           NOT NULL DEFAULT 0,
    sent_at         timestamptz,
    -- Why the engine would not have it.
    reason          text,
    -- The event that decided it.
    sequence        bigint,
    event_index     int,
    created_at      timestamptz   NOT NULL,
    updated_at      timestamptz   NOT NULL,
    UNIQUE (customer_id, idempotency_key),
    CHECK ((state IN ('settled', 'refused')) = (sequence IS NOT NULL)),
    CHECK ((sequence IS NULL) = (event_index IS NULL)),
    CHECK ((state = 'refused') = (reason IS NOT NULL))
  );
  CREATE INDEX transfer_open ON venue.transfer (id) WHERE state IN ('requested', 'sent');
  CREATE INDEX transfer_of_customer ON venue.transfer (customer_id, id DESC);
  CREATE FUNCTION venue.transfer_has_ended() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a transfer that is over does not change' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER transfer_ends_once BEFORE UPDATE ON venue.transfer
    FOR EACH ROW WHEN (OLD.state IN ('settled', 'refused')) EXECUTE FUNCTION venue.transfer_has_ended();
  GRANT SELECT, INSERT, UPDATE (state, version, sends, sent_at, reason, sequence, event_index, updated_at) ON venue.transfer TO strongroom_app;

  CREATE TABLE venue.transfer_history (
    transfer_id uuid        NOT NULL REFERENCES venue.transfer,
    version     int         NOT NULL,
    from_state  text,
    event       text        NOT NULL,
    to_state    text        NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (transfer_id, version)
  );
  CREATE TRIGGER transfer_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.transfer_history
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.transfer_history TO strongroom_app;
`;

const SETTLEMENT = `
  -- The last event of the engine whose money is in the ledger: written by the transaction that put it there, and by nothing else.
  CREATE TABLE venue.checkpoint (
    singleton   boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    sequence    bigint      NOT NULL,
    event_index int         NOT NULL,
    -- The engine's time of that event.
    event_at    timestamptz,
    at          timestamptz
  );
  INSERT INTO venue.checkpoint (sequence, event_index) VALUES (0, -1);
  CREATE FUNCTION venue.checkpoint_goes_back() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'the settlement of the exchange never goes back' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER checkpoint_goes_forward BEFORE UPDATE ON venue.checkpoint
    FOR EACH ROW WHEN ((NEW.sequence, NEW.event_index) <= (OLD.sequence, OLD.event_index)) EXECUTE FUNCTION venue.checkpoint_goes_back();
  GRANT SELECT, UPDATE ON venue.checkpoint TO strongroom_app;

  -- Money in the engine that no transfer of ours put there or took away: in suspense until people have explained it.
  CREATE TABLE venue.unexplained (
    sequence    bigint        NOT NULL,
    event_index int           NOT NULL,
    account     int           NOT NULL,
    asset       text          NOT NULL,
    -- Minor units, as the engine's account saw it.
    amount      numeric(78,0) NOT NULL CHECK (amount <> 0 AND amount <> 'NaN'),
    transfer_id uuid          NOT NULL,
    at          timestamptz   NOT NULL,
    PRIMARY KEY (sequence, event_index)
  );
  CREATE TRIGGER unexplained_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.unexplained
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.unexplained TO strongroom_app;
`;

const HISTORY = `
  -- Orders as the engine has told of them, in partitions by the month in which they were accepted. Prices in ticks, quantities in lots,
  -- amounts in minor units of the quote asset.
  CREATE TABLE venue.orders (
    order_id         bigint        NOT NULL,
    accepted_at      timestamptz   NOT NULL,
    account          int           NOT NULL,
    instrument       smallint      NOT NULL,
    -- 0: the client gave none.
    client_order_id  numeric(20,0) NOT NULL,
    side             text          NOT NULL CHECK (side IN ('buy', 'sell')),
    type             text          NOT NULL,
    time_in_force    text          NOT NULL,
    instructions     smallint      NOT NULL,
    liquidation      boolean       NOT NULL,
    quantity         bigint        NOT NULL,
    open             bigint        NOT NULL CHECK (open >= 0),
    filled           bigint        NOT NULL CHECK (filled >= 0),
    price            int           NOT NULL,
    trigger_price    int           NOT NULL,
    display_quantity bigint        NOT NULL,
    expires_at       timestamptz,
    triggered_at     timestamptz,
    -- Notional and fees of its fills; a rebate is below zero.
    traded           numeric(78,0) NOT NULL CHECK (traded <> 'NaN'),
    fees             numeric(78,0) NOT NULL CHECK (fees <> 'NaN'),
    status           text          NOT NULL CHECK (status IN ('open', 'filled', 'cancelled')),
    reason           text,
    updated_at       timestamptz   NOT NULL,
    -- The last event that it is made of.
    sequence         bigint        NOT NULL,
    event_index      int           NOT NULL,
    PRIMARY KEY (order_id, accepted_at),
    CHECK ((status = 'cancelled') = (reason IS NOT NULL)),
    CHECK ((status = 'open') = (open > 0))
  ) PARTITION BY RANGE (accepted_at);
  CREATE INDEX orders_of_account ON venue.orders (account, accepted_at DESC, order_id DESC);
  CREATE INDEX orders_of_client_id ON venue.orders (account, client_order_id) WHERE client_order_id <> 0;
  GRANT SELECT, INSERT, UPDATE ON venue.orders TO strongroom_app;

  -- The month in which an open order is found.
  CREATE TABLE venue.open_order (
    order_id    bigint      PRIMARY KEY,
    accepted_at timestamptz NOT NULL,
    account     int         NOT NULL
  );
  CREATE INDEX open_order_of_account ON venue.open_order (account, order_id);
  GRANT SELECT, INSERT, DELETE ON venue.open_order TO strongroom_app;

  -- Each side of each trade, with its fee.
  CREATE TABLE venue.fill (
    at          timestamptz   NOT NULL,
    sequence    bigint        NOT NULL,
    event_index int           NOT NULL,
    liquidity   text          NOT NULL CHECK (liquidity IN ('maker', 'taker')),
    account     int           NOT NULL,
    order_id    bigint        NOT NULL,
    instrument  smallint      NOT NULL,
    side        text          NOT NULL CHECK (side IN ('buy', 'sell')),
    price       int           NOT NULL,
    quantity    bigint        NOT NULL CHECK (quantity > 0),
    -- Quote: what it paid or received before the fee. A rebate is a fee below zero.
    notional    numeric(78,0) NOT NULL CHECK (notional >= 0 AND notional <> 'NaN'),
    fee         numeric(78,0) NOT NULL CHECK (fee <> 'NaN'),
    fee_asset   text          NOT NULL,
    auction     boolean       NOT NULL,
    -- The ledger's; null where a contract traded free of fees, which moves no money.
    transfer_id uuid,
    PRIMARY KEY (sequence, event_index, liquidity, at)
  ) PARTITION BY RANGE (at);
  CREATE INDEX fill_of_account ON venue.fill (account, at DESC, sequence DESC, event_index DESC);
  CREATE INDEX fill_of_order ON venue.fill (order_id);
  GRANT SELECT, INSERT ON venue.fill TO strongroom_app;

  -- Cash that followed the mark price of a contract.
  CREATE TABLE venue.variation (
    at          timestamptz   NOT NULL,
    sequence    bigint        NOT NULL,
    event_index int           NOT NULL,
    account     int           NOT NULL,
    instrument  smallint      NOT NULL,
    position    bigint        NOT NULL,
    -- As the account saw it; of a deficit: what it could not pay, below zero, and how much of that the insurance fund did.
    amount      numeric(78,0) NOT NULL CHECK (amount <> 'NaN'),
    insured     numeric(78,0) CHECK (insured >= 0 AND insured <> 'NaN'),
    asset       text          NOT NULL,
    PRIMARY KEY (sequence, event_index, at)
  ) PARTITION BY RANGE (at);
  CREATE INDEX variation_of_account ON venue.variation (account, at DESC, sequence DESC, event_index DESC);
  GRANT SELECT, INSERT ON venue.variation TO strongroom_app;

  CREATE VIEW venue.fee AS
    SELECT at, sequence, event_index, account, order_id, instrument, liquidity, fee AS amount, fee_asset AS asset, transfer_id
      FROM venue.fill WHERE fee <> 0;
  GRANT SELECT ON venue.fee TO strongroom_app;

  CREATE FUNCTION venue.history_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'fills and variation are history: rows are never changed' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER fill_is_final BEFORE UPDATE OR DELETE ON venue.fill FOR EACH ROW EXECUTE FUNCTION venue.history_is_final();
  CREATE TRIGGER variation_is_final BEFORE UPDATE OR DELETE ON venue.variation FOR EACH ROW EXECUTE FUNCTION venue.history_is_final();
`;

const PARTITIONS = `
  -- Makes the partitions of the month of a moment, if there are none; the application may make tables in no other way.
  CREATE FUNCTION venue.open_month(moment timestamptz) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DECLARE
    month date := date_trunc('month', moment AT TIME ZONE 'UTC');
    parent text;
    name text;
  BEGIN
    FOREACH parent IN ARRAY ARRAY['orders', 'fill', 'variation'] LOOP
      name := parent || to_char(month, '_YYYY_MM');
      CONTINUE WHEN to_regclass(format('venue.%I', name)) IS NOT NULL;
      PERFORM pg_advisory_xact_lock(815070);
      EXECUTE format('CREATE TABLE IF NOT EXISTS venue.%I PARTITION OF venue.%I FOR VALUES FROM (%L) TO (%L)', name, parent,
        month::timestamp AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    END LOOP;
  END $$;
  REVOKE ALL ON FUNCTION venue.open_month FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION venue.open_month TO strongroom_app;
`;

const RECONCILIATION = `
  CREATE TABLE venue.reconciliation (
    id          uuid        PRIMARY KEY,
    sequence    bigint      NOT NULL,
    -- Balances compared, and those that differ: account, asset, engine, ledger, in minor units.
    balances    int         NOT NULL CHECK (balances >= 0),
    differences jsonb       NOT NULL,
    at          timestamptz NOT NULL
  );
  CREATE TRIGGER reconciliation_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.reconciliation TO strongroom_app;

  -- An account's asset whose money may neither come nor go until people have looked at it. Trading goes on.
  CREATE TABLE venue.freeze (
    id         uuid        PRIMARY KEY,
    account    int         NOT NULL,
    asset      text        NOT NULL,
    reason     text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    frozen_by  text        NOT NULL,
    frozen_at  timestamptz NOT NULL,
    lifted_by  text,
    lifted_at  timestamptz,
    CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
  );
  CREATE UNIQUE INDEX freeze_in_force ON venue.freeze (account, asset) WHERE lifted_at IS NULL;
  GRANT SELECT, INSERT, UPDATE (lifted_by, lifted_at) ON venue.freeze TO strongroom_app;
`;

const BOOKS = `
  INSERT INTO ledger.account_types (code, name, class, floor, solvency, clears_within, description) VALUES
    (2016, 'exchange_transit', 'liability', 0, 'claim', '1 day', 'Taken from a customer for the exchange, not yet credited by its engine'),
    (3025, 'exchange_insurance', 'equity', 0, NULL, NULL, 'The venue''s insurance fund, as its engine holds it'),
    (4015, 'exchange_fees', 'income', 0, NULL, NULL, 'Fees of the venue that its engine still holds'),
    (4016, 'exchange_rounding', 'income', 0, NULL, NULL, 'What rounding of trades leaves over, as the engine holds it');

  SELECT ledger.define_kind('venue.move-in', 'Money on its way to the exchange', '{{customer_available,exchange_transit}}');
  SELECT ledger.define_kind('venue.moved-in', 'Money that has come to the exchange', '{{exchange_transit,exchange_available}}');
  SELECT ledger.define_kind('venue.move-in-refused', 'The exchange would not have it', '{{exchange_transit,customer_available}}');
  SELECT ledger.define_kind('venue.moved-out', 'Money back from the exchange', '{{exchange_available,customer_available}}');
  SELECT ledger.define_kind('venue.trade', 'A trade on the exchange with its fees',
    '{{exchange_available,exchange_available},{exchange_available,exchange_fees},{exchange_available,exchange_rounding}}');
  SELECT ledger.define_kind('venue.variation', 'Cash that follows the mark price of a contract',
    '{{exchange_available,exchange_insurance},{exchange_insurance,exchange_available}}');
  SELECT ledger.define_kind('venue.unexplained', 'Moved in the engine by nobody we know of',
    '{{suspense_debit,exchange_available},{exchange_available,suspense_debit},{suspense_debit,exchange_fees},{exchange_fees,suspense_debit},
      {suspense_debit,exchange_rounding},{exchange_rounding,suspense_debit},{suspense_debit,exchange_insurance},{exchange_insurance,suspense_debit}}');
`;
