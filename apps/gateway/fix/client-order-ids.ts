/**
 * ClOrdIDs that a session has used: taken before the venue is asked for anything, so that none names two things, and a request that is sent
 * again is known. All that one turn of the event loop brings is one statement; it waits for no disk, since a name that a crash of the
 * database loses belongs to a request that was not answered.
 */
import { type Database } from '@base/database';

export interface UsedId {
  /** The order that a replace or cancel was for; null for a new order. */
  readonly orderId: bigint | null;
  readonly isCancel: boolean;
}

export interface Use extends UsedId {
  /** The session's fence and the message's number: what a crash left unanswered is found by them. */
  readonly fence: bigint;
  readonly seq: number;
  readonly at: number;
}

interface Claim extends Use {
  readonly compId: string;
  readonly id: string;
  readonly settle: (isTaken: boolean) => void;
  readonly fail: (error: unknown) => void;
}

const CLAIM = `
  WITH setting AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS done),
  given AS (
    SELECT DISTINCT ON (comp_id, id) * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[], $7::int[])
      AS g(comp_id, id, order_id, is_cancel, used_at, fence, in_seq)
  )
  INSERT INTO fix.client_order_id (comp_id, id, order_id, is_cancel, used_at, fence, in_seq)
  SELECT given.* FROM given, setting WHERE setting.done = 'off'
  ON CONFLICT DO NOTHING RETURNING comp_id AS "compId", id`;

export class ClientOrderIds {
  readonly #database: Database;
  #claims: Claim[] = [];
  #turn: Promise<void> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** False when the session has used it before. Answers come in the order of the calls. */
  claim(compId: string, id: string, use: Use): Promise<boolean> {
    return new Promise<boolean>((settle, fail) => {
      this.#claims.push({ compId, id, ...use, settle, fail });
      void this.#run();
    });
  }

  find(compId: string, id: string): Promise<UsedId | undefined> {
    return this.#database.maybeOne<UsedId>(
      'SELECT order_id AS "orderId", is_cancel AS "isCancel" FROM fix.client_order_id WHERE comp_id = $1 AND id = $2',
      [compId, id],
    );
  }

  /** Replaces and cancels that were asked for under that fence or a later one, from that number on, in order. */
  askedSince(
    compId: string,
    fence: bigint,
    from: number,
  ): Promise<{ id: string; orderId: bigint; isCancel: boolean; seq: number }[]> {
    return this.#database.query(
      `SELECT id, order_id AS "orderId", is_cancel AS "isCancel", in_seq AS seq FROM fix.client_order_id
        WHERE comp_id = $1 AND fence >= $2 AND in_seq >= $3 AND order_id IS NOT NULL ORDER BY in_seq`,
      [compId, fence, from],
    );
  }

  #run(): Promise<void> {
    this.#turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {
      while (this.#claims.length > 0) {
        const claims = this.#claims;
        this.#claims = [];
        await this.#claim(claims);
      }
      this.#turn = undefined;
    });
    return this.#turn;
  }

  async #claim(claims: readonly Claim[]): Promise<void> {
    try {
      const rows = await this.#database.query<{ compId: string; id: string }>(CLAIM, [
        claims.map(({ compId }) => compId),
        claims.map(({ id }) => id),
        claims.map(({ orderId }) => orderId),
        claims.map(({ isCancel }) => isCancel),
        claims.map(({ at }) => at),
        claims.map(({ fence }) => fence),
        claims.map(({ seq }) => seq),
      ]);
      const taken = new Set(rows.map(({ compId, id }) => `${compId} ${id}`));
      // Of two of one turn, the first has it.
      for (const { compId, id, settle } of claims) settle(taken.delete(`${compId} ${id}`));
    } catch (error) {
      for (const { fail } of claims) fail(error);
    }
  }
}
