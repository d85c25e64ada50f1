import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The blocks that this installation has taken in, by name: the cursor of every chain and the way back when it forks. */
export class Chains1790000000620 implements MigrationInterface {
  readonly name = 'Chains1790000000620';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA chains;
      GRANT USAGE ON SCHEMA chains TO strongroom_app, strongroom_auditor;

      CREATE TABLE chains.block (
        chain_id    text        NOT NULL,
        height      int         NOT NULL CHECK (height >= 0),
        hash        text        NOT NULL,
        parent_hash text        NOT NULL,
        mined_at    timestamptz NOT NULL,
        at          timestamptz NOT NULL,
        PRIMARY KEY (chain_id, height),
        UNIQUE (chain_id, hash)
      );

      -- A block is only ever put on top of the one that it names as its parent.
      CREATE FUNCTION chains.block_has_its_parent() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM chains.block b WHERE b.chain_id = NEW.chain_id AND b.height >= NEW.height)
           OR (EXISTS (SELECT FROM chains.block b WHERE b.chain_id = NEW.chain_id)
               AND NOT EXISTS (SELECT FROM chains.block b WHERE b.chain_id = NEW.chain_id AND b.height = NEW.height - 1
                                                            AND b.hash = NEW.parent_hash)) THEN
          RAISE EXCEPTION 'block % of % does not follow the one before it', NEW.height, NEW.chain_id USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER block_has_its_parent BEFORE INSERT ON chains.block
        FOR EACH ROW EXECUTE FUNCTION chains.block_has_its_parent();

      GRANT SELECT, INSERT, DELETE ON chains.block TO strongroom_app;
      GRANT SELECT ON chains.block TO strongroom_auditor;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA chains CASCADE');
  }
}
