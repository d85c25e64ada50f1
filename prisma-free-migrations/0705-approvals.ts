import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Four eyes: what an operator asks for, and what another one made of it. */
export class Approvals1790000000705 implements MigrationInterface {
  readonly name = 'Approvals1790000000705';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA approvals;
      GRANT USAGE ON SCHEMA approvals TO strongroom_app, strongroom_auditor;

      CREATE TABLE approvals.approval (
        id              uuid        PRIMARY KEY,
        kind            text        NOT NULL CHECK (kind ~ '^[a-z][a-z0-9.-]{2,79}$'),
        -- Canonical JSON, as text: the digest is over these very bytes.
        payload         text        NOT NULL CHECK (payload IS JSON),
        digest          bytea       NOT NULL CHECK (digest = sha256(convert_to(kind || E'\\n' || payload, 'UTF8'))),
        reason          text        NOT NULL CHECK (length(reason) BETWEEN 3 AND 500),
        -- Who may decide: an operator with one of these, or an administrator.
        roles           text[]      NOT NULL CHECK (cardinality(roles) > 0),
        requested_by    uuid        NOT NULL,
        requested_at    timestamptz NOT NULL,
        expires_at      timestamptz NOT NULL CHECK (expires_at > requested_at),
        state           text        NOT NULL CHECK (state IN ('requested', 'approved', 'rejected', 'withdrawn', 'expired', 'executed', 'failed')),
        version         int         NOT NULL DEFAULT 1,
        decided_by      uuid,
        decided_at      timestamptz,
        decision_reason text        CHECK (length(decision_reason) <= 500),
        -- Of what was executed: what the executor answered. Of what failed: why.
        outcome         jsonb,
        updated_at      timestamptz NOT NULL,
        CHECK (decided_by <> requested_by),
        CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
        CHECK ((state IN ('approved', 'rejected', 'executed', 'failed')) = (decided_by IS NOT NULL))
      );
      CREATE INDEX approval_open ON approvals.approval (state, id DESC) WHERE state IN ('requested', 'approved');
      CREATE INDEX approval_of_kind ON approvals.approval (kind, id DESC);

      CREATE FUNCTION approvals.approval_has_ended() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'an approval that is over does not change' USING ERRCODE = '23001';
      END $$;
      CREATE TRIGGER approval_ends_once BEFORE UPDATE ON approvals.approval
        FOR EACH ROW WHEN (OLD.state NOT IN ('requested', 'approved')) EXECUTE FUNCTION approvals.approval_has_ended();
      CREATE FUNCTION approvals.decision_stands() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'who decided is never changed' USING ERRCODE = '23001';
      END $$;
      CREATE TRIGGER decision_is_final BEFORE UPDATE ON approvals.approval
        FOR EACH ROW WHEN (OLD.decided_by IS NOT NULL AND NEW.decided_by IS DISTINCT FROM OLD.decided_by)
        EXECUTE FUNCTION approvals.decision_stands();
      -- What was asked for, by whom and for whom to decide, is not among the columns that may change.
      GRANT SELECT, INSERT, UPDATE (state, version, decided_by, decided_at, decision_reason, outcome, updated_at)
        ON approvals.approval TO strongroom_app;

      CREATE TABLE approvals.history (
        approval_id uuid        NOT NULL REFERENCES approvals.approval,
        version     int         NOT NULL,
        from_state  text,
        event       text        NOT NULL,
        to_state    text        NOT NULL,
        -- Null where no person did it.
        operator_id uuid,
        reason      text,
        at          timestamptz NOT NULL,
        PRIMARY KEY (approval_id, version)
      );
      CREATE TRIGGER history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON approvals.history
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON approvals.history TO strongroom_app;
      GRANT SELECT ON ALL TABLES IN SCHEMA approvals TO strongroom_auditor;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA approvals CASCADE');
  }
}
