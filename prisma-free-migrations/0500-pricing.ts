import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** One-minute closes, which are history, and the operators' kill switch for prices. */
export class Pricing1790000000500 implements MigrationInterface {
  readonly name = 'Pricing1790000000500';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA pricing;
      GRANT USAGE ON SCHEMA pricing TO strongroom_app, strongroom_auditor;

      CREATE TABLE pricing.minute_close (
        pair      text          NOT NULL,
        minute    timestamptz   NOT NULL CHECK (date_trunc('minute', minute, 'UTC') = minute),
        close_e12 numeric(78,0) NOT NULL CHECK (close_e12 <> 'NaN' AND close_e12 > 0),
        sources   int           NOT NULL CHECK (sources > 0),
        PRIMARY KEY (pair, minute)
      );
      CREATE TRIGGER minute_close_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON pricing.minute_close
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON pricing.minute_close TO strongroom_app;

      CREATE TABLE pricing.halt (
        pair        text        PRIMARY KEY,
        reason      text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
        operator_id uuid        NOT NULL,
        at          timestamptz NOT NULL
      );
      GRANT SELECT, INSERT, DELETE ON pricing.halt TO strongroom_app;
      GRANT SELECT ON ALL TABLES IN SCHEMA pricing TO strongroom_auditor;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA pricing CASCADE');
  }
}
