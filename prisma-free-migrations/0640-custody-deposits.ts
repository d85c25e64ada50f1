import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Addresses of ours, what arrived at them, the coins that we can spend, and how custody was held against the chain. */
export class CustodyDeposits1790000000640 implements MigrationInterface {
  readonly name = 'CustodyDeposits1790000000640';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA custody;
      GRANT USAGE ON SCHEMA custody TO strongroom_app, strongroom_auditor;

      CREATE TABLE custody.address (
        id          uuid        PRIMARY KEY,
        chain_id    text        NOT NULL,
        -- customer: a deposit address of one customer. house: the house's own. wallet: change, which only we pay to.
        owner_kind  text        NOT NULL CHECK (owner_kind IN ('customer', 'house', 'wallet')),
        customer_id uuid        CHECK ((customer_id IS NOT NULL) = (owner_kind = 'customer')),
        address     text        NOT NULL,
        -- How a block names it: the script in hex on Bitcoin, the address in lower case on Ethereum.
        locator     text        NOT NULL,
        branch      int         NOT NULL CHECK (branch IN (0, 1)),
        key_index   int         NOT NULL CHECK (key_index >= 0),
        at          timestamptz NOT NULL,
        UNIQUE (chain_id, locator),
        UNIQUE (chain_id, branch, key_index)
      );
      CREATE INDEX address_of_customer ON custody.address (customer_id, chain_id, at DESC) WHERE customer_id IS NOT NULL;
      CREATE TRIGGER address_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custody.address
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      CREATE TABLE custody.address_counter (
        chain_id text NOT NULL,
        branch   int  NOT NULL,
        next     int  NOT NULL CHECK (next >= 0),
        PRIMARY KEY (chain_id, branch)
      );
      GRANT SELECT, INSERT ON custody.address TO strongroom_app;
      GRANT SELECT, INSERT, UPDATE ON custody.address_counter TO strongroom_app;

      CREATE TABLE custody.asset_rule (
        asset       text          PRIMARY KEY,
        -- Less than this is not worth the fee that moving it costs: it is neither credited nor spent.
        min_deposit numeric(78,0) NOT NULL CHECK (min_deposit > 0 AND min_deposit <> 'NaN')
      );
      INSERT INTO custody.asset_rule VALUES ('BTC', 5000), ('ETH', 1000000000000000);
      GRANT SELECT ON custody.asset_rule TO strongroom_app;

      CREATE TABLE custody.asset_halt (
        asset  text        PRIMARY KEY,
        reason text        NOT NULL,
        at     timestamptz NOT NULL
      );
      GRANT SELECT, INSERT, DELETE ON custody.asset_halt TO strongroom_app;

      CREATE TABLE custody.deposit (
        id            uuid          PRIMARY KEY,
        chain_id      text          NOT NULL,
        txid          text          NOT NULL,
        -- Output number on Bitcoin; on Ethereum 0 for the transaction itself, n for its n-th inner call.
        place         int           NOT NULL,
        address_id    uuid          NOT NULL REFERENCES custody.address (id),
        asset         text          NOT NULL,
        amount        numeric(78,0) NOT NULL CHECK (amount > 0 AND amount <> 'NaN'),
        state         text          NOT NULL CHECK (state IN ('seen', 'credited', 'orphaned', 'lost', 'ignored')),
        -- Grows each time the chain shows it anew: every posting of every round has an id of its own.
        round         int           NOT NULL DEFAULT 1,
        height        int           NOT NULL,
        block_hash    text          NOT NULL,
        confirmations int           NOT NULL CHECK (confirmations > 0),
        seen_at       timestamptz   NOT NULL,
        credited_at   timestamptz,
        UNIQUE (chain_id, txid, place)
      );
      CREATE INDEX deposit_waiting ON custody.deposit (chain_id, height) WHERE state = 'seen';
      CREATE INDEX deposit_in_block ON custody.deposit (chain_id, block_hash);
      CREATE INDEX deposit_of_address ON custody.deposit (address_id, seen_at DESC);
      GRANT SELECT, INSERT, UPDATE ON custody.deposit TO strongroom_app;

      CREATE TABLE custody.deposit_history (
        deposit_id uuid        NOT NULL REFERENCES custody.deposit (id),
        n          bigint      GENERATED ALWAYS AS IDENTITY,
        event      text        NOT NULL,
        from_state text,
        to_state   text        NOT NULL,
        block_hash text        NOT NULL,
        at         timestamptz NOT NULL,
        PRIMARY KEY (deposit_id, n)
      );
      CREATE TRIGGER deposit_history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custody.deposit_history
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON custody.deposit_history TO strongroom_app;

      CREATE TABLE custody.coin (
        chain_id     text          NOT NULL,
        txid         text          NOT NULL,
        vout         int           NOT NULL,
        value        numeric(78,0) NOT NULL CHECK (value > 0 AND value <> 'NaN'),
        script       text          NOT NULL,
        address_id   uuid          NOT NULL REFERENCES custody.address (id),
        branch       int           NOT NULL,
        key_index    int           NOT NULL,
        -- The whole transaction that made it: the signer wants to see it (BIP-174, the fee attack on witness inputs).
        raw_tx       text          NOT NULL,
        -- Too small to be worth spending, or somebody's poison: never selected.
        is_dust      boolean       NOT NULL,
        -- Coins of a block's first transaction mature after 100 blocks.
        coinbase     boolean       NOT NULL,
        height       int           NOT NULL,
        block_hash   text          NOT NULL,
        spent_by     text,
        spent_height int,
        PRIMARY KEY (chain_id, txid, vout),
        CHECK ((spent_by IS NULL) = (spent_height IS NULL))
      );
      CREATE INDEX coin_unspent ON custody.coin (chain_id, value) WHERE spent_by IS NULL;
      CREATE INDEX coin_made_at ON custody.coin (chain_id, height);
      CREATE INDEX coin_spent_at ON custody.coin (chain_id, spent_height) WHERE spent_by IS NOT NULL;
      GRANT SELECT, INSERT, UPDATE, DELETE ON custody.coin TO strongroom_app;

      CREATE TABLE custody.reconciliation (
        id         uuid          PRIMARY KEY,
        chain_id   text          NOT NULL,
        asset      text          NOT NULL,
        height     int           NOT NULL,
        block_hash text          NOT NULL,
        ledger     numeric(78,0) NOT NULL CHECK (ledger <> 'NaN'),
        on_chain   numeric(78,0) NOT NULL CHECK (on_chain <> 'NaN'),
        difference numeric(78,0) NOT NULL CHECK (difference <> 'NaN'),
        lines      jsonb         NOT NULL,
        at         timestamptz   NOT NULL
      );
      CREATE INDEX reconciliation_newest ON custody.reconciliation (asset, at DESC);
      CREATE TRIGGER reconciliation_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON custody.reconciliation
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON custody.reconciliation TO strongroom_app;
      GRANT SELECT ON ALL TABLES IN SCHEMA custody TO strongroom_auditor;

      SELECT ledger.define_kind('custody.deposit-seen', 'A deposit in a block, not deep enough yet',
        '{{deposit_in_flight,customer_pending_in},{deposit_in_flight,suspense_credit}}');
      SELECT ledger.define_kind('custody.deposit-credited', 'A deposit deep enough to count',
        '{{custody_hot,deposit_in_flight},{customer_pending_in,customer_available},{suspense_credit,house_inventory}}');
      SELECT ledger.define_kind('custody.deposit-lost', 'A credited deposit that a reorganisation took away', '{{suspense_debit,custody_hot}}');
      SELECT ledger.define_kind('custody.deposit-found', 'A lost deposit that the chain shows again', '{{custody_hot,suspense_debit}}');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA custody CASCADE');
  }
}
