import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What of ours was spent by transactions that we did not sign, and the name that its loss has in the books; and what the books say about a
 * final intent, so that a deep reorganisation which changes its outcome can be told from one that does not.
 */
export class ForeignSpends1790000000641 implements MigrationInterface {
  readonly name = 'ForeignSpends1790000000641';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE custody.foreign_spend (
        chain_id    text          NOT NULL,
        txid        text          NOT NULL,
        -- The coin, or the nonce and its account.
        what        text          NOT NULL,
        asset       text          NOT NULL,
        amount      numeric(78,0) NOT NULL CHECK (amount >= 0 AND amount <> 'NaN'),
        -- Where it stands now; null while no block of our chain has it.
        height      int,
        block_hash  text,
        -- How often it was taken in: each time has postings of its own.
        sightings   int           NOT NULL DEFAULT 1,
        -- Whether the books could show the loss.
        loss_booked boolean       NOT NULL DEFAULT false,
        at          timestamptz   NOT NULL,
        CHECK ((height IS NULL) = (block_hash IS NULL)),
        PRIMARY KEY (chain_id, txid, what)
      );
      CREATE INDEX foreign_spend_of_block ON custody.foreign_spend (chain_id, block_hash);
      GRANT SELECT, INSERT, UPDATE (height, block_hash, sightings, loss_booked) ON custody.foreign_spend TO strongroom_app;
      GRANT SELECT ON custody.foreign_spend TO strongroom_auditor;

      -- Whether the books say that the destination has it; null until it is final.
      ALTER TABLE custody.intent ADD COLUMN paid_out boolean;
      UPDATE custody.intent SET paid_out = state = 'settled' WHERE state IN ('settled', 'replaced', 'failed_onchain');
      GRANT UPDATE (paid_out) ON custody.intent TO strongroom_app;

      SELECT ledger.define_kind('custody.coins-lost', 'Coins that somebody else spent', '{{suspense_debit,custody_hot}}');
      SELECT ledger.define_kind('custody.outcome-changed', 'A deep reorganisation put another of our transactions in the place of the one that had settled',
        '{{network_fees,custody_hot},{custody_hot,network_fees},{suspense_debit,custody_hot},{custody_hot,suspense_credit}}');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE custody.foreign_spend;
      ALTER TABLE custody.intent DROP COLUMN paid_out;
      DELETE FROM ledger.transfer_kind_pairs WHERE kind_number IN
        (SELECT number FROM ledger.transfer_kinds WHERE kind IN ('custody.coins-lost', 'custody.outcome-changed'));
      DELETE FROM ledger.transfer_kinds WHERE kind IN ('custody.coins-lost', 'custody.outcome-changed');
    `);
  }
}
