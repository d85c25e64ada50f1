import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Addresses, coins and deposits; intents to pay out, their attempts, and what they hold on to; halts and reconciliations. */
export class Custody1790000000640 implements MigrationInterface {
  readonly name = 'Custody1790000000640';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA custody;
      GRANT USAGE ON SCHEMA custody TO strongroom_app, strongroom_auditor;
    `);
    await runner.query(ADDRESSES_AND_DEPOSITS);
    await runner.query(INTENTS);
    await runner.query(HALTS_AND_RECONCILIATIONS);
    await runner.query(LEDGER_KINDS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA custody CASCADE');
    await runner.query(`
      DELETE FROM ledger.transfer_kind_pairs
       WHERE kind_number IN (SELECT number FROM ledger.transfer_kinds WHERE kind LIKE 'custody.%');
      DELETE FROM ledger.transfer_kinds WHERE kind LIKE 'custody.%';
    `);
  }
}

const ADDRESSES_AND_DEPOSITS = `
  -- Who gets the next key of a branch. One row per branch, locked while an address is made.
  CREATE TABLE custody.key_counter (
    chain_id text     NOT NULL,
    branch   smallint NOT NULL CHECK (branch IN (0, 1)),
    next     int      NOT NULL CHECK (next >= 0),
    PRIMARY KEY (chain_id, branch)
  );
  GRANT SELECT, INSERT, UPDATE ON custody.key_counter TO strongroom_app;

  CREATE TABLE custody.address (
    id          uuid        PRIMARY KEY,
    chain_id    text        NOT NULL,
    -- customer: deposits are his; house: its inventory; internal: change and the hot account.
    owner_kind  text        NOT NULL CHECK (owner_kind IN ('customer', 'house', 'internal')),
    owner_id    uuid,
    branch      smallint    NOT NULL CHECK (branch IN (0, 1)),
    key_index   int         NOT NULL CHECK (key_index >= 0),
    address     text        NOT NULL,
    -- What stands on chain: scriptPubKey in hexadecimal, or the address itself on Ethereum.
    destination text        NOT NULL,
    at          timestamptz NOT NULL,
    CHECK ((owner_kind = 'customer') = (owner_id IS NOT NULL)),
    UNIQUE (chain_id, branch, key_index),
    UNIQUE (chain_id, destination)
  );
  CREATE UNIQUE INDEX address_of_customer ON custody.address (chain_id, owner_id) WHERE owner_kind = 'customer';
  CREATE UNIQUE INDEX address_of_house ON custody.address (chain_id) WHERE owner_kind = 'house';
  CREATE TRIGGER address_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custody.address
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON custody.address TO strongroom_app;

  -- The transactions that made our coins: a signer wants to see them whole.
  CREATE TABLE custody.raw_transaction (
    chain_id text NOT NULL,
    txid     text NOT NULL,
    raw      text NOT NULL,
    PRIMARY KEY (chain_id, txid)
  );
  GRANT SELECT, INSERT ON custody.raw_transaction TO strongroom_app;

  -- Outputs to us in blocks that were taken in. A projection of the chain: taken back with its block.
  CREATE TABLE custody.coin (
    chain_id   text          NOT NULL,
    txid       text          NOT NULL,
    vout       int           NOT NULL CHECK (vout >= 0),
    value      numeric(78,0) NOT NULL CHECK (value >= 0 AND value <> 'NaN'),
    address_id uuid          NOT NULL REFERENCES custody.address (id),
    coinbase   boolean       NOT NULL,
    height     int           NOT NULL,
    block_hash text          NOT NULL,
    -- Why it is never chosen, such as dust that somebody sent to see what we do with it.
    frozen     text,
    spent_by   text,
    spent_at   int,
    CHECK ((spent_by IS NULL) = (spent_at IS NULL)),
    PRIMARY KEY (chain_id, txid, vout)
  );
  CREATE INDEX coin_unspent ON custody.coin (chain_id, value DESC) WHERE spent_by IS NULL;
  CREATE INDEX coin_of_block ON custody.coin (chain_id, height);
  CREATE INDEX coin_spent_in ON custody.coin (chain_id, spent_at) WHERE spent_at IS NOT NULL;
  GRANT SELECT, INSERT, UPDATE (spent_by, spent_at, frozen), DELETE ON custody.coin TO strongroom_app;

  CREATE TABLE custody.deposit (
    id             uuid          PRIMARY KEY,
    chain_id       text          NOT NULL,
    txid           text          NOT NULL,
    output_index   int           NOT NULL CHECK (output_index >= 0),
    asset          text          NOT NULL,
    address_id     uuid          NOT NULL REFERENCES custody.address (id),
    amount         numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
    state          text          NOT NULL CHECK (state IN ('pending', 'credited', 'reversed', 'ignored', 'lost')),
    required_depth int           NOT NULL CHECK (required_depth > 0),
    -- Where it stands now; null while no block of our chain has it.
    height         int,
    block_hash     text,
    -- How often it was taken in: each time has postings of its own.
    sightings      int           NOT NULL DEFAULT 1,
    -- A loss that the books show, so that finding the coins again takes it back.
    loss_booked    boolean       NOT NULL DEFAULT false,
    at             timestamptz   NOT NULL,
    credited_at    timestamptz,
    CHECK ((height IS NULL) = (block_hash IS NULL)),
    CHECK ((state IN ('reversed', 'lost')) = (height IS NULL)),
    UNIQUE (chain_id, txid, output_index)
  );
  CREATE INDEX deposit_waiting ON custody.deposit (chain_id, height) WHERE state = 'pending';
  CREATE INDEX deposit_of_address ON custody.deposit (address_id, id DESC);
  CREATE INDEX deposit_of_block ON custody.deposit (chain_id, height);
  GRANT SELECT, INSERT, UPDATE (state, height, block_hash, sightings, loss_booked, credited_at) ON custody.deposit TO strongroom_app;
`;

const INTENTS = `
  -- Something that is to be paid out, once. Transactions come and go; the intent stays.
  CREATE TABLE custody.intent (
    id              uuid          PRIMARY KEY,
    kind            text          NOT NULL CHECK (kind IN ('withdrawal', 'sweep')),
    chain_id        text          NOT NULL,
    asset           text          NOT NULL,
    customer_id     uuid,
    idempotency_key text,
    -- The deposit address that a sweep empties.
    source_id       uuid          REFERENCES custody.address (id),
    destination     text          NOT NULL,
    amount          numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
    -- What the customer pays for the network, and what the network may get at most.
    fee             numeric(78,0) NOT NULL CHECK (fee >= 0 AND fee <> 'NaN'),
    max_network_fee numeric(78,0) NOT NULL CHECK (max_network_fee > 0 AND max_network_fee <> 'NaN'),
    state           text          NOT NULL,
    -- Why nothing happens just now, for people: hot_wallet_short, signer_limit, …
    waiting_for     text,
    not_before      timestamptz   NOT NULL,
    expires_at      timestamptz,
    -- The operator who asked for it to be cancelled although it was signed.
    cancelled_by    uuid,
    settled_attempt int,
    network_fee     numeric(78,0),
    created_at      timestamptz   NOT NULL,
    updated_at      timestamptz   NOT NULL,
    CHECK ((kind = 'withdrawal') = (customer_id IS NOT NULL AND idempotency_key IS NOT NULL)),
    CHECK ((kind = 'sweep') = (source_id IS NOT NULL)),
    UNIQUE (customer_id, idempotency_key)
  );
  CREATE INDEX intent_at_work ON custody.intent (chain_id, state, not_before, id)
    WHERE state NOT IN ('settled', 'rejected', 'expired', 'cancelled', 'replaced', 'failed_onchain');
  CREATE INDEX intent_of_customer ON custody.intent (customer_id, id DESC) WHERE kind = 'withdrawal';
  CREATE UNIQUE INDEX intent_one_sweep ON custody.intent (source_id)
    WHERE kind = 'sweep' AND state NOT IN ('settled', 'rejected', 'expired', 'cancelled', 'replaced', 'failed_onchain');
  GRANT SELECT, INSERT, UPDATE (state, waiting_for, not_before, cancelled_by, settled_attempt, network_fee, updated_at)
    ON custody.intent TO strongroom_app;

  CREATE TABLE custody.intent_history (
    intent_id  uuid        NOT NULL REFERENCES custody.intent (id),
    step       int         NOT NULL CHECK (step > 0),
    from_state text,
    event      text        NOT NULL,
    to_state   text        NOT NULL,
    detail     jsonb,
    at         timestamptz NOT NULL,
    PRIMARY KEY (intent_id, step)
  );
  CREATE TRIGGER intent_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custody.intent_history
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON custody.intent_history TO strongroom_app;

  -- One transaction for an intent. Stored unsigned before the signer is asked, signed before anybody else sees it.
  CREATE TABLE custody.attempt (
    intent_id      uuid          NOT NULL REFERENCES custody.intent (id),
    n              int           NOT NULL CHECK (n > 0),
    chain_id       text          NOT NULL,
    purpose        text          NOT NULL CHECK (purpose IN ('pay', 'cancel')),
    unsigned       text          NOT NULL,
    -- The most it may pay to the network, and its rate: satoshi per 1,000 virtual bytes, wei per gas.
    fee            numeric(78,0) NOT NULL CHECK (fee >= 0 AND fee <> 'NaN'),
    fee_rate       numeric(78,0) NOT NULL CHECK (fee_rate >= 0 AND fee_rate <> 'NaN'),
    tip_rate       numeric(78,0) CHECK (tip_rate <> 'NaN'),
    from_branch    smallint,
    from_index     int,
    nonce          bigint,
    -- Where it pays to: the intent's destination, or ourselves when it cancels.
    destination    text          NOT NULL,
    amount         numeric(78,0) NOT NULL CHECK (amount >= 0 AND amount <> 'NaN'),
    -- Questions to the signer, and refusals. More questions than refusals: it may have signed.
    asked          int           NOT NULL DEFAULT 0,
    refused        int           NOT NULL DEFAULT 0 CHECK (refused <= asked),
    raw            text,
    txid           text,
    log_length     int,
    outcome        text,
    broadcasts     int           NOT NULL DEFAULT 0,
    -- Height of the chain when it was sent out first, and last.
    sent_first     int,
    sent_last      int,
    height         int,
    block_hash     text,
    failed         boolean,
    paid_fee       numeric(78,0),
    at             timestamptz   NOT NULL,
    CHECK ((raw IS NULL) = (txid IS NULL)),
    CHECK ((height IS NULL) = (block_hash IS NULL)),
    CHECK (height IS NULL OR raw IS NOT NULL),
    PRIMARY KEY (intent_id, n),
    UNIQUE (chain_id, txid)
  );
  CREATE INDEX attempt_of_block ON custody.attempt (chain_id, height) WHERE height IS NOT NULL;
  -- What was signed once stays as it was signed.
  CREATE FUNCTION custody.signed_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'attempt % of intent % was signed: its transaction never changes', OLD.n, OLD.intent_id USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER signed_is_final BEFORE UPDATE ON custody.attempt FOR EACH ROW
    WHEN (OLD.raw IS NOT NULL AND (NEW.raw IS DISTINCT FROM OLD.raw OR NEW.txid IS DISTINCT FROM OLD.txid))
    EXECUTE FUNCTION custody.signed_is_final();
  -- An attempt that the signer may have signed is never forgotten.
  CREATE FUNCTION custody.asked_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'attempt % of intent % may have been signed', OLD.n, OLD.intent_id USING ERRCODE = '23001';
  END $$;
  CREATE TRIGGER asked_is_kept BEFORE DELETE ON custody.attempt FOR EACH ROW
    WHEN (OLD.raw IS NOT NULL OR OLD.asked > OLD.refused) EXECUTE FUNCTION custody.asked_is_kept();
  GRANT SELECT, INSERT, DELETE, UPDATE (asked, refused, raw, txid, log_length, outcome, broadcasts, sent_first, sent_last, height, block_hash,
    failed, paid_fee) ON custody.attempt TO strongroom_app;

  CREATE TABLE custody.coin_reservation (
    chain_id    text        NOT NULL,
    txid        text        NOT NULL,
    vout        int         NOT NULL,
    intent_id   uuid        NOT NULL REFERENCES custody.intent (id),
    at          timestamptz NOT NULL,
    released_at timestamptz,
    PRIMARY KEY (chain_id, txid, vout, intent_id)
  );
  CREATE UNIQUE INDEX coin_reserved_once ON custody.coin_reservation (chain_id, txid, vout) WHERE released_at IS NULL;
  CREATE INDEX coin_reservation_of ON custody.coin_reservation (intent_id);
  GRANT SELECT, INSERT, DELETE, UPDATE (released_at) ON custody.coin_reservation TO strongroom_app;

  CREATE TABLE custody.nonce_slot (
    chain_id  text   NOT NULL,
    account   text   NOT NULL,
    nonce     bigint NOT NULL CHECK (nonce >= 0),
    intent_id uuid   NOT NULL UNIQUE REFERENCES custody.intent (id),
    PRIMARY KEY (chain_id, account, nonce)
  );
  GRANT SELECT, INSERT, DELETE ON custody.nonce_slot TO strongroom_app;

  -- What the network costs, as the worker last saw it, for quotes that need no node.
  CREATE TABLE custody.fee_rate (
    chain_id text          PRIMARY KEY,
    rate     numeric(78,0) NOT NULL CHECK (rate > 0 AND rate <> 'NaN'),
    at       timestamptz   NOT NULL
  );
  GRANT SELECT, INSERT, UPDATE ON custody.fee_rate TO strongroom_app;
`;

const HALTS_AND_RECONCILIATIONS = `
  CREATE TABLE custody.halt (
    asset  text        PRIMARY KEY,
    -- deposits too, or only what goes out
    scope  text        NOT NULL CHECK (scope IN ('withdrawals', 'all')),
    reason text        NOT NULL,
    actor  text        NOT NULL,
    at     timestamptz NOT NULL
  );
  GRANT SELECT, INSERT, UPDATE, DELETE ON custody.halt TO strongroom_app;

  CREATE TABLE custody.reconciliation (
    id         uuid          PRIMARY KEY,
    chain_id   text          NOT NULL,
    asset      text          NOT NULL,
    height     int           NOT NULL,
    block_hash text          NOT NULL,
    on_chain   numeric(78,0) NOT NULL CHECK (on_chain <> 'NaN'),
    on_books   numeric(78,0) NOT NULL CHECK (on_books <> 'NaN'),
    -- Known differences in time, each with its amount: what explains books and chain not being equal.
    items      jsonb         NOT NULL,
    difference numeric(78,0) NOT NULL CHECK (difference <> 'NaN'),
    at         timestamptz   NOT NULL
  );
  CREATE INDEX reconciliation_latest ON custody.reconciliation (asset, id DESC);
  CREATE TRIGGER reconciliation_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custody.reconciliation
    FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
  GRANT SELECT, INSERT ON custody.reconciliation TO strongroom_app;

  GRANT SELECT ON ALL TABLES IN SCHEMA custody TO strongroom_auditor;
`;

const LEDGER_KINDS = `
  SELECT ledger.define_kind('custody.deposit-seen', 'A deposit in a block, not yet deep enough', '{{deposit_in_flight,customer_pending_in}}');
  SELECT ledger.define_kind('custody.deposit-credited', 'A deposit that is final',
    '{{custody_hot,deposit_in_flight},{customer_pending_in,customer_available}}');
  SELECT ledger.define_kind('custody.house-deposit-credited', 'Coins that came to the house''s own address', '{{custody_hot,house_inventory}}');
  SELECT ledger.define_kind('custody.unidentified-deposit', 'Coins that came to an address nobody gave out', '{{custody_hot,suspense_credit}}');
  SELECT ledger.define_kind('custody.deposit-lost', 'A credited deposit that a deep reorganisation undid', '{{suspense_debit,custody_hot}}');
  SELECT ledger.define_kind('custody.withdrawal-hold', 'Sets a withdrawal and its fee aside', '{{customer_available,customer_hold}}');
  SELECT ledger.define_kind('custody.withdrawal-released', 'Gives back what a withdrawal had set aside', '{{customer_hold,customer_available}}', true);
  SELECT ledger.define_kind('custody.withdrawal-broadcast', 'A withdrawal has left for the network',
    '{{customer_hold,withdrawals_payable},{customer_hold,network_fee_revenue},{withdrawal_in_flight,custody_hot}}');
  SELECT ledger.define_kind('custody.withdrawal-settled', 'A withdrawal has arrived', '{{withdrawals_payable,withdrawal_in_flight},{network_fees,custody_hot}}');
  SELECT ledger.define_kind('custody.withdrawal-refunded', 'A withdrawal that will never arrive goes back to its customer',
    '{{custody_hot,withdrawal_in_flight},{withdrawals_payable,customer_available},{network_fee_revenue,customer_available},{network_fees,custody_hot}}');
  SELECT ledger.define_kind('custody.sweep-settled', 'What moving coins between our own addresses cost', '{{network_fees,custody_hot}}');
`;
