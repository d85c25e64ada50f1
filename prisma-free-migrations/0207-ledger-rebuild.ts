import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The balances are a projection: whatever happens to them, they are made again from the entries. One call replaces the table, guards and
 * grants included, so no guard is ever switched off; each new row passes `balances_start_sound` like any other.
 */
export class LedgerRebuild1790000000207 implements MigrationInterface {
  name = 'LedgerRebuild1790000000207';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
DROP FUNCTION ledger.rebuild_balances;

-- The table as the migrations before this one left it. Whoever changes ledger.balances changes this too; the spec of B14 compares the two.
CREATE FUNCTION ledger.create_balances() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CREATE TABLE ledger.balances (
    account_id bigint PRIMARY KEY,
    asset_id smallint NOT NULL,
    type_code smallint NOT NULL,
    normal_sign smallint NOT NULL,
    is_hold boolean NOT NULL,
    may_pay boolean NOT NULL DEFAULT true,
    may_receive boolean NOT NULL DEFAULT true,
    balance numeric(78,0) NOT NULL DEFAULT 0,
    floor numeric(78,0),
    version bigint NOT NULL DEFAULT 0,
    prior_balance numeric(78,0) NOT NULL DEFAULT 0,
    prior_version bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL,
    CONSTRAINT balances_floor CHECK (balance >= floor AND balance <> 'NaN'),
    CONSTRAINT balances_closed_is_empty CHECK (may_receive OR balance = 0)
  ) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

  CREATE TRIGGER balances_start_sound BEFORE INSERT ON ledger.balances FOR EACH ROW
    EXECUTE FUNCTION ledger.check_new_balance();
  CREATE TRIGGER balances_follow_entries AFTER UPDATE ON ledger.balances REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_changed_balances();
  CREATE TRIGGER balances_keep_their_nature
    BEFORE UPDATE OF account_id, asset_id, type_code, normal_sign, is_hold ON ledger.balances
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_balance_change();
  CREATE TRIGGER balances_move_forward
    BEFORE UPDATE OF balance, version, prior_balance, prior_version, updated_at ON ledger.balances FOR EACH ROW
    WHEN (NEW.version <= OLD.version OR NEW.prior_version <> OLD.version OR NEW.prior_balance <> OLD.balance
       OR NEW.updated_at < OLD.updated_at)
    EXECUTE FUNCTION ledger.refuse_balance_change();
  CREATE TRIGGER balances_stay_closed BEFORE UPDATE OF may_pay, may_receive, floor ON ledger.balances FOR EACH ROW
    WHEN (NOT OLD.may_receive) EXECUTE FUNCTION ledger.refuse_balance_change();
  CREATE TRIGGER balances_never_go BEFORE DELETE ON ledger.balances
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
  CREATE TRIGGER balances_never_truncated BEFORE TRUNCATE ON ledger.balances
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

  GRANT SELECT ON ledger.balances TO strongroom_app, strongroom_auditor;
END $$;

-- What the entries and the decisions about accounts say. Summed up rather than read off the newest entry: check_new_balance() holds the sum
-- against the newest entry, so an account whose entries do not lead to where the newest one says is refused and not papered over.
CREATE FUNCTION ledger.derive_balances() RETURNS TABLE (
  account_id bigint, asset_id smallint, type_code smallint, normal_sign smallint, is_hold boolean, may_pay boolean, may_receive boolean,
  balance numeric, floor numeric, version bigint, updated_at timestamptz
) STABLE LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.id, a.asset_id, a.type_code, t.normal_sign, t.is_hold,
         coalesce(c.status = 'open', true), coalesce(c.status <> 'closed', true), coalesce(e.total, 0) * t.normal_sign,
         CASE WHEN c.account_id IS NULL THEN t.floor ELSE c.floor END, coalesce(e.n, 0), coalesce(e.last_at, a.opened_at)
    FROM ledger.accounts a
    JOIN ledger.account_types t ON t.code = a.type_code
    LEFT JOIN (SELECT x.account_id, sum(x.amount) AS total, count(*) AS n, max(x.posted_at) AS last_at
                 FROM ledger.entries x GROUP BY x.account_id) e ON e.account_id = a.id
    LEFT JOIN (SELECT DISTINCT ON (x.account_id) x.account_id, x.status, x.floor
                 FROM ledger.account_changes x ORDER BY x.account_id, x.number DESC) c ON c.account_id = a.id
$$;

-- For the owner. Replaces the balances, lost, wrong or sound, by what the entries say, in the caller's transaction; postings and openings of
-- accounts wait for it. Answers how many accounts there are, and how many of them had lost their row or had a wrong one.
CREATE FUNCTION ledger.rebuild_balances(OUT accounts bigint, OUT lost bigint, OUT wrong bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    -- A snapshot from before the lock would miss what was posted while waiting for it.
    RAISE EXCEPTION 'balances are rebuilt in a READ COMMITTED transaction' USING ERRCODE = '25001';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('ledger.rebuild_balances', 0));
  IF to_regclass('ledger.balances') IS NOT NULL THEN
    -- Every posting, opening and change of an account writes here, so none is under way and none begins.
    LOCK TABLE ledger.balances IN ACCESS EXCLUSIVE MODE;
    SELECT count(*) FILTER (WHERE b.account_id IS NULL), count(*) FILTER (WHERE b.account_id IS NOT NULL)
      INTO lost, wrong
      FROM ledger.derive_balances() d
      LEFT JOIN ledger.balances b ON b.account_id = d.account_id
     WHERE (d.asset_id, d.type_code, d.normal_sign, d.is_hold, d.may_pay, d.may_receive, d.balance, d.floor, d.version, d.updated_at)
           IS DISTINCT FROM
           (b.asset_id, b.type_code, b.normal_sign, b.is_hold, b.may_pay, b.may_receive, b.balance, b.floor, b.version, b.updated_at);
    wrong := wrong + (SELECT count(*) FROM ledger.balances b
                       WHERE NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.id = b.account_id));
    DROP TABLE ledger.balances;
  END IF;
  PERFORM ledger.create_balances();
  -- What the state was before the newest posting is of use within that posting only, so it starts anew.
  INSERT INTO ledger.balances
         (account_id, asset_id, type_code, normal_sign, is_hold, may_pay, may_receive, balance, floor, version, updated_at)
  SELECT d.* FROM ledger.derive_balances() d;
  GET DIAGNOSTICS accounts = ROW_COUNT;
  lost := coalesce(lost, accounts);
  wrong := coalesce(wrong, 0);
  ANALYZE ledger.balances;
END $$;

REVOKE ALL ON FUNCTION ledger.create_balances, ledger.derive_balances, ledger.rebuild_balances FROM PUBLIC;
`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
DROP FUNCTION ledger.rebuild_balances, ledger.derive_balances, ledger.create_balances;

CREATE FUNCTION ledger.rebuild_balances() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  INSERT INTO ledger.balances
         (account_id, asset_id, type_code, normal_sign, is_hold, may_pay, may_receive, balance, floor, version, updated_at)
  SELECT a.id, a.asset_id, a.type_code, t.normal_sign, t.is_hold,
         coalesce(c.status = 'open', true), coalesce(c.status <> 'closed', true), coalesce(e.balance_after, 0),
         CASE WHEN c.account_id IS NULL THEN t.floor ELSE c.floor END, coalesce(e.account_version, 0),
         coalesce(e.posted_at, a.opened_at)
    FROM ledger.accounts a
    JOIN ledger.account_types t ON t.code = a.type_code
    LEFT JOIN LATERAL (SELECT * FROM ledger.entries x WHERE x.account_id = a.id ORDER BY x.account_version DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (SELECT * FROM ledger.account_changes x WHERE x.account_id = a.id ORDER BY x.number DESC LIMIT 1) c ON true
  ON CONFLICT (account_id) DO NOTHING;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;
REVOKE ALL ON FUNCTION ledger.rebuild_balances FROM PUBLIC;
`);
  }
}
