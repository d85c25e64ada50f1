import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * `ledger.seal()`: a hash chain over the feed of transfers, made after the fact so that the hot path pays nothing. A range is final once no
 * running transaction can still add to it. The verifier recomputes the same digest with a text of its own, so that changing this function
 * does not fool it.
 */
export class LedgerChain1790000000204 implements MigrationInterface {
  name = 'LedgerChain1790000000204';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`
CREATE FUNCTION ledger.seal(sealed timestamptz, transfers_max integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last ledger.blocks;
  from_x xid8;
  to_x xid8;
  horizon xid8;
  number bigint;
  n_t integer;
  n_e integer;
  digest bytea;
  prev bytea;
BEGIN
  IF transfers_max < 1 THEN RAISE EXCEPTION 'a block has at least one transfer' USING ERRCODE = 'LG000'; END IF;
  PERFORM pg_advisory_xact_lock(7305884222);
  -- A statement of its own, after the lock: it sees the block of whoever held it before.
  SELECT * INTO last FROM ledger.blocks b ORDER BY b.seq DESC LIMIT 1;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  from_x := coalesce(last.to_xid, '0'::xid8);
  SELECT t.xid INTO to_x FROM ledger.transfers t
   WHERE t.xid >= from_x AND t.xid < horizon ORDER BY t.xid, t.id OFFSET transfers_max - 1 LIMIT 1;
  -- A transaction is sealed whole.
  to_x := coalesce((to_x::text::numeric + 1)::text::xid8, horizon);

  SELECT count(*), coalesce(sum(f.n_entries), 0), sha256(coalesce(string_agg(f.leaf, ''::bytea ORDER BY f.xid, f.id), ''::bytea))
    INTO n_t, n_e, digest
    FROM (
      SELECT t.xid, t.id, e.n AS n_entries, sha256(convert_to(concat_ws('|',
               t.id, t.kind, t.n_legs, encode(t.request_hash, 'hex'), coalesce(t.group_id::text, '-'),
               coalesce(t.reverses::text, '-'), (extract(epoch FROM t.effective_at) * 1000000)::bigint,
               (extract(epoch FROM t.posted_at) * 1000000)::bigint, t.xid, coalesce(t.meta::text, '-'), e.legs), 'UTF8')) AS leaf
        FROM ledger.transfers t
        CROSS JOIN LATERAL (
          SELECT count(*) AS n, string_agg(concat_ws(',', x.leg, a.path, x.account_id, x.account_version, x.asset_id, x.amount,
                   x.balance_after, coalesce(x.hold_id::text, '-'), (extract(epoch FROM x.posted_at) * 1000000)::bigint),
                   ';' ORDER BY x.leg, x.account_id, x.account_version) AS legs
            FROM ledger.entries x JOIN ledger.accounts a ON a.id = x.account_id WHERE x.transfer_id = t.id) e
       WHERE t.xid >= from_x AND t.xid < to_x) f;
  IF n_t = 0 THEN RETURN NULL; END IF;

  number := coalesce(last.seq, 0) + 1;
  prev := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  INSERT INTO ledger.blocks (seq, from_xid, to_xid, n_transfers, n_entries, prev_hash, hash, sealed_at)
  VALUES (number, from_x, to_x, n_t, n_e, prev,
          sha256(prev || convert_to(concat_ws('|', number, from_x, to_x, n_t, n_e), 'UTF8') || digest), sealed);
  RETURN number;
END $$;

CREATE FUNCTION ledger.check_new_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.seq > 1 AND NOT EXISTS (
    SELECT FROM ledger.blocks b WHERE b.seq = NEW.seq - 1 AND b.hash = NEW.prev_hash AND b.to_xid = NEW.from_xid)
  THEN
    RAISE EXCEPTION 'block % does not continue the chain', NEW.seq USING ERRCODE = 'LG006';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER blocks_continue BEFORE INSERT ON ledger.blocks FOR EACH ROW EXECUTE FUNCTION ledger.check_new_block();

REVOKE ALL ON FUNCTION ledger.seal, ledger.check_new_block FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.seal TO strongroom_app;
`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query(`
DROP TRIGGER blocks_continue ON ledger.blocks;
DROP FUNCTION ledger.check_new_block, ledger.seal;
`);
  }
}
