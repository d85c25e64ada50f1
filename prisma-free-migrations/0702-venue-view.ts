import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What somebody who follows the exchange's stream has to begin with: every order with its place in its queue, its rates and what rounding it
 * carries; instruments, fees and accounts as they stand; the last trades and a bar for each minute. All written with the checkpoint.
 */
export class VenueView1790000000702 implements MigrationInterface {
  readonly name = 'VenueView1790000000702';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ORDERS);
    await runner.query(MARKETS);
    await runner.query(TERMS);
    await runner.query(FINDING);
    await runner.query(BEFORE);
    await runner.query('GRANT SELECT ON ALL TABLES IN SCHEMA venue TO strongroom_auditor;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX venue.orders_ended, venue.open_order_of_account, venue.fill_of_account;
      CREATE INDEX open_order_of_account ON venue.open_order (account, order_id);
      CREATE INDEX fill_of_account ON venue.fill (account, at DESC, sequence DESC, event_index DESC);
      DROP TABLE venue.market, venue.minute_bar, venue.fee_rate, venue.account_terms, venue.client_order_name;
      ALTER TABLE venue.checkpoint DROP COLUMN arriving, DROP COLUMN kill_switch;
      ALTER TABLE venue.orders
        DROP COLUMN client_text, DROP COLUMN self_trade, DROP COLUMN remainder, DROP COLUMN shown, DROP COLUMN queued_sequence,
        DROP COLUMN queued_index, DROP COLUMN maker_ppm, DROP COLUMN taker_ppm, DROP COLUMN notional_carry, DROP COLUMN fee_carry,
        DROP COLUMN last_price, DROP COLUMN last_quantity;
    `);
  }
}

const ORDERS = `
  ALTER TABLE venue.orders
    -- What the client called it, where that is not the number itself.
    ADD COLUMN client_text     text,
    ADD COLUMN self_trade      text   NOT NULL DEFAULT 'allow',
    -- Lots that were open before its end, if it ended unfilled.
    ADD COLUMN remainder       bigint NOT NULL DEFAULT 0 CHECK (remainder >= 0),
    -- Lots that the book shows; none of a stop that sleeps.
    ADD COLUMN shown           bigint NOT NULL DEFAULT 0 CHECK (shown >= 0),
    -- The event that gave it its place in its price's queue.
    ADD COLUMN queued_sequence bigint NOT NULL DEFAULT 0,
    ADD COLUMN queued_index    int    NOT NULL DEFAULT 0,
    -- Its account's rates when it was accepted.
    ADD COLUMN maker_ppm       int    NOT NULL DEFAULT 0,
    ADD COLUMN taker_ppm       int    NOT NULL DEFAULT 0,
    -- What its fills have paid beyond the exact amount: fractions of a quote unit, and of a fee in millionths.
    ADD COLUMN notional_carry  bigint NOT NULL DEFAULT 0,
    ADD COLUMN fee_carry       bigint NOT NULL DEFAULT 0,
    ADD COLUMN last_price      int    NOT NULL DEFAULT 0,
    ADD COLUMN last_quantity   bigint NOT NULL DEFAULT 0;

  ALTER TABLE venue.checkpoint
    -- The order that may still be meeting the book, in the events of the command after this one; null for none.
    ADD COLUMN arriving    bigint,
    ADD COLUMN kill_switch boolean NOT NULL DEFAULT false;

  -- What orders that have not been accepted yet are called. A place comes right after its name.
  CREATE TABLE venue.client_order_name (
    account         int           NOT NULL,
    client_order_id numeric(20,0) NOT NULL,
    text            text          NOT NULL,
    sequence        bigint        NOT NULL,
    PRIMARY KEY (account, client_order_id)
  );
  GRANT SELECT, INSERT, UPDATE, DELETE ON venue.client_order_name TO strongroom_app;
`;

const MARKETS = `
  -- An instrument as it stands: prices in ticks, quantities in lots, 0 where there has been none.
  CREATE TABLE venue.market (
    instrument       smallint    PRIMARY KEY,
    state            text        NOT NULL CHECK (state IN ('closed', 'pre-open', 'open', 'halted', 'cancel-only')),
    reference_price  int         NOT NULL,
    mark_price       int         NOT NULL,
    -- The last auction in which anything traded.
    auction_price    int         NOT NULL,
    auction_quantity bigint      NOT NULL,
    auction_at       timestamptz,
    -- The last trade.
    last_price       int         NOT NULL,
    last_quantity    bigint      NOT NULL,
    last_taker_side  text        CHECK (last_taker_side IN ('buy', 'sell')),
    last_sequence    bigint,
    last_index       int,
    last_at          timestamptz,
    CHECK ((last_price > 0) = (last_at IS NOT NULL))
  );
  GRANT SELECT, INSERT, UPDATE ON venue.market TO strongroom_app;

  -- One minute of trading. A minute without a trade has none.
  CREATE TABLE venue.minute_bar (
    instrument smallint NOT NULL,
    -- Minutes since 1970 of the engine's time.
    minute     int      NOT NULL,
    open       int      NOT NULL CHECK (open > 0),
    high       int      NOT NULL,
    low        int      NOT NULL,
    close      int      NOT NULL,
    volume     numeric(78,0) NOT NULL CHECK (volume > 0 AND volume <> 'NaN'),
    PRIMARY KEY (instrument, minute),
    CHECK (low <= least(open, close) AND high >= greatest(open, close))
  );
  CREATE INDEX minute_bar_in_time ON venue.minute_bar (minute);
  GRANT SELECT, INSERT, UPDATE ON venue.minute_bar TO strongroom_app;
`;

const TERMS = `
  -- What orders of a tier's accounts are accepted at; an instrument that has none trades free.
  CREATE TABLE venue.fee_rate (
    instrument smallint NOT NULL,
    tier       smallint NOT NULL,
    maker_ppm  int      NOT NULL,
    taker_ppm  int      NOT NULL,
    -- The command that set it.
    sequence   bigint   NOT NULL,
    PRIMARY KEY (instrument, tier)
  );
  GRANT SELECT, INSERT, UPDATE ON venue.fee_rate TO strongroom_app;

  -- Engine accounts that are not of tier 0 and active, or once were not.
  CREATE TABLE venue.account_terms (
    account  int      PRIMARY KEY,
    tier     smallint NOT NULL,
    state    text     NOT NULL CHECK (state IN ('active', 'suspended')),
    sequence bigint   NOT NULL
  );
  GRANT SELECT, INSERT, UPDATE ON venue.account_terms TO strongroom_app;
`;

/** A list of one account's orders or fills is read from one range of an index per instrument. */
const FINDING = `
  CREATE INDEX orders_ended ON venue.orders (account, instrument, status, (coalesce(reason = 'expired', false)), accepted_at DESC, order_id DESC)
    WHERE status <> 'open';
  DROP INDEX venue.open_order_of_account;
  CREATE INDEX open_order_of_account ON venue.open_order (account, accepted_at DESC, order_id DESC);
  DROP INDEX venue.fill_of_account;
  CREATE INDEX fill_of_account ON venue.fill (account, instrument, at DESC, sequence DESC, event_index DESC);
`;

/** What a venue that has traded before this is known to have: the rest is what the engine next says of it. */
const BEFORE = `
  INSERT INTO venue.market (instrument, state, reference_price, mark_price, auction_price, auction_quantity, last_price, last_quantity)
    SELECT number, 'open', 0, 0, 0, 0, 0, 0 FROM venue.instrument WHERE listed_at IS NOT NULL;
  UPDATE venue.orders
     SET queued_sequence = sequence, queued_index = event_index,
         shown = CASE WHEN type IN ('stop', 'stop-limit', 'trailing-stop') AND triggered_at IS NULL THEN 0
                      WHEN display_quantity BETWEEN 1 AND open THEN display_quantity ELSE open END
   WHERE status = 'open';
`;
