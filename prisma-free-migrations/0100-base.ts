import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Roles, and what every library stands on: idempotency keys, the outbox, the event log, schedules, the sandbox clock. */
export class Base1790000000100 implements MigrationInterface {
  readonly name = 'Base1790000000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'strongroom_app') THEN CREATE ROLE strongroom_app; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'strongroom_auditor') THEN CREATE ROLE strongroom_auditor; END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this cluster made them just now
      END $$;

      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      CREATE SCHEMA base;
      GRANT USAGE ON SCHEMA base TO strongroom_app, strongroom_auditor;

      CREATE TABLE base.idempotency (
        owner        text        NOT NULL,
        key          text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
        operation    text        NOT NULL,
        request_hash bytea       NOT NULL,
        status       int,
        body         jsonb,
        at           timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (owner, key)
      );
      -- The answer is filled in by the transaction that inserted the key; a committed answer never changes.
      CREATE FUNCTION base.idempotency_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'an answered idempotency key never changes' USING ERRCODE = '23001';
      END $$;
      CREATE TRIGGER idempotency_is_final BEFORE UPDATE ON base.idempotency
        FOR EACH ROW WHEN (OLD.status IS NOT NULL) EXECUTE FUNCTION base.idempotency_is_final();
      GRANT SELECT, INSERT, UPDATE ON base.idempotency TO strongroom_app;

      CREATE TABLE base.outbox (
        id            uuid        PRIMARY KEY,
        kind          text        NOT NULL,
        payload       jsonb       NOT NULL,
        run_at        timestamptz NOT NULL,
        created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        dispatches    int         NOT NULL DEFAULT 0,
        dispatched_at timestamptz,
        attempts      int         NOT NULL DEFAULT 0,
        fence         bigint      NOT NULL DEFAULT 0,
        claimed_until timestamptz,
        last_error    text,
        done_at       timestamptz,
        dead_at       timestamptz
      );
      CREATE INDEX outbox_to_dispatch ON base.outbox (run_at) WHERE dispatched_at IS NULL AND done_at IS NULL AND dead_at IS NULL;
      CREATE INDEX outbox_in_flight ON base.outbox (dispatched_at) WHERE dispatched_at IS NOT NULL AND done_at IS NULL AND dead_at IS NULL;
      CREATE INDEX outbox_dead ON base.outbox (dead_at) WHERE dead_at IS NOT NULL;
      GRANT SELECT, INSERT, UPDATE ON base.outbox TO strongroom_app;

      CREATE TABLE base.event (
        seq          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        xid          xid8        NOT NULL DEFAULT pg_current_xact_id(),
        id           uuid        NOT NULL UNIQUE,
        type         text        NOT NULL,
        aggregate    text        NOT NULL,
        aggregate_id text        NOT NULL,
        payload      jsonb       NOT NULL,
        at           timestamptz NOT NULL
      );
      CREATE INDEX event_feed ON base.event (xid, seq);
      CREATE INDEX event_of_aggregate ON base.event (aggregate, aggregate_id, seq);
      CREATE FUNCTION base.history_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is history: rows are never changed', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME USING ERRCODE = '23001';
      END $$;
      CREATE TRIGGER event_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON base.event
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON base.event TO strongroom_app;

      CREATE TABLE base.event_consumer (
        name     text        PRIMARY KEY,
        xid      xid8        NOT NULL DEFAULT '0',
        seq      bigint      NOT NULL DEFAULT 0,
        failures int         NOT NULL DEFAULT 0,
        retry_at timestamptz,
        error    text
      );
      GRANT SELECT, INSERT, UPDATE ON base.event_consumer TO strongroom_app;
      CREATE TABLE base.event_parked (
        consumer  text        NOT NULL REFERENCES base.event_consumer (name),
        event_seq bigint      NOT NULL REFERENCES base.event (seq),
        error     text        NOT NULL,
        parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (consumer, event_seq)
      );
      GRANT SELECT, INSERT, DELETE ON base.event_parked TO strongroom_app;

      CREATE TABLE base.schedule (
        kind        text        PRIMARY KEY,
        holder      uuid,
        lease_until timestamptz NOT NULL DEFAULT '-infinity',
        next_at     timestamptz NOT NULL DEFAULT '-infinity',
        runs        bigint      NOT NULL DEFAULT 0,
        failures    int         NOT NULL DEFAULT 0,
        last_error  text
      );
      GRANT SELECT, INSERT, UPDATE ON base.schedule TO strongroom_app;

      CREATE TABLE base.sandbox_clock (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        offset_ms bigint   NOT NULL DEFAULT 0 CHECK (offset_ms >= 0)
      );
      INSERT INTO base.sandbox_clock DEFAULT VALUES;
      GRANT SELECT, UPDATE (offset_ms) ON base.sandbox_clock TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA base CASCADE');
  }
}
