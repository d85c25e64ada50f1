import { type MigrationInterface, type QueryRunner } from 'typeorm';

export class Identity1790000000300 implements MigrationInterface {
  readonly name = 'Identity1790000000300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE SCHEMA identity; GRANT USAGE ON SCHEMA identity TO strongroom_app;');
    await runner.query(PRINCIPALS);
    await runner.query(SESSIONS);
    await runner.query(SECOND_FACTORS);
    await runner.query(API_KEYS);
    await runner.query(THROTTLE);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP SCHEMA identity CASCADE');
  }
}

const PRINCIPALS = `
  -- Whoever can prove who they are. The two realms never meet: an e-mail address may stand in both, a session in one.
  CREATE TABLE identity.principal (
    id                uuid PRIMARY KEY,
    realm             text NOT NULL CHECK (realm IN ('customer', 'operator')),
    email             text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    email_verified_at timestamptz,
    password_hash     text,
    status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'frozen', 'closed')),
    session_epoch     integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    UNIQUE (realm, email),
    UNIQUE (id, realm),
    CHECK (realm = 'customer' OR status <> 'frozen'),
    CHECK (realm = 'operator' OR password_hash IS NOT NULL)
  );

  -- Sessions opened under an older epoch are dead for good, so it may only rise, whatever is restored around it.
  CREATE FUNCTION identity.refuse_older_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'session_epoch never falls' USING ERRCODE = 'check_violation';
  END $$;
  CREATE TRIGGER epoch_only_rises BEFORE UPDATE ON identity.principal
    FOR EACH ROW WHEN (NEW.session_epoch < OLD.session_epoch) EXECUTE FUNCTION identity.refuse_older_epoch();

  CREATE TABLE identity.customer (
    id                     uuid PRIMARY KEY,
    realm                  text NOT NULL DEFAULT 'customer' CHECK (realm = 'customer'),
    tier                   smallint NOT NULL DEFAULT 0 CHECK (tier BETWEEN 0 AND 3),
    withdrawals_held_until timestamptz,
    FOREIGN KEY (id, realm) REFERENCES identity.principal (id, realm)
  );

  CREATE TABLE identity.operator (
    id           uuid PRIMARY KEY,
    realm        text NOT NULL DEFAULT 'operator' CHECK (realm = 'operator'),
    display_name text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 80),
    roles        text[] NOT NULL CHECK (roles <@ ARRAY['support', 'treasury', 'compliance', 'lending', 'admin'] AND cardinality(roles) > 0),
    FOREIGN KEY (id, realm) REFERENCES identity.principal (id, realm)
  );

  CREATE TABLE identity.one_time_token (
    hash         bytea PRIMARY KEY,
    principal_id uuid NOT NULL REFERENCES identity.principal,
    purpose      text NOT NULL CHECK (purpose IN ('verify-email', 'reset-password', 'accept-invitation')),
    issued_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
  );
  CREATE INDEX one_time_token_open ON identity.one_time_token (principal_id, purpose) WHERE used_at IS NULL;
  CREATE INDEX one_time_token_by_expiry ON identity.one_time_token (expires_at);

  GRANT SELECT, INSERT ON identity.principal, identity.customer, identity.operator, identity.one_time_token TO strongroom_app;
  GRANT UPDATE (email_verified_at, password_hash, status, session_epoch) ON identity.principal TO strongroom_app;
  GRANT UPDATE (tier, withdrawals_held_until) ON identity.customer TO strongroom_app;
  GRANT UPDATE (roles) ON identity.operator TO strongroom_app;
  GRANT UPDATE (used_at), DELETE ON identity.one_time_token TO strongroom_app;
`;

const SESSIONS = `
  -- One sign-in on one device; its tokens are a family that dies together.
  CREATE TABLE identity.session (
    id             uuid PRIMARY KEY,
    principal_id   uuid NOT NULL REFERENCES identity.principal,
    epoch          integer NOT NULL,
    second_factor  boolean NOT NULL,
    device         text NOT NULL CHECK (length(device) <= 200),
    network        inet NOT NULL,
    opened_at      timestamptz NOT NULL,
    last_seen_at   timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    revoked_reason text CHECK (revoked_reason IN ('logout', 'revoked-by-owner', 'refresh-token-reused', 'superseded')),
    CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
  );
  CREATE INDEX session_open ON identity.session (principal_id, opened_at) WHERE revoked_at IS NULL;
  CREATE INDEX session_by_expiry ON identity.session (expires_at);

  CREATE TABLE identity.session_token (
    hash       bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES identity.session ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('access', 'refresh')),
    issued_at  timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
  );
  CREATE INDEX session_token_by_session ON identity.session_token (session_id);

  GRANT SELECT, INSERT, DELETE ON identity.session, identity.session_token TO strongroom_app;
  GRANT UPDATE (last_seen_at, revoked_at, revoked_reason) ON identity.session TO strongroom_app;
  GRANT UPDATE (used_at) ON identity.session_token TO strongroom_app;
`;

const SECOND_FACTORS = `
  CREATE TABLE identity.totp (
    principal_id uuid PRIMARY KEY REFERENCES identity.principal,
    sealed       bytea NOT NULL,
    enrolled_at  timestamptz NOT NULL,
    confirmed_at timestamptz,
    -- The last time step whose code was accepted; RFC 6238 section 5.2 wants each used once.
    last_step    bigint NOT NULL DEFAULT 0
  );

  CREATE TABLE identity.recovery_code (
    principal_id uuid NOT NULL REFERENCES identity.principal,
    hash         bytea NOT NULL,
    used_at      timestamptz,
    PRIMARY KEY (principal_id, hash)
  );

  -- A second factor given for one operation: bound to the digest of exactly what will be asked.
  CREATE TABLE identity.step_up (
    hash         bytea PRIMARY KEY,
    principal_id uuid NOT NULL REFERENCES identity.principal,
    session_id   uuid NOT NULL REFERENCES identity.session ON DELETE CASCADE,
    digest       bytea NOT NULL CHECK (length(digest) = 32),
    issued_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
  );
  CREATE INDEX step_up_by_session ON identity.step_up (session_id);
  CREATE INDEX step_up_by_expiry ON identity.step_up (expires_at);

  GRANT SELECT, INSERT, DELETE ON identity.totp, identity.recovery_code, identity.step_up TO strongroom_app;
  GRANT UPDATE (sealed, enrolled_at, confirmed_at, last_step) ON identity.totp TO strongroom_app;
  GRANT UPDATE (used_at) ON identity.recovery_code, identity.step_up TO strongroom_app;
`;

const API_KEYS = `
  CREATE TABLE identity.api_key (
    id           uuid PRIMARY KEY,
    customer_id  uuid NOT NULL REFERENCES identity.customer,
    label        text NOT NULL CHECK (length(label) BETWEEN 1 AND 80),
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    scopes       text[] NOT NULL CHECK (scopes <@ ARRAY['view', 'trade', 'transfer', 'withdraw'] AND cardinality(scopes) > 0),
    networks     cidr[] NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    -- A stolen key must not be able to empty an account from anywhere.
    CHECK (NOT scopes @> ARRAY['withdraw'] OR cardinality(networks) > 0)
  );
  CREATE INDEX api_key_by_customer ON identity.api_key (customer_id, created_at);

  GRANT SELECT, INSERT ON identity.api_key TO strongroom_app;
  GRANT UPDATE (last_used_at, revoked_at) ON identity.api_key TO strongroom_app;
`;

const THROTTLE = `
  -- Failed proofs, counted per bucket within a window; in the database so that neither a restart nor a second node forgets.
  CREATE TABLE identity.attempt (
    bucket         text PRIMARY KEY,
    failures       integer NOT NULL,
    window_ends_at timestamptz NOT NULL
  );
  CREATE INDEX attempt_by_window ON identity.attempt (window_ends_at);

  -- Where a principal has signed in before: strangers who lock a bucket elsewhere do not lock the owner out here.
  CREATE TABLE identity.known_network (
    principal_id uuid NOT NULL REFERENCES identity.principal,
    network      cidr NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (principal_id, network)
  );

  GRANT SELECT, INSERT, UPDATE, DELETE ON identity.attempt, identity.known_network TO strongroom_app;
`;
