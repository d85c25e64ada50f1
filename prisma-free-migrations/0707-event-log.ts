import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** How far the relays to the event log have come. */
export class EventLog1790000000707 implements MigrationInterface {
  readonly name = 'EventLog1790000000707';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- The last event of each stream that the log has acknowledged: (xid, seq) of base.event, (sequence, index) of the exchange's engine.
      CREATE TABLE base.event_log_checkpoint (
        stream text          PRIMARY KEY CHECK (stream IN ('domain', 'engine')),
        major  numeric(20,0) NOT NULL CHECK (major >= 0),
        minor  bigint        NOT NULL,
        at     timestamptz
      );
      INSERT INTO base.event_log_checkpoint (stream, major, minor) VALUES ('domain', 0, 0), ('engine', 0, -1);
      CREATE FUNCTION base.event_log_goes_back() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the relay to the event log never goes back' USING ERRCODE = '23001';
      END $$;
      CREATE TRIGGER event_log_goes_forward BEFORE UPDATE ON base.event_log_checkpoint
        FOR EACH ROW WHEN ((NEW.major, NEW.minor) <= (OLD.major, OLD.minor)) EXECUTE FUNCTION base.event_log_goes_back();
      GRANT SELECT, UPDATE (major, minor, at) ON base.event_log_checkpoint TO strongroom_app;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE base.event_log_checkpoint; DROP FUNCTION base.event_log_goes_back()');
  }
}
