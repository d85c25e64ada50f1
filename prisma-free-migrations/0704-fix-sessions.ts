import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** What a FIX session is between connections: its numbers, what it was sent, what it called its orders, and how far it has been told. */
export class FixSessions1790000000704 implements MigrationInterface {
  readonly name = 'FixSessions1790000000704';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SCHEMA fix; GRANT USAGE ON SCHEMA fix TO strongroom_app, strongroom_auditor;');
    await runner.query(SESSIONS);
    await runner.query(MESSAGES);
    await runner.query('GRANT SELECT ON ALL TABLES IN SCHEMA fix TO strongroom_auditor;');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA fix CASCADE');
  }
}

const SESSIONS = `
  CREATE TABLE fix.session (
    comp_id              text        PRIMARY KEY CHECK (comp_id ~ '^[!-~]{1,32}$'),
    -- Bound by the first logon, for good.
    customer_id          uuid        NOT NULL,
    account              int         NOT NULL,
    bound_at             timestamptz NOT NULL,
    cancel_on_disconnect boolean     NOT NULL DEFAULT false,
    -- The gateway process that speaks for it: the number of an advisory lock that the process holds while it lives. Every taking raises the
    -- fence, and a write under another fence changes nothing, so a process that only believes to hold it cannot.
    holder               int,
    fence                bigint      NOT NULL DEFAULT 0,
    -- Everything below has been answered, and so have the ranges in "answered": first and last number, one after the other.
    next_in              int         NOT NULL CHECK (next_in > 0),
    answered             int[]       NOT NULL DEFAULT '{}',
    -- No number from here on has been used. While a gateway holds the session it is ahead by some, so that heartbeats need no write.
    next_out             int         NOT NULL CHECK (next_out > 0),
    -- Up to here it has been written to a connection, at least.
    sent_through         int         NOT NULL DEFAULT 0,
    -- The event of the venue up to which the account's reports have become messages.
    sequence             bigint      NOT NULL,
    event_index          int         NOT NULL,
    -- Its time in microseconds.
    event_time           bigint      NOT NULL
  );
  CREATE INDEX session_of_customer ON fix.session (customer_id);
  CREATE FUNCTION fix.session_stays_bound() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a FIX session belongs to the customer it was bound to' USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER session_stays_bound BEFORE UPDATE ON fix.session FOR EACH ROW
    WHEN ((NEW.customer_id, NEW.account) IS DISTINCT FROM (OLD.customer_id, OLD.account)) EXECUTE FUNCTION fix.session_stays_bound();
  GRANT SELECT, INSERT ON fix.session TO strongroom_app;
  GRANT UPDATE (cancel_on_disconnect, holder, fence, next_in, answered, next_out, sent_through, sequence, event_index, event_time)
    ON fix.session TO strongroom_app;
`;

const MESSAGES = `
  -- What was, or is to be, sent: the body, from which a message is made again with its number and its first sending time.
  CREATE TABLE fix.outbound (
    comp_id   text   NOT NULL REFERENCES fix.session,
    seq       int    NOT NULL,
    msg_type  text   NOT NULL,
    body      text   NOT NULL,
    possible_resend boolean NOT NULL,
    -- Milliseconds since 1970.
    made_at   bigint NOT NULL,
    PRIMARY KEY (comp_id, seq)
  );
  GRANT SELECT, INSERT, DELETE ON fix.outbound TO strongroom_app;

  -- Every ClOrdID that a session has used, so that none is taken twice.
  CREATE TABLE fix.client_order_id (
    comp_id    text   NOT NULL REFERENCES fix.session,
    id         text   NOT NULL,
    -- The order that a replace or cancel was for; null for a new order.
    order_id   bigint,
    is_cancel  boolean NOT NULL,
    -- Milliseconds since 1970.
    used_at    bigint NOT NULL,
    -- Under which taking of the session, and by which message: what a crash left unanswered is found by them.
    fence      bigint NOT NULL,
    in_seq     int    NOT NULL,
    PRIMARY KEY (comp_id, id)
  );
  CREATE INDEX client_order_id_by_age ON fix.client_order_id (used_at);
  CREATE INDEX client_order_id_of_order ON fix.client_order_id (comp_id, fence, in_seq) WHERE order_id IS NOT NULL;
  GRANT SELECT, INSERT, DELETE ON fix.client_order_id TO strongroom_app;

  -- Orders that the session has been told of and not of their end, by the ClOrdID that they have now.
  CREATE TABLE fix.open_order (
    comp_id  text   NOT NULL REFERENCES fix.session,
    order_id bigint NOT NULL,
    id       text   NOT NULL,
    PRIMARY KEY (comp_id, order_id)
  );
  GRANT SELECT, INSERT, UPDATE, DELETE ON fix.open_order TO strongroom_app;
`;
