import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The house as a member of a venue, where it lays off what its customers bought or sold: in whose name, which orders, what they were filled with, and
 * the kinds of transfer by which its inventory goes there and comes back.
 */
export class BrokerageHedging1790000000715 implements MigrationInterface {
  readonly name = 'BrokerageHedging1790000000715';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(MEMBER);
    await runner.query(ORDERS);
    await runner.query(BOOKS);
    await runner.query(
      'GRANT SELECT ON brokerage.hedge_member, brokerage.hedge_order, brokerage.hedge_history, brokerage.hedge_fill TO strongroom_auditor',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE brokerage.hedge_fill, brokerage.hedge_history, brokerage.hedge_order, brokerage.hedge_member;
      DROP FUNCTION brokerage.hedge_is_over();
      DELETE FROM ledger.transfer_kind_pairs
       WHERE kind_number IN (SELECT number FROM ledger.transfer_kinds WHERE kind LIKE 'brokerage.hedge-%');
      DELETE FROM ledger.transfer_kinds WHERE kind LIKE 'brokerage.hedge-%';
    `);
  }
}

const MEMBER = `
  -- The customer account in whose name the house trades. What stands on it is the house's: it counts to the desk's position.
  CREATE TABLE brokerage.hedge_member (
    singleton    boolean     PRIMARY KEY DEFAULT true CHECK (singleton),
    customer_id  uuid        NOT NULL,
    venue        text        NOT NULL CHECK (length(venue) BETWEEN 1 AND 80),
    appointed_at timestamptz NOT NULL
  );
  CREATE TRIGGER hedge_member_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON brokerage.hedge_member
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON brokerage.hedge_member TO strongroom_app;
`;

const ORDERS = `
  CREATE TABLE brokerage.hedge_order (
    id          uuid            PRIMARY KEY,
    -- What the venue knows it by: made of the id, the same on every attempt.
    client_id   text            NOT NULL UNIQUE CHECK (client_id ~ '^[0-9a-f]{16}$'),
    asset       text            NOT NULL,
    pair        text            NOT NULL,
    side        text            NOT NULL CHECK (side IN ('BUY', 'SELL')),
    amount      brokerage.minor NOT NULL CHECK (amount > 0),
    -- Nothing at a worse price than this, as an exact fraction.
    limit_num   brokerage.minor NOT NULL CHECK (limit_num > 0),
    limit_den   brokerage.minor NOT NULL CHECK (limit_den > 0),
    -- What was sent to the venue to pay for it.
    spent_asset text            NOT NULL,
    spent       brokerage.minor NOT NULL CHECK (spent > 0),
    -- The desk's position that it answers.
    position    numeric(78,0)   NOT NULL CHECK (position <> 0 AND position <> 'NaN'),
    state       text            NOT NULL CHECK (state IN ('planned', 'sent', 'unknown', 'filled', 'partly', 'failed', 'reconciled')),
    version     int             NOT NULL DEFAULT 1,
    sends       int             NOT NULL DEFAULT 0,
    reason      text            CHECK (length(reason) <= 200),
    -- The venue's settled fills are not those that it answered with: people have to look.
    mismatched  boolean         NOT NULL DEFAULT false,
    created_at  timestamptz     NOT NULL,
    updated_at  timestamptz     NOT NULL
  );
  -- One at a time: until its fills are in the books, nobody knows what is still to be hedged.
  CREATE UNIQUE INDEX hedge_order_at_a_time ON brokerage.hedge_order (asset) WHERE state <> 'reconciled';
  CREATE FUNCTION brokerage.hedge_is_over() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a hedge that is reconciled does not change' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER hedge_ends_once BEFORE UPDATE ON brokerage.hedge_order
    FOR EACH ROW WHEN (OLD.state = 'reconciled') EXECUTE FUNCTION brokerage.hedge_is_over();
  GRANT SELECT, INSERT, UPDATE (state, version, sends, reason, mismatched, updated_at) ON brokerage.hedge_order TO strongroom_app;

  CREATE TABLE brokerage.hedge_history (
    order_id uuid        NOT NULL REFERENCES brokerage.hedge_order,
    version  int         NOT NULL,
    event    text        NOT NULL,
    state    text        NOT NULL,
    reason   text,
    at       timestamptz NOT NULL,
    PRIMARY KEY (order_id, version)
  );
  CREATE TRIGGER hedge_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON brokerage.hedge_history
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON brokerage.hedge_history TO strongroom_app;

  -- As the venue answered; settlement has the same from the venue's journal.
  CREATE TABLE brokerage.hedge_fill (
    order_id  uuid            NOT NULL REFERENCES brokerage.hedge_order,
    -- The venue's id of the trade.
    trade_id  text            NOT NULL CHECK (length(trade_id) BETWEEN 1 AND 40),
    amount    brokerage.minor NOT NULL CHECK (amount > 0),
    price_num brokerage.minor NOT NULL CHECK (price_num > 0),
    price_den brokerage.minor NOT NULL CHECK (price_den > 0),
    -- In the pair's quote asset; a rebate is below zero.
    fee       numeric(78,0)   NOT NULL CHECK (fee <> 'NaN'),
    PRIMARY KEY (order_id, trade_id)
  );
  CREATE TRIGGER hedge_fill_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON brokerage.hedge_fill
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON brokerage.hedge_fill TO strongroom_app;
`;

const BOOKS = `
  SELECT ledger.define_kind('brokerage.hedge-out', 'Inventory of the house for a hedge, to its account at the venue', '{{house_inventory,customer_available}}');
  SELECT ledger.define_kind('brokerage.hedge-home', 'Back from the house''s account at the venue', '{{customer_available,house_inventory}}');
`;
