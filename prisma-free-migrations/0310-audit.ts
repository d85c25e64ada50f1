import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Audit1790000000310 implements MigrationInterface {
  readonly name = 'Audit1790000000310';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA audit;
      GRANT USAGE ON SCHEMA audit TO strongroom_app, strongroom_auditor;

      CREATE TABLE audit.record (
        sequence      bigint PRIMARY KEY,
        recorded_at   timestamptz NOT NULL,
        actor_kind    text NOT NULL CHECK (actor_kind IN ('customer', 'operator', 'system')),
        actor_id      text,
        action        text NOT NULL CHECK (action ~ '^[a-z][a-z0-9.-]{2,79}$'),
        subject_kind  text NOT NULL,
        subject_id    text NOT NULL,
        before        jsonb,
        after         jsonb,
        reason        text CHECK (length(reason) <= 2000),
        request_id    text,
        network       inet,
        previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
        hash          bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
        CHECK ((actor_kind = 'system') = (actor_id IS NULL))
      );
      CREATE INDEX record_by_subject ON audit.record (subject_kind, subject_id, sequence);
      CREATE INDEX record_by_actor ON audit.record (actor_kind, actor_id, sequence);

      CREATE TABLE audit.head (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        sequence bigint NOT NULL,
        hash     bytea NOT NULL
      );
      INSERT INTO audit.head (sequence, hash) VALUES (0, decode(repeat('00', 32), 'hex'));

      -- A length in front of each field, so that no two different records read the same.
      CREATE FUNCTION audit.field(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
        RETURN CASE WHEN value IS NULL THEN '-,' ELSE octet_length(value)::text || ':' || value || ',' END;

      -- The chain is made here, not by the caller: whoever may insert a record can still not choose its place or its hash.
      CREATE FUNCTION audit.link_record() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
      DECLARE
        last audit.head%ROWTYPE;
      BEGIN
        SELECT * INTO STRICT last FROM audit.head FOR UPDATE;
        NEW.recorded_at := date_trunc('milliseconds', NEW.recorded_at);
        NEW.sequence := last.sequence + 1;
        NEW.previous_hash := last.hash;
        NEW.hash := sha256(last.hash || convert_to(
          audit.field(NEW.sequence::text) ||
          audit.field((extract(epoch FROM NEW.recorded_at) * 1000)::bigint::text) ||
          audit.field(NEW.actor_kind) || audit.field(NEW.actor_id) || audit.field(NEW.action) ||
          audit.field(NEW.subject_kind) || audit.field(NEW.subject_id) ||
          audit.field(NEW.before::text) || audit.field(NEW.after::text) || audit.field(NEW.reason) ||
          audit.field(NEW.request_id) || audit.field(host(NEW.network)), 'UTF8'));
        UPDATE audit.head SET sequence = NEW.sequence, hash = NEW.hash;
        RETURN NEW;
      END $$;
      REVOKE ALL ON FUNCTION audit.link_record() FROM PUBLIC;
      CREATE TRIGGER link BEFORE INSERT ON audit.record FOR EACH ROW EXECUTE FUNCTION audit.link_record();

      CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'audit records are never changed or removed' USING ERRCODE = 'insufficient_privilege';
      END $$;
      CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
      CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit.record FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();

      GRANT SELECT ON audit.record, audit.head TO strongroom_app, strongroom_auditor;
      GRANT INSERT (recorded_at, actor_kind, actor_id, action, subject_kind, subject_id, before, after, reason, request_id,
        network) ON audit.record TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA audit CASCADE');
  }
}
