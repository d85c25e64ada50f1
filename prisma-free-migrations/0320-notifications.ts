import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Notifications1790000000320 implements MigrationInterface {
  readonly name = 'Notifications1790000000320';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA notifications;
      GRANT USAGE ON SCHEMA notifications TO strongroom_app;

      -- What is to be sent. The text may hold a one-time token, so it is sealed, and forgotten once sent.
      CREATE TABLE notifications.email (
        id         uuid PRIMARY KEY,
        recipient  text NOT NULL,
        sealed     bytea,
        created_at timestamptz NOT NULL,
        sent_at    timestamptz,
        CHECK ((sealed IS NULL) = (sent_at IS NOT NULL))
      );
      CREATE INDEX email_unsent ON notifications.email (created_at) WHERE sent_at IS NULL;
      GRANT SELECT, INSERT ON notifications.email TO strongroom_app;
      GRANT UPDATE (sealed, sent_at) ON notifications.email TO strongroom_app;

      -- The inbox of everyone in the sandbox; nothing writes here outside of it.
      CREATE TABLE notifications.mailbox (
        id          uuid PRIMARY KEY,
        recipient   text NOT NULL,
        subject     text NOT NULL,
        body        text NOT NULL,
        variables   jsonb NOT NULL,
        received_at timestamptz NOT NULL
      );
      CREATE INDEX mailbox_by_recipient ON notifications.mailbox (recipient, received_at DESC, id DESC);
      GRANT SELECT, INSERT ON notifications.mailbox TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA notifications CASCADE');
  }
}
