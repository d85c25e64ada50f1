import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Clients of the exchange's wire send the secret of their key alone, so keys are also found by what is stored of it. */
export class ApiKeyBySecret1790000000703 implements MigrationInterface {
  readonly name = 'ApiKeyBySecret1790000000703';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE UNIQUE INDEX api_key_by_secret ON identity.api_key (secret_hash)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX identity.api_key_by_secret');
  }
}
