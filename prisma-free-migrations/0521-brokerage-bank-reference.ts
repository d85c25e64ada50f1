import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** The reference a customer writes on the bank transfer that pays for an order. */
export class BrokerageBankReference1790000000521 implements MigrationInterface {
  readonly name = 'BrokerageBankReference1790000000521';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE brokerage.orders ADD COLUMN bank_reference text CHECK (length(bank_reference) BETWEEN 1 AND 64);
      GRANT UPDATE (bank_reference) ON brokerage.orders TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE brokerage.orders DROP COLUMN bank_reference');
  }
}
