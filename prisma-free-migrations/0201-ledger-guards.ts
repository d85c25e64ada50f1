import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * The invariants that hold whoever writes, the owner included. Statement-level triggers ask their transition table against primary keys, once
 * per batch; they rely on transfers, entries, holds and balances being written by one statement, so that each sees what the others wrote.
 * They run with the planner settings of `ledger.post()`.
 */
export class LedgerGuards1790000000201 implements MigrationInterface {
  name = 'LedgerGuards1790000000201';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'ledger.% is history: no % of its rows', TG_TABLE_NAME, TG_OP USING ERRCODE = 'LG006';
END $$;

CREATE FUNCTION ledger.check_added_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fault record;
BEGIN
  SELECT a.transfer_id, a.unbalanced, a.n, t.n_legs INTO fault
    FROM (SELECT s.transfer_id, sum(s.n) AS n, bool_or(s.total <> 0) AS unbalanced
            FROM (SELECT e.transfer_id, count(*) AS n, sum(e.amount) AS total
                    FROM added e GROUP BY e.transfer_id, e.asset_id) s
           GROUP BY s.transfer_id) a
    LEFT JOIN (SELECT x.id, x.n_legs, x.xid FROM ledger.transfers x
                WHERE x.id = ANY (ARRAY(SELECT e.transfer_id FROM added e))) t ON t.id = a.transfer_id
   WHERE a.unbalanced OR t.n_legs IS DISTINCT FROM a.n OR t.xid <> pg_current_xact_id()
   LIMIT 1;
  IF fault.unbalanced THEN
    RAISE EXCEPTION 'transfer % does not sum to zero', fault.transfer_id USING ERRCODE = 'LG001';
  ELSIF fault.transfer_id IS NOT NULL THEN
    RAISE EXCEPTION 'transfer % was given % legs where it has %', fault.transfer_id, fault.n, fault.n_legs
      USING ERRCODE = 'LG002';
  END IF;

  -- Each entry continues the one before it, the first of an account its prior state; the newest is where the account stands.
  SELECT bool_or(e.hold_id IS NOT NULL) AS has_holds,
         min(e.account_id) FILTER (WHERE b.account_id IS NULL
           OR e.asset_id <> b.asset_id
           OR b.is_hold <> (e.hold_id IS NOT NULL)
           OR e.account_version <> coalesce(e.before_version, b.prior_version) + 1
           OR e.balance_after <> coalesce(e.before_balance, b.prior_balance) + e.amount * b.normal_sign
           OR e.posted_at < e.before_posted_at
           OR (e.after_version IS NULL AND (e.account_version <> b.version OR e.balance_after <> b.balance
                                            OR e.posted_at <> b.updated_at))) AS account_id
    INTO fault
    FROM (SELECT n.*,
                 lag(n.account_version) OVER w AS before_version,
                 lag(n.balance_after) OVER w AS before_balance,
                 lag(n.posted_at) OVER w AS before_posted_at,
                 lead(n.account_version) OVER w AS after_version
            FROM added n
          WINDOW w AS (PARTITION BY n.account_id ORDER BY n.account_version)) e
    LEFT JOIN (SELECT * FROM ledger.balances x WHERE x.account_id = ANY (ARRAY(SELECT n.account_id FROM added n))) b
      ON b.account_id = e.account_id;
  IF fault.account_id IS NOT NULL THEN
    RAISE EXCEPTION 'the entries of account % do not continue it', fault.account_id USING ERRCODE = 'LG004';
  END IF;

  IF fault.has_holds THEN
    SELECT e.hold_id INTO fault
      FROM added e LEFT JOIN ledger.holds h ON h.id = e.hold_id
     WHERE e.hold_id IS NOT NULL
       AND (h.account_id IS DISTINCT FROM e.account_id OR h.remaining IS DISTINCT FROM ledger.held_by(e.hold_id))
     LIMIT 1;
    IF fault.hold_id IS NOT NULL THEN
      RAISE EXCEPTION 'hold % does not follow from its entries', fault.hold_id USING ERRCODE = 'LG009';
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION ledger.held_by(hold uuid) RETURNS numeric STABLE LANGUAGE sql AS $$
  SELECT sum(e.amount * b.normal_sign)
    FROM ledger.entries e JOIN ledger.balances b ON b.account_id = e.account_id
   WHERE e.hold_id = hold
$$;

CREATE TRIGGER entries_are_sound AFTER INSERT ON ledger.entries REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_added_entries();

-- The other half: a transfer without legs. Those that came with legs have exactly theirs, so counting them all is enough.
CREATE FUNCTION ledger.check_added_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(t.n_legs) FROM added t)
     <> (SELECT count(*) FROM ledger.entries e WHERE e.transfer_id = ANY (ARRAY(SELECT t.id FROM added t)))
  THEN
    RAISE EXCEPTION 'a transfer came without its legs' USING ERRCODE = 'LG002';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER transfers_are_sound AFTER INSERT ON ledger.transfers REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_added_transfers();

-- The other half of entries_are_sound: a balance that moves without an entry.
CREATE FUNCTION ledger.check_changed_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fault bigint;
BEGIN
  SELECT b.account_id INTO fault
    FROM changed b
    LEFT JOIN LATERAL (SELECT x.balance_after FROM ledger.entries x
                        WHERE x.account_id = b.account_id AND x.account_version = b.version LIMIT 1) e ON true
   WHERE b.balance <> coalesce(e.balance_after, 0) OR (e.balance_after IS NULL AND b.version > 0)
   LIMIT 1;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION 'the balance of account % is not that of its newest entry', fault USING ERRCODE = 'LG004';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER balances_follow_entries AFTER UPDATE ON ledger.balances REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_changed_balances();

CREATE FUNCTION ledger.refuse_balance_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a balance moves only forward, keeps its asset, type and side, and stays closed (account %)', OLD.account_id
    USING ERRCODE = 'LG005';
END $$;

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

CREATE FUNCTION ledger.check_new_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM ledger.accounts a JOIN ledger.account_types t ON t.code = a.type_code
     WHERE a.id = NEW.account_id AND a.asset_id = NEW.asset_id AND a.type_code = NEW.type_code
       AND t.normal_sign = NEW.normal_sign AND t.is_hold = NEW.is_hold)
  THEN
    RAISE EXCEPTION 'a balance takes asset, type and side from its account (%)', NEW.account_id USING ERRCODE = 'LG005';
  END IF;
  IF EXISTS (
    SELECT FROM (SELECT 1) one
      LEFT JOIN LATERAL (SELECT x.balance_after, x.account_version FROM ledger.entries x
                          WHERE x.account_id = NEW.account_id ORDER BY x.account_version DESC LIMIT 1) e ON true
     WHERE NEW.balance <> coalesce(e.balance_after, 0) OR NEW.version <> coalesce(e.account_version, 0))
  THEN
    RAISE EXCEPTION 'the balance of account % is not that of its newest entry', NEW.account_id USING ERRCODE = 'LG004';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER balances_start_sound BEFORE INSERT ON ledger.balances FOR EACH ROW
  EXECUTE FUNCTION ledger.check_new_balance();

CREATE FUNCTION ledger.check_changed_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  fault uuid;
BEGIN
  SELECT h.id INTO fault FROM changed h WHERE h.remaining IS DISTINCT FROM ledger.held_by(h.id) LIMIT 1;
  IF fault IS NOT NULL THEN
    RAISE EXCEPTION 'hold % does not follow from its entries', fault USING ERRCODE = 'LG009';
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER holds_follow_entries_new AFTER INSERT ON ledger.holds REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_changed_holds();
CREATE TRIGGER holds_follow_entries AFTER UPDATE ON ledger.holds REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_changed_holds();
CREATE TRIGGER holds_keep_their_nature BEFORE UPDATE ON ledger.holds FOR EACH ROW
  WHEN ((NEW.id, NEW.account_id, NEW.release_to, NEW.amount, NEW.opened_at, NEW.expires_at)
        IS DISTINCT FROM (OLD.id, OLD.account_id, OLD.release_to, OLD.amount, OLD.opened_at, OLD.expires_at))
  EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER accounts_keep_their_nature BEFORE UPDATE ON ledger.accounts FOR EACH ROW
  WHEN ((NEW.id, NEW.path, NEW.type_code, NEW.asset_id, NEW.owner_id, NEW.opened_at)
        IS DISTINCT FROM (OLD.id, OLD.path, OLD.type_code, OLD.asset_id, OLD.owner_id, OLD.opened_at))
  EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER assets_keep_their_scale BEFORE UPDATE ON ledger.assets FOR EACH ROW
  WHEN ((NEW.id, NEW.code, NEW.kind, NEW.scale, NEW.chain, NEW.contract)
        IS DISTINCT FROM (OLD.id, OLD.code, OLD.kind, OLD.scale, OLD.chain, OLD.contract))
  EXECUTE FUNCTION ledger.refuse_change();

CREATE TRIGGER account_types_keep_their_meaning BEFORE UPDATE ON ledger.account_types FOR EACH ROW
  WHEN ((NEW.code, NEW.name, NEW.class, NEW.contra, NEW.floor, NEW.is_hold)
        IS DISTINCT FROM (OLD.code, OLD.name, OLD.class, OLD.contra, OLD.floor, OLD.is_hold))
  EXECUTE FUNCTION ledger.refuse_change();
`);

    const history = ['transfers', 'entries', 'blocks', 'account_changes', 'periods'];
    const neverDeleted = ['accounts', 'balances', 'holds', 'assets', 'account_types'];
    for (const table of history) {
      await q.query(`CREATE TRIGGER ${table}_never_change BEFORE UPDATE OR DELETE ON ledger.${table}
        FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()`);
    }
    for (const table of neverDeleted) {
      await q.query(`CREATE TRIGGER ${table}_never_go BEFORE DELETE ON ledger.${table}
        FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change()`);
    }
    for (const table of [...history, ...neverDeleted]) {
      await q.query(`CREATE TRIGGER ${table}_never_truncated BEFORE TRUNCATE ON ledger.${table}
        FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()`);
    }
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
DO $$
DECLARE
  guard record;
BEGIN
  FOR guard IN
    SELECT t.tgname, t.tgrelid::regclass AS relation FROM pg_trigger t
     WHERE NOT t.tgisinternal AND t.tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'ledger'::regnamespace)
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', guard.tgname, guard.relation);
  END LOOP;
END $$;
DROP FUNCTION ledger.check_added_entries, ledger.check_added_transfers, ledger.check_changed_balances, ledger.check_changed_holds,
  ledger.check_new_balance, ledger.refuse_balance_change, ledger.refuse_change, ledger.held_by;
`);
  }
}
