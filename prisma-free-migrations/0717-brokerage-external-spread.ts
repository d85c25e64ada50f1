import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * How far from their mid the external price sources trade: half their spread for a small amount, and how much it grows with each whole thousand dollars.
 * For small amounts the house's base spread holds it already.
 */
export class BrokerageExternalSpread1790000000717 implements MigrationInterface {
  readonly name = 'BrokerageExternalSpread1790000000717';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE brokerage.pair
        ADD external_half_spread_ppm           bigint NOT NULL DEFAULT 0 CHECK (external_half_spread_ppm BETWEEN 0 AND 100000),
        ADD external_slip_ppm_per_thousand_usd bigint NOT NULL DEFAULT 0 CHECK (external_slip_ppm_per_thousand_usd BETWEEN 0 AND 10000);
      UPDATE brokerage.pair SET external_slip_ppm_per_thousand_usd = s.ppm
        FROM (VALUES ('BTC-USD', 2), ('ETH-USD', 3), ('BTC-EUR', 3), ('ETH-EUR', 4), ('ETH-BTC', 3)) AS s (symbol, ppm)
       WHERE pair.symbol = s.symbol;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE brokerage.pair DROP external_half_spread_ppm, DROP external_slip_ppm_per_thousand_usd',
    );
  }
}
