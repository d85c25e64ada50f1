import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Watch-only accounts: the public halves from which every address of ours is derived. */
export class Keys1790000000600 implements MigrationInterface {
  readonly name = 'Keys1790000000600';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA keys;
      GRANT USAGE ON SCHEMA keys TO strongroom_app, strongroom_auditor;

      CREATE TABLE keys.account (
        chain_id    text        NOT NULL,
        tier        text        NOT NULL CHECK (tier IN ('hot', 'warm', 'cold')),
        path        text        NOT NULL,
        fingerprint text        NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{8}$'),
        -- Never a private key, not even for a moment.
        xpub        text        NOT NULL UNIQUE CHECK (xpub ~ '^[xtyzuv]pub'),
        at          timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (chain_id, tier)
      );
      -- Whoever can change an account can send every deposit to himself.
      CREATE TRIGGER account_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON keys.account
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON keys.account TO strongroom_app;
      GRANT SELECT ON keys.account TO strongroom_auditor;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA keys CASCADE');
  }
}
