import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * What an order's earlier fills overpaid by rounding is given back by its later ones, so that a trade may take a unit from the rounding
 * account, and where a rebate is as high as the fee that pays for it, from the fee account. Over all trades both only gain.
 */
export class VenueRoundingBack1790000000701 implements MigrationInterface {
  readonly name = 'VenueRoundingBack1790000000701';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      SELECT ledger.define_kind('venue.trade', 'A trade on the exchange with its fees',
        '{{exchange_rounding,exchange_available},{exchange_fees,exchange_available}}');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DELETE FROM ledger.transfer_kind_pairs
       WHERE kind_number = (SELECT number FROM ledger.transfer_kinds WHERE kind = 'venue.trade') AND debit_type IN (4015, 4016);
    `);
  }
}
