import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Where the price of a quote began: what its size could be had for in the market. Quotes from before began at mid and have none. */
export class QuoteReference1790000000718 implements MigrationInterface {
  readonly name = 'QuoteReference1790000000718';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE brokerage.quote
        ADD reference_num brokerage.minor CHECK (reference_num > 0),
        ADD reference_den brokerage.minor CHECK (reference_den > 0),
        ADD CHECK ((reference_num IS NULL) = (reference_den IS NULL));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE brokerage.quote DROP reference_num, DROP reference_den');
  }
}
