import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Addresses that a customer has vouched for, and withdrawals from the exchange to them. */
export class ExchangeWithdrawals1790000000708 implements MigrationInterface {
  readonly name = 'ExchangeWithdrawals1790000000708';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(WHITELIST);
    await runner.query(WITHDRAWALS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE venue.withdrawal_history, venue.withdrawal, custody.whitelist');
  }
}

const WHITELIST = `
  CREATE TABLE custody.whitelist (
    id          uuid        PRIMARY KEY,
    customer_id uuid        NOT NULL,
    asset       text        NOT NULL,
    name        text        NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    destination text        NOT NULL,
    -- A thief who has come as far as adding an address has to wait until its owner has seen it.
    usable_at   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    removed_at  timestamptz
  );
  CREATE UNIQUE INDEX whitelist_once ON custody.whitelist (customer_id, asset, destination) WHERE removed_at IS NULL;
  CREATE INDEX whitelist_of_customer ON custody.whitelist (customer_id, id);
  GRANT SELECT, INSERT, UPDATE (removed_at) ON custody.whitelist TO strongroom_app;
  GRANT SELECT ON custody.whitelist TO strongroom_auditor;
`;

const WITHDRAWALS = `
  -- Money on its way from the exchange to an address outside: a move to the customer's account, then a withdrawal of coins.
  CREATE TABLE venue.withdrawal (
    id              uuid          PRIMARY KEY,
    customer_id     uuid          NOT NULL,
    idempotency_key text          NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    asset           text          NOT NULL REFERENCES venue.asset (code),
    whitelist_id    uuid          NOT NULL REFERENCES custody.whitelist (id),
    destination     text          NOT NULL,
    -- Minor units of the ledger: what shall arrive, and what the customer agreed to pay for the network.
    amount          numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
    fee             numeric(78,0) NOT NULL CHECK (fee >= 0 AND fee <> 'NaN'),
    -- The move that takes both from the exchange.
    transfer_id     uuid          NOT NULL UNIQUE REFERENCES venue.transfer (id),
    state           text          NOT NULL CHECK (state IN ('moving', 'refused', 'withdrawing', 'returned', 'kept')),
    intent_id       uuid          UNIQUE REFERENCES custody.intent (id),
    -- The move that takes it back to the exchange.
    return_id       uuid          UNIQUE REFERENCES venue.transfer (id),
    reason          text,
    created_at      timestamptz   NOT NULL,
    updated_at      timestamptz   NOT NULL,
    UNIQUE (customer_id, idempotency_key),
    CHECK ((state = 'withdrawing') = (intent_id IS NOT NULL)),
    CHECK ((state = 'returned') = (return_id IS NOT NULL)),
    CHECK ((state IN ('refused', 'returned', 'kept')) = (reason IS NOT NULL))
  );
  CREATE INDEX withdrawal_of_customer ON venue.withdrawal (customer_id, id DESC);
  CREATE INDEX withdrawal_moving ON venue.withdrawal (id) WHERE state = 'moving';
  GRANT SELECT, INSERT, UPDATE (state, intent_id, return_id, reason, updated_at) ON venue.withdrawal TO strongroom_app;
  GRANT SELECT ON venue.withdrawal TO strongroom_auditor;

  CREATE TABLE venue.withdrawal_history (
    withdrawal_id uuid        NOT NULL REFERENCES venue.withdrawal,
    to_state      text        NOT NULL,
    at            timestamptz NOT NULL,
    PRIMARY KEY (withdrawal_id, to_state)
  );
  CREATE TRIGGER withdrawal_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON venue.withdrawal_history
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON venue.withdrawal_history TO strongroom_app;
`;
