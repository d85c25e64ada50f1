import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What operators do to the exchange: their commands to its engine, trades that they take back, and what reports over its history need. */
export class VenueOperations1790000000706 implements MigrationInterface {
  readonly name = 'VenueOperations1790000000706';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(OPERATIONS);
    await runner.query(BUSTS);
    await runner.query(BOOKS);
    await runner.query(REPORTS);
    await runner.query('GRANT SELECT ON ALL TABLES IN SCHEMA venue TO strongroom_auditor;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX venue.orders_of_instrument, venue.fill_of_instrument;
      DROP VIEW venue.stated_fill;
      DROP TABLE venue.busted_trade, venue.bust_history, venue.bust_transfer, venue.bust_leg, venue.bust, venue.operation;
      DROP FUNCTION venue.bust_has_ended(), venue.bust_transfer_has_ended(), venue.operation_is_answered();
      DELETE FROM ledger.transfer_kind_pairs
       WHERE kind_number = (SELECT number FROM ledger.transfer_kinds WHERE kind = 'venue.bust');
      DELETE FROM ledger.transfer_kinds WHERE kind = 'venue.bust';
      ALTER TABLE ledger.account_types DISABLE TRIGGER USER;
      DELETE FROM ledger.account_types WHERE code = 2017;
      ALTER TABLE ledger.account_types ENABLE TRIGGER USER;
    `);
  }
}

const OPERATIONS = `
  -- An operator's command to the engine, once under its key. Stored before it is sent; what the engine said is its answer for good.
  CREATE TABLE venue.operation (
    id             uuid        PRIMARY KEY,
    operator_id    uuid        NOT NULL,
    key            text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    action         text        NOT NULL,
    subject_kind   text        NOT NULL,
    subject_id     text        NOT NULL,
    -- As asked for; its digest tells a repetition from another request.
    request        jsonb       NOT NULL,
    digest         bytea       NOT NULL,
    reason         text        NOT NULL CHECK (length(reason) BETWEEN 3 AND 500),
    -- asked: nothing is with the engine. sent: it may be. done, refused: the engine's word.
    state          text        NOT NULL CHECK (state IN ('asked', 'sent', 'done', 'refused')),
    -- The last command of the venue before it was sent: if it is in the journal, then behind this.
    sent_after     bigint,
    claimed_until  timestamptz NOT NULL,
    -- The command that it became, and what it came to.
    sequence       bigint      UNIQUE,
    answer         jsonb,
    refusal        text,
    created_at     timestamptz NOT NULL,
    answered_at    timestamptz,
    UNIQUE (operator_id, key),
    CHECK ((state IN ('done', 'refused')) = (answered_at IS NOT NULL)),
    CHECK ((state = 'done') = (answer IS NOT NULL)),
    CHECK ((state = 'refused') = (refusal IS NOT NULL)),
    CHECK (state <> 'sent' OR sent_after IS NOT NULL)
  );
  CREATE INDEX operation_open ON venue.operation (id) WHERE state IN ('asked', 'sent');
  CREATE INDEX operation_of_subject ON venue.operation (subject_kind, subject_id, id DESC);
  CREATE FUNCTION venue.operation_is_answered() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'an operation that was answered does not change' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER operation_ends_once BEFORE UPDATE ON venue.operation
    FOR EACH ROW WHEN (OLD.state IN ('done', 'refused')) EXECUTE FUNCTION venue.operation_is_answered();
  GRANT SELECT, INSERT, UPDATE (state, sent_after, claimed_until, sequence, answer, refusal, answered_at) ON venue.operation TO strongroom_app;
`;

const BUSTS = `
  -- A trade that is being taken back, or was, or could not be. The id is that of the approval that allowed it.
  CREATE TABLE venue.bust (
    id           uuid        PRIMARY KEY,
    sequence     bigint      NOT NULL,
    event_index  int         NOT NULL,
    traded_at    timestamptz NOT NULL,
    instrument   smallint    NOT NULL,
    state        text        NOT NULL CHECK (state IN ('taking', 'short', 'giving', 'returning', 'busted', 'abandoned')),
    version      int         NOT NULL DEFAULT 1,
    reason       text        NOT NULL CHECK (length(reason) BETWEEN 3 AND 500),
    requested_by uuid        NOT NULL,
    approved_by  uuid        NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CHECK (requested_by <> approved_by)
  );
  CREATE UNIQUE INDEX bust_of_trade ON venue.bust (sequence, event_index) WHERE state <> 'abandoned';
  CREATE INDEX bust_open ON venue.bust (id) WHERE state NOT IN ('busted', 'abandoned');
  CREATE FUNCTION venue.bust_has_ended() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a bust that is over does not change' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER bust_ends_once BEFORE UPDATE ON venue.bust
    FOR EACH ROW WHEN (OLD.state IN ('busted', 'abandoned')) EXECUTE FUNCTION venue.bust_has_ended();
  GRANT SELECT, INSERT, UPDATE (state, version, updated_at) ON venue.bust TO strongroom_app;

  CREATE TABLE venue.bust_history (
    bust_id    uuid        NOT NULL REFERENCES venue.bust,
    version    int         NOT NULL,
    from_state text,
    event      text        NOT NULL,
    to_state   text        NOT NULL,
    -- Null where the engine's answer did it.
    operator_id uuid,
    at         timestamptz NOT NULL,
    PRIMARY KEY (bust_id, version)
  );
  CREATE TRIGGER bust_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.bust_history
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.bust_history TO strongroom_app;

  -- What the trade comes to for each account in each asset, the other way round. Of all legs in an asset the sum is nothing.
  CREATE TABLE venue.bust_leg (
    bust_id   uuid          NOT NULL REFERENCES venue.bust,
    leg       smallint      NOT NULL,
    direction text          NOT NULL CHECK (direction IN ('take', 'give')),
    account   int           NOT NULL,
    asset     text          NOT NULL REFERENCES venue.asset (code),
    -- Minor units of the ledger, and the same in units of the engine.
    amount    numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
    units     bigint        NOT NULL CHECK (units > 0),
    PRIMARY KEY (bust_id, leg),
    UNIQUE (bust_id, account, asset)
  );
  CREATE TRIGGER bust_leg_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.bust_leg
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.bust_leg TO strongroom_app;

  -- An engine transfer of a leg. The id is derived from bust, leg, purpose and attempt, so that it is sent again under the same one.
  CREATE TABLE venue.bust_transfer (
    id          uuid        PRIMARY KEY,
    bust_id     uuid        NOT NULL,
    leg         smallint    NOT NULL,
    -- return: gives back what was taken, when the bust is abandoned.
    purpose     text        NOT NULL CHECK (purpose IN ('take', 'give', 'return')),
    attempt     int         NOT NULL CHECK (attempt > 0),
    state       text        NOT NULL CHECK (state IN ('requested', 'sent', 'settled', 'refused')),
    sends       int         NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    reason      text,
    sequence    bigint,
    event_index int,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    FOREIGN KEY (bust_id, leg) REFERENCES venue.bust_leg,
    UNIQUE (bust_id, leg, purpose, attempt),
    CHECK ((state IN ('settled', 'refused')) = (sequence IS NOT NULL)),
    CHECK ((sequence IS NULL) = (event_index IS NULL)),
    CHECK ((state = 'refused') = (reason IS NOT NULL))
  );
  -- Whatever is tried how often, a leg moves once for each purpose.
  CREATE UNIQUE INDEX bust_transfer_once ON venue.bust_transfer (bust_id, leg, purpose) WHERE state <> 'refused';
  CREATE INDEX bust_transfer_open ON venue.bust_transfer (id) WHERE state IN ('requested', 'sent');
  CREATE FUNCTION venue.bust_transfer_has_ended() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a transfer that is over does not change' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER bust_transfer_ends_once BEFORE UPDATE ON venue.bust_transfer
    FOR EACH ROW WHEN (OLD.state IN ('settled', 'refused')) EXECUTE FUNCTION venue.bust_transfer_has_ended();
  GRANT SELECT, INSERT, UPDATE (state, sends, sent_at, reason, sequence, event_index, updated_at) ON venue.bust_transfer TO strongroom_app;

  -- Marks the fills of a trade that was taken back; the fills stay as the engine told of them.
  CREATE TABLE venue.busted_trade (
    sequence    bigint      NOT NULL,
    event_index int         NOT NULL,
    bust_id     uuid        NOT NULL UNIQUE REFERENCES venue.bust,
    busted_at   timestamptz NOT NULL,
    PRIMARY KEY (sequence, event_index)
  );
  CREATE TRIGGER busted_trade_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.busted_trade
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.busted_trade TO strongroom_app;

  -- Fills as statements show them: with the moment from which they do not count any more.
  CREATE VIEW venue.stated_fill AS
    SELECT f.*, b.bust_id, b.busted_at FROM venue.fill f LEFT JOIN venue.busted_trade b USING (sequence, event_index);
  GRANT SELECT ON venue.stated_fill TO strongroom_app;
`;

/** Each bust has accounts of its own, which cannot go below nothing: it never gives more than it has taken. */
const BOOKS = `
  INSERT INTO ledger.account_types (code, name, class, floor, solvency, clears_within, description) VALUES
    (2017, 'exchange_bust', 'liability', 0, 'claim', '7 days', 'Taken back from one side of a trade on its way to the other; one account per bust');
  SELECT ledger.define_kind('venue.bust', 'A trade on the exchange taken back, leg by leg',
    '{{exchange_available,exchange_bust},{exchange_fees,exchange_bust},{exchange_rounding,exchange_bust},
      {exchange_bust,exchange_available},{exchange_bust,exchange_fees},{exchange_bust,exchange_rounding}}');
`;

const REPORTS = `
  CREATE INDEX fill_of_instrument ON venue.fill (instrument, at DESC, sequence DESC, event_index DESC);
  CREATE INDEX orders_of_instrument ON venue.orders (instrument, accepted_at DESC, order_id DESC);
`;
