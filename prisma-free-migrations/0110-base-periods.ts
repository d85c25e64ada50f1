import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Work that is due once for each period of time: where each schedule stands, and which of its periods are done. */
export class BasePeriods1790000000110 implements MigrationInterface {
  readonly name = 'BasePeriods1790000000110';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE base.period_schedule (
        kind       text        PRIMARY KEY,
        next_start timestamptz NOT NULL CHECK (isfinite(next_start))
      );
      COMMENT ON COLUMN base.period_schedule.next_start IS 'Where the first period that is not done begins';
      GRANT SELECT, INSERT, UPDATE (next_start) ON base.period_schedule TO strongroom_app;

      -- Written by the transaction that had the effect, so a period is here if and only if its effect happened.
      CREATE TABLE base.period_done (
        kind      text        NOT NULL REFERENCES base.period_schedule (kind),
        starts_at timestamptz NOT NULL,
        ends_at   timestamptz NOT NULL,
        done_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (kind, starts_at),
        CHECK (starts_at < ends_at)
      );
      CREATE TRIGGER period_done_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON base.period_done
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON base.period_done TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE base.period_done, base.period_schedule');
  }
}
