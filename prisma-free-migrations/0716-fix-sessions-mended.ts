import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Proofs of a Logon are good once; requests are found since the numbers began; old messages are found by their age. */
export class FixSessionsMended1790000000716 implements MigrationInterface {
  readonly name = 'FixSessionsMended1790000000716';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE fix.session
        -- SendingTime of the last Logon that was proven without its secret, milliseconds since 1970: a proof that is not later was used.
        ADD COLUMN proven_at   bigint,
        -- The fence under which the numbers began at 1 last: requests under earlier ones have numbers that mean nothing now.
        ADD COLUMN begun_fence bigint NOT NULL DEFAULT 0;
      UPDATE fix.session SET begun_fence = fence;
      GRANT UPDATE (proven_at, begun_fence) ON fix.session TO strongroom_app;
      DROP INDEX fix.client_order_id_of_order;
      CREATE INDEX client_order_id_of_order ON fix.client_order_id (comp_id, in_seq) WHERE order_id IS NOT NULL;
      CREATE INDEX outbound_by_age ON fix.outbound (made_at);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX fix.outbound_by_age, fix.client_order_id_of_order;
      CREATE INDEX client_order_id_of_order ON fix.client_order_id (comp_id, fence, in_seq) WHERE order_id IS NOT NULL;
      ALTER TABLE fix.session DROP COLUMN proven_at, DROP COLUMN begun_fence;
    `);
  }
}
