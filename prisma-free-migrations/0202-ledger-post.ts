import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * `ledger.post()`, the one door through which value moves: a batch of transfers under one lock order, judged in the order given against the
 * locked balances, written by one statement. Each transfer gets its own outcome; a refused one leaves its neighbours alone, but takes the
 * transfers it is linked to (same unit) with it.
 */
export class LedgerPost1790000000202 implements MigrationInterface {
  name = 'LedgerPost1790000000202';

  async up(q: QueryRunner): Promise<void> {
    // One statement writes everything, so that each guard sees what the other tables were given. Most batches have no holds.
    const write = (more: string): string => `
      WITH new_transfers AS (
        INSERT INTO ledger.transfers (id, kind, n_legs, request_hash, group_id, reverses, effective_at, posted_at, xid, meta)
        SELECT i.id, i.kind, i.n, i.hash, group_ids[i.place], reversed_ids[i.place],
               coalesce(effective_ats[i.place], post.posted_at), post.posted_at, pg_current_xact_id(), metas[i.place]
          FROM unnest(ids, kinds, leg_counts, hashes, outcomes) WITH ORDINALITY i (id, kind, n, hash, outcome, place)
         WHERE i.outcome = 'posted'
      ), new_entries AS (
        INSERT INTO ledger.entries
               (account_id, account_version, transfer_id, posted_at, asset_id, leg, amount, balance_after, hold_id)
        SELECT account_ids[i.account], i.version, ids[i.transfer], post.posted_at, asset_of[i.account],
               i.place - leg_starts[i.transfer] + 1, i.amount, i.after, leg_holds[i.place]
          FROM unnest(leg_transfers, leg_accounts, leg_amounts, leg_after, leg_version)
               WITH ORDINALITY i (transfer, account, amount, after, version, place)
         WHERE i.version IS NOT NULL
      )${more}
      UPDATE ledger.balances b
         SET balance = i.balance, version = i.version, updated_at = post.posted_at,
             prior_balance = b.balance, prior_version = b.version
        FROM unnest(locked_at, balance_of, version_of) i (place, balance, version)
       WHERE b.ctid = i.place AND b.version <> i.version;`;
    const moveHolds = `, moved_holds AS (
        INSERT INTO ledger.holds (id, account_id, release_to, amount, remaining, opened_at, expires_at)
        SELECT i.id, i.account, i.release, i.amount, i.remaining, post.posted_at, i.expiry
          FROM unnest(hold_ids, hold_account, hold_release, hold_amount, hold_left, hold_expiry, hold_moved)
               i (id, account, release, amount, remaining, expiry, moved)
         WHERE i.moved AND i.amount IS NOT NULL
        ON CONFLICT (id) DO UPDATE SET remaining = excluded.remaining
      )`;
    await q.query(`
CREATE FUNCTION ledger.post(
  asked_at timestamptz,
  ids uuid[], kinds text[], hashes bytea[], leg_counts integer[],
  account_ids bigint[], leg_transfers integer[], leg_accounts integer[], leg_amounts numeric[],
  leg_holds uuid[] DEFAULT NULL, leg_expiries timestamptz[] DEFAULT NULL, leg_expected bigint[] DEFAULT NULL,
  units integer[] DEFAULT NULL, group_ids uuid[] DEFAULT NULL, reversed_ids uuid[] DEFAULT NULL,
  effective_ats timestamptz[] DEFAULT NULL, metas jsonb[] DEFAULT NULL,
  OUT posted_at timestamptz, OUT outcomes text[], OUT culprits integer[]
) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_mergejoin = off AS $$
DECLARE
  n_transfers integer := coalesce(cardinality(ids), 0);
  n_legs integer := coalesce(cardinality(leg_accounts), 0);
  -- The locked accounts, by their place in account_ids.
  locked_ids bigint[]; locked_at tid[]; balance_of numeric[]; version_of bigint[]; floor_of numeric[];
  sign_of integer[]; asset_of integer[]; type_of integer[]; pays boolean[]; receives boolean[]; holds_on boolean[];
  -- The locked holds, and those this batch opens.
  hold_ids uuid[]; hold_account bigint[]; hold_release bigint[]; hold_amount numeric[]; hold_left numeric[];
  hold_expiry timestamptz[]; hold_moved boolean[];
  kind_names text[]; kind_numbers integer[]; kind_releases boolean[]; pairs bigint[]; k integer; kind_base bigint;
  books_closed timestamptz;
  leg_after numeric[] := array_fill(NULL::numeric, ARRAY[n_legs]);
  leg_version bigint[] := array_fill(NULL::bigint, ARRAY[n_legs]);
  known record;
  leg_starts integer[] := array_fill(0, ARRAY[n_transfers]);
  a integer; h integer; first_leg integer; last_leg integer; applied integer; culprit integer; undone integer;
  change numeric; refusal text; failed_unit integer; is_paired boolean;
BEGIN
  IF n_transfers NOT BETWEEN 1 AND 2048 OR n_legs = 0
     OR (n_transfers, n_transfers, n_transfers) <> (cardinality(kinds), cardinality(hashes), cardinality(leg_counts))
     OR (n_legs, n_legs) <> (cardinality(leg_transfers), cardinality(leg_amounts))
  THEN
    RAISE EXCEPTION 'the arrays of the batch do not fit together' USING ERRCODE = 'LG000';
  END IF;

  SELECT array_agg(b.account_id), array_agg(b.ctid), array_agg(b.balance), array_agg(b.version), array_agg(b.floor), array_agg(b.normal_sign),
         array_agg(b.asset_id), array_agg(b.type_code), array_agg(b.may_pay), array_agg(b.may_receive), array_agg(b.is_hold),
         greatest(max(b.updated_at), asked_at)
    INTO locked_ids, locked_at, balance_of, version_of, floor_of, sign_of, asset_of, type_of, pays, receives, holds_on, posted_at
    FROM (SELECT ctid, * FROM ledger.balances WHERE account_id = ANY (account_ids) ORDER BY account_id FOR NO KEY UPDATE) b;
  IF locked_ids IS DISTINCT FROM account_ids THEN
    -- Some account does not exist, or the caller did not sort: put what was locked where the legs expect it.
    IF (SELECT count(DISTINCT i) <> count(*) FROM unnest(account_ids) i) THEN
      RAISE EXCEPTION 'an account is listed twice' USING ERRCODE = 'LG000';
    END IF;
    SELECT array_agg(b.ctid ORDER BY i.place), array_agg(b.balance ORDER BY i.place), array_agg(b.version ORDER BY i.place), array_agg(b.floor ORDER BY i.place),
           array_agg(b.normal_sign ORDER BY i.place), array_agg(b.asset_id ORDER BY i.place),
           array_agg(b.type_code ORDER BY i.place), array_agg(b.may_pay ORDER BY i.place),
           array_agg(b.may_receive ORDER BY i.place), array_agg(b.is_hold ORDER BY i.place)
      INTO locked_at, balance_of, version_of, floor_of, sign_of, asset_of, type_of, pays, receives, holds_on
      FROM unnest(account_ids) WITH ORDINALITY i (id, place) LEFT JOIN ledger.balances b ON b.account_id = i.id;
  END IF;

  IF leg_holds IS NOT NULL THEN
    SELECT array_agg(x.id), array_agg(x.account_id), array_agg(x.release_to), array_agg(x.amount), array_agg(x.remaining),
           array_agg(x.expires_at), array_agg(false)
      INTO hold_ids, hold_account, hold_release, hold_amount, hold_left, hold_expiry, hold_moved
      FROM (SELECT * FROM ledger.holds WHERE id = ANY (leg_holds) ORDER BY id FOR NO KEY UPDATE) x;
  END IF;

  SELECT array_agg(k.kind), array_agg(k.number), array_agg(k.is_release) INTO kind_names, kind_numbers, kind_releases
    FROM ledger.transfer_kinds k WHERE k.kind = ANY (kinds);
  SELECT array_agg(p.pair) INTO pairs FROM ledger.transfer_kind_pairs p WHERE p.kind_number = ANY (kind_numbers);
  SELECT max(p.closed_through) INTO books_closed FROM ledger.periods p;

  outcomes := array_fill(NULL::text, ARRAY[n_transfers]);
  culprits := array_fill(NULL::integer, ARRAY[n_transfers]);
  FOR known IN SELECT x.id, x.request_hash FROM ledger.transfers x WHERE x.id = ANY (ids) LOOP
    a := array_position(ids, known.id);
    outcomes[a] := CASE WHEN known.request_hash = hashes[a] THEN 'duplicate' ELSE 'id_reused' END;
  END LOOP;

  last_leg := 0;
  <<transfers>>
  FOR t IN 1 .. n_transfers LOOP
    first_leg := last_leg + 1;
    last_leg := last_leg + leg_counts[t];
    leg_starts[t] := first_leg;
    applied := first_leg - 1;
    refusal := NULL;
    culprit := NULL;
    CONTINUE transfers WHEN outcomes[t] = 'duplicate';

    <<judge>>
    BEGIN
      IF units[t] = failed_unit THEN refusal := 'linked_refused'; EXIT judge; END IF;
      IF outcomes[t] IS NOT NULL THEN refusal := outcomes[t]; EXIT judge; END IF;
      IF last_leg > n_legs OR leg_counts[t] NOT BETWEEN 2 AND 64
         OR leg_transfers[first_leg] <> t OR leg_transfers[last_leg] <> t
      THEN
        RAISE EXCEPTION 'the legs of transfer % do not fit', ids[t] USING ERRCODE = 'LG000';
      END IF;
      k := array_position(kind_names, kinds[t]);
      IF k IS NULL THEN refusal := 'kind_unknown'; EXIT judge; END IF;
      IF coalesce(effective_ats[t], posted_at) < books_closed THEN refusal := 'period_closed'; EXIT judge; END IF;

      FOR l IN first_leg .. last_leg LOOP
        a := leg_accounts[l];
        IF sign_of[a] IS NULL THEN refusal := 'unknown_account'; EXIT judge; END IF;
        IF leg_expected[l] <> version_of[a] THEN refusal := 'version_conflict'; EXIT judge; END IF;
        change := leg_amounts[l] * sign_of[a];
        -- numeric(78,0) would round a fraction and keep NaN.
        IF (scale(change) = 0) IS NOT TRUE OR change = 0 THEN refusal := 'invalid_amount'; EXIT judge; END IF;
        IF change < 0 AND NOT pays[a] OR NOT receives[a] THEN
          refusal := CASE WHEN receives[a] THEN 'account_frozen' ELSE 'account_closed' END; EXIT judge;
        END IF;

        IF holds_on[a] OR leg_holds[l] IS NOT NULL THEN
          IF NOT holds_on[a] OR leg_holds[l] IS NULL THEN refusal := 'hold_misplaced'; EXIT judge; END IF;
          h := array_position(hold_ids, leg_holds[l]);
          IF change > 0 AND hold_amount[h] IS NULL THEN
            -- Opens the hold. It will be given back to the account that paid for it: the first other side in this asset.
            IF h IS NULL THEN
              h := coalesce(cardinality(hold_ids), 0) + 1;
              hold_ids[h] := leg_holds[l];
            END IF;
            hold_account[h] := account_ids[a];
            hold_amount[h] := change;
            hold_left[h] := change;
            hold_expiry[h] := leg_expiries[l];
            FOR o IN first_leg .. last_leg LOOP
              hold_release[h] := account_ids[leg_accounts[o]];
              EXIT WHEN asset_of[leg_accounts[o]] = asset_of[a] AND sign(leg_amounts[o]) <> sign(leg_amounts[l]);
            END LOOP;
          ELSE
            IF hold_amount[h] IS NULL OR hold_account[h] <> account_ids[a] THEN refusal := 'hold_unknown'; EXIT judge; END IF;
            IF change > 0 AND (reversed_ids[t] IS NULL OR hold_left[h] + change > hold_amount[h]) THEN
              refusal := 'hold_exists'; EXIT judge;
            END IF;
            IF hold_left[h] + change < 0 THEN refusal := 'hold_insufficient'; EXIT judge; END IF;
            IF kind_releases[k] THEN
              IF leg_counts[t] <> 2 OR account_ids[leg_accounts[first_leg + last_leg - l]] <> hold_release[h] THEN
                refusal := 'kind_not_allowed'; EXIT judge;
              END IF;
            ELSIF hold_expiry[h] <= posted_at AND reversed_ids[t] IS NULL THEN
              refusal := 'hold_expired'; EXIT judge;
            END IF;
            hold_left[h] := hold_left[h] + change;
          END IF;
          hold_moved[h] := true;
        END IF;

        balance_of[a] := balance_of[a] + change;
        version_of[a] := version_of[a] + 1;
        leg_after[l] := balance_of[a];
        leg_version[l] := version_of[a];
        applied := l;
      END LOOP;

      FOR l IN first_leg .. last_leg LOOP
        a := leg_accounts[l];
        IF balance_of[a] < floor_of[a] THEN culprit := l; refusal := 'insufficient_funds'; EXIT judge; END IF;
      END LOOP;

      IF reversed_ids[t] IS NOT NULL THEN
        -- The exact mirror of something that was allowed is allowed, so pairs are not asked.
        refusal := ledger.refuse_reversal(reversed_ids[t], account_ids, leg_accounts[first_leg:last_leg],
                                          leg_amounts[first_leg:last_leg], leg_holds[first_leg:last_leg]);
        EXIT judge;
      END IF;

      -- Every leg needs one on the other side, in its asset, that its kind pairs it with.
      kind_base := kind_numbers[k] * 100000000::bigint;
      FOR l IN first_leg .. last_leg LOOP
        a := leg_accounts[l];
        is_paired := false;
        FOR o IN first_leg .. last_leg LOOP
          CONTINUE WHEN o = l;
          h := leg_accounts[o];
          is_paired := asset_of[h] = asset_of[a] AND CASE
            WHEN leg_amounts[l] > 0 THEN leg_amounts[o] < 0 AND kind_base + type_of[a] * 10000 + type_of[h] = ANY (pairs)
            ELSE leg_amounts[o] > 0 AND kind_base + type_of[h] * 10000 + type_of[a] = ANY (pairs) END;
          EXIT WHEN is_paired;
        END LOOP;
        IF is_paired IS NOT TRUE THEN culprit := l; refusal := 'kind_not_allowed'; EXIT judge; END IF;
        -- Of two legs, what pairs the first pairs the second.
        EXIT WHEN leg_counts[t] = 2;
      END LOOP;
    END judge;

    IF refusal IS NULL THEN
      outcomes[t] := 'posted';
      CONTINUE transfers;
    END IF;

    outcomes[t] := refusal;
    culprits[t] := coalesce(culprit, applied + 1) - first_leg + 1;
    -- Undo it, and what was posted before it in its unit, newest first.
    undone := t;
    IF units[t] IS DISTINCT FROM failed_unit THEN
      failed_unit := units[t];
      WHILE undone > 1 AND units[undone - 1] = failed_unit LOOP
        undone := undone - 1;
        first_leg := first_leg - leg_counts[undone];
        IF outcomes[undone] = 'posted' THEN outcomes[undone] := 'linked_refused'; END IF;
      END LOOP;
    END IF;
    FOR l IN REVERSE applied .. first_leg LOOP
      CONTINUE WHEN leg_version[l] IS NULL;
      a := leg_accounts[l];
      change := leg_amounts[l] * sign_of[a];
      balance_of[a] := balance_of[a] - change;
      version_of[a] := version_of[a] - 1;
      leg_version[l] := NULL;
      IF holds_on[a] THEN
        h := array_position(hold_ids, leg_holds[l]);
        hold_left[h] := hold_left[h] - change;
        -- A hold whose opening leg is undone was never there.
        IF reversed_ids[leg_transfers[l]] IS NULL AND change > 0 THEN hold_amount[h] := NULL; END IF;
      END IF;
    END LOOP;
  END LOOP transfers;
  IF last_leg <> n_legs THEN
    RAISE EXCEPTION 'the batch has legs of no transfer' USING ERRCODE = 'LG000';
  END IF;

  IF 'posted' = ANY (outcomes) THEN
    IF leg_holds IS NULL THEN
      ${write('')}
    ELSE
      ${write(moveHolds)}
    END IF;
  END IF;
END $$;

CREATE FUNCTION ledger.refuse_reversal(
  original uuid, account_ids bigint[], accounts integer[], amounts numeric[], holds uuid[]
) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM ledger.transfers t WHERE t.id = original) THEN RETURN 'reversal_unknown'; END IF;
  IF EXISTS (SELECT FROM ledger.transfers t WHERE t.reverses = original) THEN RETURN 'already_reversed'; END IF;
  IF EXISTS (
    (SELECT e.account_id, -e.amount, e.hold_id FROM ledger.entries e WHERE e.transfer_id = original
     EXCEPT ALL
     SELECT account_ids[l.account], l.amount, l.hold FROM unnest(accounts, amounts, holds) l (account, amount, hold))
    UNION ALL
    (SELECT account_ids[l.account], l.amount, l.hold FROM unnest(accounts, amounts, holds) l (account, amount, hold)
     EXCEPT ALL
     SELECT e.account_id, -e.amount, e.hold_id FROM ledger.entries e WHERE e.transfer_id = original))
  THEN
    RETURN 'reversal_mismatch';
  END IF;
  RETURN NULL;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.post TO strongroom_app;
`);
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('DROP FUNCTION ledger.post, ledger.refuse_reversal');
  }
}
