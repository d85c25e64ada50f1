/**
 * FIX sessions in PostgreSQL, for any number of gateways. One process at a time speaks for a session: it is the one whose advisory lock,
 * held on a connection of its own, is named in the session's row; when it dies the server drops the lock, and the next logon, anywhere,
 * takes the session over. All that changed in all sessions since the last write is one statement.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database } from '@base/database';
import { type Logger } from '@base/observability';
import { type StreamPosition } from '@core/venue-view';
import { HeldSession, type KeptMessage, type SessionRecord } from './held-session.js';
import { saveChanges } from './save-changes.js';

/** Of advisory locks: those of processes that speak FIX. */
const LOCK_CLASS = 815_071;
const SESSIONS_PER_CUSTOMER_MAX = 20;
const RETRY_MS = 200;
/** Of the same locks: whoever holds it deletes what is old. No process has this number. */
const PURGE_LOCK = 0;
/** ClOrdIDs are refused as used for at least this long. */
export const ORDER_IDS_KEPT_MS = 400 * 86_400_000;
const PURGE_ROWS = 5_000;

export interface Binding {
  readonly compId: string;
  readonly customerId: string;
  readonly account: number;
  /** Where reports begin when it is bound now. */
  readonly position: StreamPosition;
  readonly positionTime: bigint;
  readonly openOrders: ReadonlyMap<bigint, string>;
  /** First number that will be sent: a client that was refused before its first logon has counted the refusals. */
  readonly nextOut: number;
  readonly at: Date;
}

/** `used`: a proof that is not later than the last one. */
export type Admission = 'admitted' | 'not_yours' | 'too_many' | 'used';

interface Row {
  readonly customerId: string;
  readonly account: number;
  readonly isCancelledOnDisconnect: boolean;
  readonly fence: bigint;
  readonly begunFence: bigint;
  readonly nextIn: number;
  readonly answered: number[];
  readonly nextOut: number;
  readonly sentThrough: number;
  readonly sequence: bigint;
  readonly index: number;
  readonly positionTime: bigint;
}

const ROW = `customer_id AS "customerId", account, cancel_on_disconnect AS "isCancelledOnDisconnect", fence, begun_fence AS "begunFence", next_in AS "nextIn", answered,
  next_out AS "nextOut", sent_through AS "sentThrough", sequence, event_index AS index, event_time AS "positionTime"`;

/** Whether nobody living speaks for the session. */
const IS_FREE = `(holder IS NULL OR NOT EXISTS (
  SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = ${LOCK_CLASS} AND objid::bigint = holder
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))`;

const PURGE_MESSAGES = `
  WITH old AS (
    SELECT comp_id, seq FROM fix.outbound JOIN fix.session s USING (comp_id)
     WHERE made_at < $1 AND (seq <= s.sent_through OR made_at < $2) ORDER BY made_at LIMIT ${PURGE_ROWS}
  ), gone AS (
    DELETE FROM fix.outbound o USING old WHERE o.comp_id = old.comp_id AND o.seq = old.seq RETURNING 1
  ) SELECT count(*) AS count FROM gone`;
/** What an open order is called stays. */
const PURGE_ORDER_IDS = `
  WITH old AS (
    SELECT comp_id, id FROM fix.client_order_id c
     WHERE used_at < $1 AND NOT EXISTS (SELECT 1 FROM fix.open_order o WHERE o.comp_id = c.comp_id AND o.id = c.id)
     ORDER BY used_at LIMIT ${PURGE_ROWS}
  ), gone AS (
    DELETE FROM fix.client_order_id c USING old WHERE c.comp_id = old.comp_id AND c.id = old.id RETURNING 1
  ) SELECT count(*) AS count FROM gone`;

export class SessionStore {
  readonly #database: Database;
  readonly #logger: Logger;
  readonly #holder = randomInt(1, 0x7fff_ffff);
  #lock: Awaited<ReturnType<Database['dedicatedClient']>> | undefined;
  readonly #held = new Map<string, { session: HeldSession; lost: () => void }>();
  readonly #dirty = new Set<HeldSession>();
  #writing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(database: Database, logger: Logger) {
    this.#database = database;
    this.#logger = logger;
  }

  static async open(database: Database, logger: Logger): Promise<SessionStore> {
    const store = new SessionStore(database, logger);
    await store.#takeLock();
    return store;
  }

  /**
   * Binds the session to the customer if it is new, and uses up the proof of the Logon: of two gateways that are shown the same one, the
   * database lets one have it.
   * @param provenAt SendingTime of a Logon that came with a proof, milliseconds; each is good once, whatever comes of the logon
   */
  async admit(binding: Binding, provenAt?: number): Promise<Admission> {
    const bound = await this.#bind(binding);
    if (bound !== 'bound') return bound;
    if (provenAt === undefined) return 'admitted';
    const row = await this.#database.maybeOne(
      `UPDATE fix.session SET proven_at = $2 WHERE comp_id = $1 AND (proven_at IS NULL OR proven_at < $2) RETURNING comp_id`,
      [binding.compId, provenAt],
    );
    return row === undefined ? 'used' : 'admitted';
  }

  /**
   * Speaks for a session that has been bound to the customer, from now on.
   * @param lost called when another process has taken it over: nothing more of this session may be sent
   * @returns `held` while somebody else speaks for it
   */
  async take(
    { compId, customerId }: Pick<Binding, 'compId' | 'customerId'>,
    lost: () => void,
  ): Promise<HeldSession | 'held'> {
    if (this.#lock === undefined || this.#held.has(compId)) return 'held';
    const row = await this.#database.maybeOne<Row>(
      `UPDATE fix.session SET holder = $2, fence = fence + 1 WHERE comp_id = $1 AND customer_id = $3 AND ${IS_FREE} RETURNING ${ROW}`,
      [compId, this.#holder, customerId],
    );
    if (row === undefined) return 'held';
    const orders = await this.#database.query<{ orderId: bigint; id: string }>(
      'SELECT order_id AS "orderId", id FROM fix.open_order WHERE comp_id = $1',
      [compId],
    );
    const { sequence, index, ...rest } = row;
    const openOrders = new Map(orders.map(({ orderId, id }) => [orderId, id]));
    return this.#hold({ ...rest, compId, position: { sequence, index }, openOrders }, lost);
  }

  /** Numbers begin at 1 again on both sides. @returns the session anew, and application messages that were never sent */
  async reset(session: HeldSession, lost: () => void): Promise<{ session: HeldSession; unsent: KeptMessage[] }> {
    const { compId, fence } = session.record;
    const unsent = await this.#database.transaction(async (tx) => {
      const rows = await tx.query(
        `UPDATE fix.session SET next_in = 1, answered = '{}', next_out = 1, sent_through = 0, begun_fence = fence WHERE comp_id = $1 AND fence = $2
         RETURNING comp_id`,
        [compId, fence],
      );
      if (rows.length === 0) throw new Error('the session is held by another gateway');
      return tx.query<StoredRow>(
        `WITH gone AS (DELETE FROM fix.outbound WHERE comp_id = $1 RETURNING *)
         SELECT ${MESSAGE} FROM gone WHERE seq > $2 ORDER BY seq`,
        [compId, session.record.sentThrough],
      );
    });
    this.#forget(session);
    const { position, positionTime, openOrders } = session;
    const begun = { begunFence: fence, nextIn: 1, answered: [], nextOut: 1, sentThrough: 0 };
    const record = { ...session.record, position, positionTime, openOrders: new Map(openOrders), ...begun };
    return { session: this.#hold(record, lost), unsent: unsent.map(keptOf) };
  }

  /** Writes what is left and lets the next logon have the session. */
  async release(session: HeldSession): Promise<void> {
    session.disconnect();
    do await this.written(session);
    while (session.isDirty && this.#isHeld(session));
    if (!this.#forget(session)) return;
    await this.#database.query('UPDATE fix.session SET holder = NULL WHERE comp_id = $1 AND fence = $2', [
      session.compId,
      session.record.fence,
    ]);
  }

  /** Resolves when what the session has now is written, whatever changes meanwhile in it or in others, or when it is lost. */
  async written(session: HeldSession): Promise<void> {
    const wanted = session.change;
    while (session.saved < wanted && this.#isHeld(session)) await (this.#writing ?? this.#schedule());
  }

  /** A logon with a wrong password gets a Logout with a number; undefined for a session that is unknown or spoken for. */
  async burnNumber(compId: string): Promise<number | undefined> {
    if (this.#held.has(compId)) return undefined;
    const row = await this.#database.maybeOne<{ seq: number }>(
      `UPDATE fix.session SET next_out = next_out + 1 WHERE comp_id = $1 AND ${IS_FREE} RETURNING next_out - 1 AS seq`,
      [compId],
    );
    return row?.seq;
  }

  async setCancelOnDisconnect(session: HeldSession, isOn: boolean): Promise<void> {
    await this.#database.query('UPDATE fix.session SET cancel_on_disconnect = $2 WHERE comp_id = $1', [
      session.compId,
      isOn,
    ]);
  }

  /** Stored messages of these numbers, oldest first, at most `limit`. */
  async messages(compId: string, from: number, through: number, limit: number): Promise<KeptMessage[]> {
    const rows = await this.#database.query<StoredRow>(
      `SELECT ${MESSAGE} FROM fix.outbound WHERE comp_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4`,
      [compId, from, through, limit],
    );
    return rows.map(keptOf);
  }

  /**
   * Deletes a batch of what is older than it needs to be, unless another gateway is at it. A message that no connection has had yet is kept
   * for as long as ClOrdIDs are, so that a client that was away for weeks misses no fill.
   * @returns whether there is more
   */
  purge(now: number, messagesKeptMs: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { isMine } = await tx.one<{ isMine: boolean }>(`SELECT pg_try_advisory_xact_lock($1, $2) AS "isMine"`, [
        LOCK_CLASS,
        PURGE_LOCK,
      ]);
      if (!isMine) return false;
      const past = now - ORDER_IDS_KEPT_MS;
      const messages = await tx.one<{ count: bigint }>(PURGE_MESSAGES, [now - messagesKeptMs, past]);
      const ids = await tx.one<{ count: bigint }>(PURGE_ORDER_IDS, [past]);
      return messages.count === BigInt(PURGE_ROWS) || ids.count === BigInt(PURGE_ROWS);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#held.values()].map(({ session }) => this.release(session)));
    await this.#lock?.end().catch(() => undefined);
  }

  async #bind(binding: Binding): Promise<'bound' | 'not_yours' | 'too_many'> {
    const { compId, customerId, position } = binding;
    return this.#database.transaction(async (tx) => {
      const owner = async (): Promise<string | undefined> =>
        (await tx.maybeOne<{ id: string }>('SELECT customer_id AS id FROM fix.session WHERE comp_id = $1', [compId]))
          ?.id;
      const known = await owner();
      if (known !== undefined) return known === customerId ? 'bound' : 'not_yours';
      const { count } = await tx.one<{ count: bigint }>(
        'SELECT count(*) AS count FROM fix.session WHERE customer_id = $1',
        [customerId],
      );
      if (count >= SESSIONS_PER_CUSTOMER_MAX) return 'too_many';
      const rows = await tx.query(
        `INSERT INTO fix.session (comp_id, customer_id, account, bound_at, next_in, next_out, sequence, event_index, event_time)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING comp_id`,
        [compId, customerId, binding.account, binding.at, binding.nextOut, position.sequence, position.index, binding.positionTime],
      ); // prettier-ignore
      // Another gateway has bound it at this moment.
      if (rows.length === 0) return (await owner()) === customerId ? 'bound' : 'not_yours';
      await tx.query(
        'INSERT INTO fix.open_order SELECT $1, order_id, id FROM unnest($2::bigint[], $3::text[]) AS t(order_id, id)',
        [compId, [...binding.openOrders.keys()], [...binding.openOrders.values()]],
      );
      return 'bound';
    });
  }

  #hold(record: SessionRecord, lost: () => void): HeldSession {
    const session = new HeldSession(record, (changed) => {
      this.#dirty.add(changed);
      void this.#schedule();
    });
    this.#held.set(record.compId, { session, lost });
    return session;
  }

  #isHeld(session: HeldSession): boolean {
    return this.#held.get(session.compId)?.session === session;
  }

  #forget(session: HeldSession): boolean {
    if (!this.#isHeld(session)) return false;
    this.#held.delete(session.compId);
    this.#dirty.delete(session);
    return true;
  }

  /** Everything that this turn of the event loop changes is one write; what changes meanwhile is the next. */
  #schedule(): Promise<void> {
    this.#writing ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#write())
      .finally(() => {
        this.#writing = undefined;
        if (this.#dirty.size > 0) void this.#schedule();
      });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const taken = [...this.#dirty].map((session) => ({ session, ...session.takeChange() }));
    this.#dirty.clear();
    if (taken.length === 0) return;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const saved = await saveChanges(
          this.#database,
          taken.map(({ change }) => change),
        );
        for (const { session, done } of taken) {
          if (saved.has(session.compId)) done();
          else this.#lose(session);
        }
        return;
      } catch (error) {
        if (this.#isClosed && attempt > 5) {
          for (const { session } of taken) this.#forget(session);
          throw error;
        }
        if (attempt % 25 === 0) this.#logger.warn({ err: error }, 'FIX sessions cannot be written; trying on');
        await sleep(RETRY_MS);
      }
    }
  }

  #lose(session: HeldSession): void {
    const held = this.#held.get(session.compId);
    if (!this.#forget(session)) return;
    this.#logger.warn({ compId: session.compId }, 'a FIX session is spoken for by another gateway');
    held?.lost();
  }

  async #takeLock(): Promise<void> {
    const client = await this.#database.dedicatedClient();
    await client.query('SELECT pg_advisory_lock($1, $2)', [LOCK_CLASS, this.#holder]);
    this.#lock = client;
    client.once('end', () => {
      this.#lock = undefined;
      if (!this.#isClosed) void this.#lockAgain();
    });
  }

  /** Others may take the sessions over meanwhile; the fence tells. */
  async #lockAgain(): Promise<void> {
    while (this.#lock === undefined && !this.#isClosed) {
      await this.#takeLock().catch(() => sleep(RETRY_MS));
    }
  }
}

interface StoredRow {
  readonly seq: number;
  readonly msgType: string;
  readonly body: string;
  readonly isPossResend: boolean;
  readonly madeAt: bigint;
}

const MESSAGE = 'seq, msg_type AS "msgType", body, possible_resend AS "isPossResend", made_at AS "madeAt"';

const keptOf = ({ madeAt, ...row }: StoredRow): KeptMessage => ({ ...row, madeAt: Number(madeAt), isStored: true });
