import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The blocks that were taken in, chains that were halted, and how deep an amount must lie before it counts. */
export class Chains1790000000620 implements MigrationInterface {
  readonly name = 'Chains1790000000620';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA chains;
      GRANT USAGE ON SCHEMA chains TO strongroom_app, strongroom_auditor;

      CREATE TABLE chains.block (
        chain       text        NOT NULL CHECK (chain IN ('bitcoin', 'ethereum')),
        height      bigint      NOT NULL CHECK (height >= 0),
        hash        text        NOT NULL,
        parent_hash text        NOT NULL,
        mined_at    timestamptz NOT NULL,
        PRIMARY KEY (chain, height),
        UNIQUE (chain, hash)
      );
      GRANT SELECT, INSERT, DELETE ON chains.block TO strongroom_app;

      CREATE TABLE chains.halt (
        chain  text        PRIMARY KEY,
        reason text        NOT NULL,
        at     timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      GRANT SELECT, INSERT, DELETE ON chains.halt TO strongroom_app;

      CREATE TABLE chains.confirmation_policy (
        asset         text NOT NULL,
        up_to         numeric(78,0) CHECK (up_to > 0 AND up_to <> 'NaN'),
        confirmations int  NOT NULL CHECK (confirmations > 0),
        UNIQUE NULLS NOT DISTINCT (asset, up_to)
      );
      INSERT INTO chains.confirmation_policy (asset, up_to, confirmations) VALUES
        ('BTC', 10000000, 2), ('BTC', 100000000, 3), ('BTC', NULL, 6),
        ('ETH', 1000000000000000000, 6), ('ETH', 10000000000000000000, 12), ('ETH', NULL, 32);
      GRANT SELECT ON chains.confirmation_policy TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA chains CASCADE');
  }
}
