import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Opening and governing accounts, closing periods, daily snapshots, and rebuilding the balances from the entries. */
export class LedgerAccounts1790000000203 implements MigrationInterface {
  name = 'LedgerAccounts1790000000203';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
-- The one spelling of an account: type:asset, or type:asset:owner.
CREATE FUNCTION ledger.account_path(type_name text, asset_code text, owner uuid) RETURNS text IMMUTABLE LANGUAGE sql
RETURN concat_ws(':', type_name, asset_code, owner);

-- Opens the accounts that do not exist and returns all of them, in the order asked. Opened in the order of their paths, so that two
-- callers who open the same ones wait for each other and do not deadlock.
CREATE FUNCTION ledger.open_accounts(opened timestamptz, types text[], assets text[], owners uuid[])
RETURNS TABLE (place integer, path text, id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  unknown record;
BEGIN
  SELECT w.type_name, w.asset_code INTO unknown
    FROM unnest(types, assets) w (type_name, asset_code)
    LEFT JOIN ledger.account_types t ON t.name = w.type_name
    LEFT JOIN ledger.assets x ON x.code = w.asset_code
   WHERE t.code IS NULL OR x.id IS NULL
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'no account of type % in asset % can be opened', unknown.type_name, unknown.asset_code USING ERRCODE = 'LG003';
  END IF;

  WITH wanted AS (
    SELECT DISTINCT ledger.account_path(t.name, x.code, w.owner) AS path, t.code, x.id AS asset_id, w.owner
      FROM unnest(types, assets, owners) w (type_name, asset_code, owner)
      JOIN ledger.account_types t ON t.name = w.type_name
      JOIN ledger.assets x ON x.code = w.asset_code
     ORDER BY 1
  )
  INSERT INTO ledger.accounts (path, type_code, asset_id, owner_id, opened_at)
  SELECT w.path, w.code, w.asset_id, w.owner, opened FROM wanted w
   WHERE NOT EXISTS (SELECT FROM ledger.accounts a WHERE a.path = w.path)
   ORDER BY w.path
  ON CONFLICT (path) DO NOTHING;

  -- A statement of its own: after waiting for another opener it sees what that one committed.
  INSERT INTO ledger.balances (account_id, asset_id, type_code, normal_sign, is_hold, floor, updated_at)
  SELECT a.id, a.asset_id, a.type_code, t.normal_sign, t.is_hold, t.floor, a.opened_at
    FROM ledger.accounts a JOIN ledger.account_types t ON t.code = a.type_code
   WHERE a.path IN (SELECT ledger.account_path(w.type_name, w.asset_code, w.owner)
                      FROM unnest(types, assets, owners) w (type_name, asset_code, owner))
     AND NOT EXISTS (SELECT FROM ledger.balances b WHERE b.account_id = a.id)
   ORDER BY a.id
  ON CONFLICT (account_id) DO NOTHING;

  RETURN QUERY
    SELECT w.place::integer, a.path, a.id
      FROM unnest(types, assets, owners) WITH ORDINALITY w (type_name, asset_code, owner, place)
      JOIN ledger.accounts a ON a.path = ledger.account_path(w.type_name, w.asset_code, w.owner)
     ORDER BY w.place;
END $$;

-- Freezes (may only receive), reopens, closes (for good, and only when empty) or gives another floor. Every change is kept with its reason.
CREATE FUNCTION ledger.change_account(
  account bigint, new_status text, set_floor boolean, new_floor numeric, why text, who text, changed timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b record;
BEGIN
  SELECT * INTO b FROM ledger.balances x WHERE x.account_id = account FOR NO KEY UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'no account %', account USING ERRCODE = 'LG003'; END IF;
  new_status := coalesce(new_status, CASE WHEN b.may_pay THEN 'open' WHEN b.may_receive THEN 'frozen' ELSE 'closed' END);
  IF NOT set_floor THEN new_floor := b.floor; END IF;
  IF (new_status = 'open', new_status <> 'closed', new_floor) IS NOT DISTINCT FROM (b.may_pay, b.may_receive, b.floor) THEN RETURN; END IF;
  INSERT INTO ledger.account_changes (account_id, number, status, floor, reason, changed_by, changed_at)
  SELECT account, 1 + coalesce(max(c.number), 0), new_status, new_floor, why, who, changed
    FROM ledger.account_changes c WHERE c.account_id = account;
  UPDATE ledger.balances x SET may_pay = new_status = 'open', may_receive = new_status <> 'closed', floor = new_floor
   WHERE x.account_id = account;
END $$;

CREATE FUNCTION ledger.close_period(through timestamptz, who text, closed timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF through > closed THEN
    RAISE EXCEPTION 'a period can be closed when it is over' USING ERRCODE = 'LG010';
  END IF;
  IF through <= (SELECT max(p.closed_through) FROM ledger.periods p) THEN
    RAISE EXCEPTION 'the books are already closed through %', (SELECT max(p.closed_through) FROM ledger.periods p)
      USING ERRCODE = 'LG010';
  END IF;
  INSERT INTO ledger.periods (closed_through, closed_by, closed_at) VALUES (through, who, closed);
END $$;

-- Each account's balance at the end of a day, written once. Taken from the entries, so it does not matter when it runs.
CREATE FUNCTION ledger.take_snapshot(of_day date, taken timestamptz)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day_end timestamptz := (of_day + 1)::timestamp AT TIME ZONE 'UTC';
  n bigint;
BEGIN
  IF taken < day_end THEN RAISE EXCEPTION 'the day % is not over', of_day USING ERRCODE = 'LG010'; END IF;
  SELECT s.n_accounts INTO n FROM ledger.snapshot_days s WHERE s.day = of_day;
  IF FOUND THEN RETURN n; END IF;
  INSERT INTO ledger.balance_snapshots (account_id, day, account_version, balance)
  SELECT a.id, of_day, v.version, e.balance_after
    FROM ledger.accounts a
    CROSS JOIN LATERAL (SELECT ledger.version_at(a.id, day_end) AS version) v
    JOIN ledger.entries e ON e.account_id = a.id AND e.account_version = v.version;
  GET DIAGNOSTICS n = ROW_COUNT;
  INSERT INTO ledger.snapshot_days (day, n_accounts, taken_at) VALUES (of_day, n, taken);
  RETURN n;
END $$;

-- The newest version of an account posted before a moment. Posting time never runs backwards on an account and versions have no gaps, so a
-- binary search on the primary key finds it in about 2 log2(n) page reads, without an index on time.
CREATE FUNCTION ledger.version_at(account bigint, moment timestamptz) RETURNS bigint STABLE LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
DECLARE
  low bigint := 0;
  high bigint := (SELECT b.version FROM ledger.balances b WHERE b.account_id = account);
  middle bigint;
BEGIN
  WHILE low < high LOOP
    middle := (low + high + 1) / 2;
    IF (SELECT e.posted_at FROM ledger.entries e WHERE e.account_id = account AND e.account_version = middle) < moment THEN
      low := middle;
    ELSE
      high := middle - 1;
    END IF;
  END LOOP;
  RETURN low;
END $$;

-- Writes the balances that are missing, from the entries and the decisions about accounts. For the owner, after a loss of the projection.
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

-- For migrations: a kind of transfer and which account types it may debit and credit together, e.g.
-- SELECT ledger.define_kind('brokerage.buy', 'A purchase from the house book', '{{customer_available,house_inventory}}'). Called again it adds.
CREATE FUNCTION ledger.define_kind(new_kind text, what text, debit_credit text[], releases boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger.transfer_kinds (kind, description, is_release) VALUES (new_kind, what, releases) ON CONFLICT DO NOTHING;
  FOR i IN 1 .. coalesce(array_length(debit_credit, 1), 0) LOOP
    INSERT INTO ledger.transfer_kind_pairs (kind_number, debit_type, credit_type)
    SELECT k.number, d.code, c.code
      FROM ledger.transfer_kinds k, ledger.account_types d, ledger.account_types c
     WHERE k.kind = new_kind AND d.name = debit_credit[i][1] AND c.name = debit_credit[i][2]
    ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM ledger.account_types d, ledger.account_types c
                    WHERE d.name = debit_credit[i][1] AND c.name = debit_credit[i][2]) THEN
      RAISE EXCEPTION 'kind %: no account types % and %', new_kind, debit_credit[i][1], debit_credit[i][2]
        USING ERRCODE = 'LG003';
    END IF;
  END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.post, ledger.open_accounts, ledger.change_account, ledger.close_period, ledger.take_snapshot,
  ledger.version_at, ledger.account_path TO strongroom_app;
GRANT EXECUTE ON FUNCTION ledger.version_at, ledger.account_path TO strongroom_auditor;
`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`DROP FUNCTION ledger.open_accounts, ledger.change_account, ledger.close_period, ledger.take_snapshot,
      ledger.version_at, ledger.rebuild_balances, ledger.define_kind, ledger.account_path`);
  }
}
