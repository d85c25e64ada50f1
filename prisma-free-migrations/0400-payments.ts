import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Card payments, deposits, withdrawals, value holds, what came from bank and processor, and reconciliation. */
export class Payments1790000000400 implements MigrationInterface {
  readonly name = 'Payments1790000000400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SCHEMA payments;
      GRANT USAGE ON SCHEMA payments TO strongroom_app, strongroom_auditor;

      -- A whole amount of minor units that is more than nothing; NaN passes a plain comparison.
      CREATE DOMAIN payments.amount AS numeric(78,0) CHECK (VALUE <> 'NaN' AND VALUE > 0);
      CREATE DOMAIN payments.amount_or_zero AS numeric(78,0) CHECK (VALUE <> 'NaN' AND VALUE >= 0);

      -- One row per customer, locked by whoever decides what the customer may take out.
      CREATE TABLE payments.customer (
        id         uuid PRIMARY KEY,
        created_at timestamptz NOT NULL
      );
      GRANT SELECT, INSERT ON payments.customer TO strongroom_app;
      GRANT UPDATE (created_at) ON payments.customer TO strongroom_app; -- what FOR UPDATE needs

      CREATE TABLE payments.deposit_reference (
        reference   text PRIMARY KEY CHECK (reference ~ '^RF[0-9]{2}[0-9A-Z]{10}$'),
        kind        text NOT NULL CHECK (kind IN ('customer', 'treasury')),
        customer_id uuid REFERENCES payments.customer (id),
        purpose     jsonb,
        created_at  timestamptz NOT NULL,
        CHECK ((kind = 'customer') = (customer_id IS NOT NULL))
      );
      CREATE UNIQUE INDEX deposit_reference_standing ON payments.deposit_reference (customer_id) WHERE purpose IS NULL AND kind = 'customer';
      GRANT SELECT, INSERT ON payments.deposit_reference TO strongroom_app;

      CREATE TABLE payments.card (
        id           uuid PRIMARY KEY,
        customer_id  uuid NOT NULL REFERENCES payments.customer (id),
        token        text NOT NULL UNIQUE CHECK (token ~ '^tok_[A-Za-z0-9]{8,64}$'),
        brand        text NOT NULL,
        last4        text NOT NULL CHECK (last4 ~ '^[0-9]{4}$'),
        expiry_month int NOT NULL CHECK (expiry_month BETWEEN 1 AND 12),
        expiry_year  int NOT NULL,
        fingerprint  text NOT NULL,
        created_at   timestamptz NOT NULL,
        removed_at   timestamptz
      );
      CREATE UNIQUE INDEX card_once ON payments.card (customer_id, fingerprint) WHERE removed_at IS NULL;
      GRANT SELECT, INSERT ON payments.card TO strongroom_app;
      GRANT UPDATE (removed_at) ON payments.card TO strongroom_app;

      CREATE TABLE payments.card_payment (
        id                uuid PRIMARY KEY,
        customer_id       uuid NOT NULL REFERENCES payments.customer (id),
        asset             text NOT NULL,
        amount            payments.amount NOT NULL,
        card_id           uuid REFERENCES payments.card (id),
        purpose           jsonb,
        lock_funds        boolean NOT NULL,
        return_url        text,
        state             text NOT NULL CHECK (state IN ('CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED', 'CAPTURED', 'REFUNDED',
                            'CHARGED_BACK', 'FAILED', 'EXPIRED', 'CANCELLED')),
        giving_up         text CHECK (giving_up IN ('EXPIRED', 'CANCELLED')),
        processor_id      text UNIQUE,
        processor_version bigint NOT NULL DEFAULT 0,
        action_url        text,
        card_brand        text,
        card_last4        text,
        card_fingerprint  text,
        liability_shifted boolean,
        failure_code      text,
        refunded          payments.amount_or_zero NOT NULL DEFAULT 0,
        created_at        timestamptz NOT NULL,
        expires_at        timestamptz NOT NULL,
        captured_at       timestamptz,
        updated_at        timestamptz NOT NULL,
        CHECK (refunded <= amount)
      );
      CREATE INDEX card_payment_of_customer ON payments.card_payment (customer_id, created_at DESC, id DESC);
      CREATE INDEX card_payment_unfinished ON payments.card_payment (updated_at)
        WHERE state IN ('CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED');
      CREATE INDEX card_payment_by_fingerprint ON payments.card_payment (customer_id, card_fingerprint) WHERE captured_at IS NOT NULL;
      GRANT SELECT, INSERT, UPDATE ON payments.card_payment TO strongroom_app;

      CREATE TABLE payments.refund (
        id                uuid PRIMARY KEY,
        payment_id        uuid NOT NULL REFERENCES payments.card_payment (id),
        amount            payments.amount NOT NULL,
        reason            text NOT NULL,
        origin            text NOT NULL CHECK (origin IN ('platform', 'processor')),
        state             text NOT NULL CHECK (state IN ('REQUESTED', 'SUBMITTED', 'SUCCEEDED', 'FAILED')),
        processor_id      text UNIQUE,
        processor_version bigint NOT NULL DEFAULT 0,
        created_at        timestamptz NOT NULL,
        updated_at        timestamptz NOT NULL
      );
      CREATE INDEX refund_of_payment ON payments.refund (payment_id);
      CREATE INDEX refund_unfinished ON payments.refund (updated_at) WHERE state IN ('REQUESTED', 'SUBMITTED');
      GRANT SELECT, INSERT, UPDATE ON payments.refund TO strongroom_app;

      CREATE TABLE payments.chargeback (
        id                uuid PRIMARY KEY,
        processor_id      text NOT NULL UNIQUE,
        processor_version bigint NOT NULL,
        payment_id        uuid NOT NULL REFERENCES payments.card_payment (id),
        customer_id       uuid NOT NULL REFERENCES payments.customer (id),
        asset             text NOT NULL,
        amount            payments.amount NOT NULL,
        fee               payments.amount_or_zero NOT NULL,
        -- What the customer still had, and what the customer owes: amount = clawed_back + indebted.
        clawed_back       payments.amount_or_zero NOT NULL,
        indebted          payments.amount_or_zero NOT NULL,
        reason            text NOT NULL,
        state             text NOT NULL CHECK (state IN ('OPEN', 'WON', 'LOST')),
        created_at        timestamptz NOT NULL,
        updated_at        timestamptz NOT NULL,
        CHECK (amount = clawed_back + indebted)
      );
      CREATE INDEX chargeback_recent ON payments.chargeback (created_at DESC, id DESC);
      CREATE INDEX chargeback_of_payment ON payments.chargeback (payment_id);
      GRANT SELECT, INSERT, UPDATE ON payments.chargeback TO strongroom_app;

      CREATE TABLE payments.value_hold (
        id          uuid PRIMARY KEY,
        customer_id uuid NOT NULL REFERENCES payments.customer (id),
        asset       text NOT NULL,
        amount      payments.amount_or_zero NOT NULL,
        reason      text NOT NULL,
        source      text NOT NULL,
        source_id   uuid NOT NULL,
        starts_at   timestamptz NOT NULL,
        expires_at  timestamptz NOT NULL CHECK (expires_at >= starts_at),
        UNIQUE (source, source_id)
      );
      CREATE INDEX value_hold_of_customer ON payments.value_hold (customer_id, expires_at) WHERE amount > 0;
      GRANT SELECT, INSERT ON payments.value_hold TO strongroom_app;
      GRANT UPDATE (amount) ON payments.value_hold TO strongroom_app;

      CREATE TABLE payments.beneficiary (
        id          uuid PRIMARY KEY,
        customer_id uuid NOT NULL REFERENCES payments.customer (id),
        asset       text NOT NULL,
        name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 140),
        account     text NOT NULL,
        state       text NOT NULL CHECK (state IN ('CREATED', 'UNDER_REVIEW', 'ACTIVE', 'DISABLED')),
        review      text,
        usable_at   timestamptz NOT NULL,
        created_at  timestamptz NOT NULL,
        updated_at  timestamptz NOT NULL
      );
      CREATE UNIQUE INDEX beneficiary_once ON payments.beneficiary (customer_id, asset, account) WHERE state <> 'DISABLED';
      CREATE INDEX beneficiary_in_review ON payments.beneficiary (created_at) WHERE state IN ('CREATED', 'UNDER_REVIEW');
      GRANT SELECT, INSERT ON payments.beneficiary TO strongroom_app;
      GRANT UPDATE (state, review, updated_at) ON payments.beneficiary TO strongroom_app;

      -- Money leaving through the bank: a customer's withdrawal, or an unidentified credit that goes back.
      CREATE TABLE payments.withdrawal (
        id              uuid PRIMARY KEY,
        source          text NOT NULL CHECK (source IN ('customer', 'suspense')),
        customer_id     uuid REFERENCES payments.customer (id),
        beneficiary_id  uuid REFERENCES payments.beneficiary (id),
        suspense_id     uuid,
        payee_name      text NOT NULL,
        payee_account   text NOT NULL,
        asset           text NOT NULL,
        amount          payments.amount NOT NULL,
        fee             payments.amount_or_zero NOT NULL,
        return_of       text,
        state           text NOT NULL CHECK (state IN ('REQUESTED', 'HELD', 'SUBMITTING', 'SUBMITTED', 'SETTLED', 'RETURNED', 'FAILED',
                          'CANCELLED')),
        held_for        text,
        bank_id         text UNIQUE,
        bank_version    bigint NOT NULL DEFAULT 0,
        failure_code    text,
        created_at      timestamptz NOT NULL,
        submitted_at    timestamptz,
        settled_at      timestamptz,
        updated_at      timestamptz NOT NULL,
        CHECK ((source = 'customer') = (customer_id IS NOT NULL AND beneficiary_id IS NOT NULL)),
        CHECK ((source = 'suspense') = (suspense_id IS NOT NULL AND return_of IS NOT NULL)),
        CHECK ((state = 'HELD') = (held_for IS NOT NULL))
      );
      CREATE INDEX withdrawal_of_customer ON payments.withdrawal (customer_id, created_at DESC, id DESC);
      CREATE INDEX withdrawal_unfinished ON payments.withdrawal (updated_at) WHERE state IN ('REQUESTED', 'HELD', 'SUBMITTING', 'SUBMITTED');
      GRANT SELECT, INSERT, UPDATE ON payments.withdrawal TO strongroom_app;

      CREATE TABLE payments.bank_line (
        id                   text PRIMARY KEY,
        seq                  bigint NOT NULL,
        asset                text NOT NULL,
        direction            text NOT NULL CHECK (direction IN ('credit', 'debit')),
        amount               payments.amount NOT NULL,
        booked_at            timestamptz NOT NULL,
        counterparty_name    text NOT NULL,
        counterparty_account text NOT NULL,
        reference            text NOT NULL,
        end_to_end_id        text,
        return_of            text,
        resolution           text NOT NULL CHECK (resolution IN ('customer', 'treasury', 'payout', 'withdrawal', 'suspense', 'unordered_debit')),
        -- The ledger transfer that books this line, whichever library function posted it.
        transfer_id          uuid NOT NULL,
        received_at          timestamptz NOT NULL
      );
      CREATE INDEX bank_line_by_asset ON payments.bank_line (asset, seq);
      CREATE UNIQUE INDEX bank_line_transfer ON payments.bank_line (transfer_id);
      GRANT SELECT, INSERT ON payments.bank_line TO strongroom_app;

      CREATE TABLE payments.suspense_item (
        id            uuid PRIMARY KEY,
        line_id       text NOT NULL UNIQUE REFERENCES payments.bank_line (id),
        asset         text NOT NULL,
        amount        payments.amount NOT NULL,
        reason        text NOT NULL,
        state         text NOT NULL CHECK (state IN ('OPEN', 'REPOINTED', 'RETURNING', 'RETURNED')),
        customer_id   uuid REFERENCES payments.customer (id),
        withdrawal_id uuid REFERENCES payments.withdrawal (id),
        created_at    timestamptz NOT NULL,
        updated_at    timestamptz NOT NULL
      );
      CREATE INDEX suspense_open ON payments.suspense_item (created_at, id) WHERE state IN ('OPEN', 'RETURNING');
      GRANT SELECT, INSERT ON payments.suspense_item TO strongroom_app;
      GRANT UPDATE (state, reason, customer_id, withdrawal_id, updated_at) ON payments.suspense_item TO strongroom_app;

      -- Rows of the processor's report, as it states them.
      CREATE TABLE payments.card_line (
        id         text PRIMARY KEY,
        seq        bigint NOT NULL UNIQUE,
        type       text NOT NULL CHECK (type IN ('charge', 'refund', 'chargeback', 'chargeback_fee', 'chargeback_reversal')),
        object_id  text NOT NULL,
        reference  text NOT NULL,
        asset      text NOT NULL,
        amount     numeric(78,0) NOT NULL CHECK (amount <> 'NaN' AND amount <> 0),
        fee        payments.amount_or_zero NOT NULL,
        created_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL
      );
      CREATE INDEX card_line_by_asset ON payments.card_line (asset, seq);
      GRANT SELECT, INSERT ON payments.card_line TO strongroom_app;

      CREATE TABLE payments.card_payout (
        id          text PRIMARY KEY,
        asset       text NOT NULL,
        gross       numeric(78,0) NOT NULL CHECK (gross <> 'NaN'),
        fees        payments.amount_or_zero NOT NULL,
        net         payments.amount NOT NULL,
        created_at  timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        -- The bank line that it arrived by, and the transfer that took it off the receivable.
        line_id     text UNIQUE REFERENCES payments.bank_line (id) DEFERRABLE INITIALLY DEFERRED,
        transfer_id uuid,
        CHECK (gross = fees + net),
        CHECK ((line_id IS NULL) = (transfer_id IS NULL))
      );
      GRANT SELECT, INSERT ON payments.card_payout TO strongroom_app;
      GRANT UPDATE (line_id, transfer_id) ON payments.card_payout TO strongroom_app;

      -- What bank and processor told us, each once; the primary key decides who is first.
      CREATE TABLE payments.outside_event (
        source      text NOT NULL CHECK (source IN ('bank', 'card')),
        id          text NOT NULL,
        seq         bigint NOT NULL,
        type        text NOT NULL,
        subject     text NOT NULL,
        payload     jsonb NOT NULL,
        via         text NOT NULL CHECK (via IN ('webhook', 'poll')),
        state       text NOT NULL CHECK (state IN ('APPLIED', 'WAITING', 'IGNORED', 'FAILED')),
        note        text,
        attempts    int NOT NULL DEFAULT 1,
        received_at timestamptz NOT NULL,
        applied_at  timestamptz,
        PRIMARY KEY (source, id)
      );
      CREATE INDEX outside_event_waiting ON payments.outside_event (source, subject, seq) WHERE state = 'WAITING';
      CREATE INDEX outside_event_failed ON payments.outside_event (received_at) WHERE state = 'FAILED';
      GRANT SELECT, INSERT ON payments.outside_event TO strongroom_app;
      GRANT UPDATE (state, note, attempts, applied_at) ON payments.outside_event TO strongroom_app;

      CREATE TABLE payments.poll_position (
        feed     text PRIMARY KEY,
        position bigint NOT NULL
      );
      GRANT SELECT, INSERT, UPDATE ON payments.poll_position TO strongroom_app;

      -- What must not happen until somebody has looked: to one withdrawal, one customer, or all that leaves in one currency.
      CREATE TABLE payments.freeze (
        id        uuid PRIMARY KEY,
        scope     text NOT NULL CHECK (scope IN ('withdrawal', 'customer', 'asset')),
        subject   text NOT NULL,
        reason    text NOT NULL,
        source_id text,
        opened_at timestamptz NOT NULL,
        lifted_at timestamptz,
        lifted_by text
      );
      CREATE UNIQUE INDEX freeze_standing ON payments.freeze (scope, subject, reason) WHERE lifted_at IS NULL;
      GRANT SELECT, INSERT ON payments.freeze TO strongroom_app;
      GRANT UPDATE (lifted_at, lifted_by) ON payments.freeze TO strongroom_app;

      CREATE TABLE payments.reconciliation_run (
        id              uuid PRIMARY KEY,
        subject         text NOT NULL CHECK (subject IN ('bank', 'card')),
        asset           text NOT NULL,
        cutoff          timestamptz NOT NULL,
        outside_balance numeric(78,0) NOT NULL CHECK (outside_balance <> 'NaN'),
        ledger_balance  numeric(78,0) NOT NULL CHECK (ledger_balance <> 'NaN'),
        matched         int NOT NULL,
        in_transit      int NOT NULL,
        breaks          int NOT NULL,
        started_at      timestamptz NOT NULL,
        finished_at     timestamptz NOT NULL
      );
      CREATE INDEX reconciliation_run_recent ON payments.reconciliation_run (started_at DESC, id DESC);
      GRANT SELECT, INSERT ON payments.reconciliation_run TO strongroom_app;

      CREATE TABLE payments.reconciliation_item (
        run_id      uuid NOT NULL REFERENCES payments.reconciliation_run (id),
        position    int NOT NULL,
        outcome     text NOT NULL CHECK (outcome IN ('matched_by_amount', 'in_transit', 'break')),
        reason      text NOT NULL,
        outside_id  text,
        transfer_id uuid,
        outside_amount numeric(78,0),
        ledger_amount  numeric(78,0),
        at          timestamptz NOT NULL,
        PRIMARY KEY (run_id, position)
      );
      GRANT SELECT, INSERT ON payments.reconciliation_item TO strongroom_app;

      -- Pairs that are settled for good, so that a run looks only at what is new or open.
      CREATE TABLE payments.reconciled (
        subject     text NOT NULL,
        outside_id  text NOT NULL,
        transfer_id uuid NOT NULL,
        run_id      uuid NOT NULL REFERENCES payments.reconciliation_run (id),
        rule        text NOT NULL CHECK (rule IN ('reference', 'amount')),
        PRIMARY KEY (subject, outside_id),
        UNIQUE (subject, transfer_id)
      );
      GRANT SELECT, INSERT ON payments.reconciled TO strongroom_app;

      CREATE TABLE payments.history (
        seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        aggregate  text NOT NULL,
        id         uuid NOT NULL,
        event      text NOT NULL,
        from_state text,
        to_state   text NOT NULL,
        note       text,
        at         timestamptz NOT NULL
      );
      CREATE INDEX history_of ON payments.history (aggregate, id, seq);
      CREATE TRIGGER history_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON payments.history
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      CREATE TRIGGER bank_line_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON payments.bank_line
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      CREATE TRIGGER card_line_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON payments.card_line
        FOR EACH STATEMENT EXECUTE FUNCTION base.history_is_final();
      GRANT SELECT, INSERT ON payments.history TO strongroom_app;
      GRANT SELECT ON ALL TABLES IN SCHEMA payments TO strongroom_auditor;

      SELECT ledger.define_kind('payments.bank-credit', 'A bank credit with a known reference', '{{bank_nostro,customer_available}}');
      SELECT ledger.define_kind('payments.treasury-credit', 'The house pays money in', '{{bank_nostro,house_inventory}}');
      SELECT ledger.define_kind('payments.unidentified-credit', 'A bank credit nobody can be named for', '{{bank_nostro,suspense_credit}}');
      SELECT ledger.define_kind('payments.repoint', 'An unidentified credit finds its owner', '{{suspense_credit,customer_available},
        {suspense_credit,card_receivable}}');
      SELECT ledger.define_kind('payments.unordered-debit', 'The bank took what nobody ordered', '{{suspense_debit,bank_nostro}}');
      SELECT ledger.define_kind('payments.card-capture', 'A captured card payment', '{{card_receivable,customer_available}}');
      SELECT ledger.define_kind('payments.card-refund', 'A refund that the processor has paid', '{{customer_hold,card_receivable}}');
      SELECT ledger.define_kind('payments.card-refund-claimed', 'A refund that the processor made by itself', '{{customer_available,card_receivable},
        {customer_debt,card_receivable}}');
      SELECT ledger.define_kind('payments.chargeback', 'A chargeback, from what is there and what is owed', '{{customer_available,card_receivable},
        {customer_debt,card_receivable}}');
      SELECT ledger.define_kind('payments.chargeback-fee', 'The processor''s fee for a chargeback', '{{chargeback_losses,card_receivable}}');
      SELECT ledger.define_kind('payments.chargeback-won', 'A chargeback undone', '{{card_receivable,customer_available},
        {card_receivable,customer_debt}}');
      SELECT ledger.define_kind('payments.debt-repaid', 'A customer''s money pays a debt', '{{customer_available,customer_debt}}');
      SELECT ledger.define_kind('payments.debt-written-off', 'A debt that will not be paid', '{{chargeback_losses,customer_debt}}');
      SELECT ledger.define_kind('payments.payout-fee', 'What the processor keeps of a payout', '{{processor_fees,card_receivable}}');
      SELECT ledger.define_kind('payments.payout', 'The processor''s payout arrives', '{{bank_nostro,card_receivable}}');
      SELECT ledger.define_kind('payments.withdrawal-submit', 'The bank has taken a payment order', '{{customer_hold,withdrawals_payable},
        {suspense_credit,withdrawals_payable}}');
      SELECT ledger.define_kind('payments.withdrawal-settle', 'A payment has left the bank', '{{withdrawals_payable,bank_nostro},
        {withdrawals_payable,fee_revenue}}');
      SELECT ledger.define_kind('payments.withdrawal-fail', 'A payment order that came to nothing', '{{withdrawals_payable,customer_available},
        {withdrawals_payable,suspense_credit}}');
      SELECT ledger.define_kind('payments.withdrawal-return', 'A payment came back', '{{bank_nostro,customer_available},{bank_nostro,suspense_credit}}');
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA payments CASCADE');
  }
}
